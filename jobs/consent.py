"""Whose picture may be animated: the guild's rule, and what the poster said."""

from errors import NotAllowedError
from storage.choices import Consent, GuildChoices

_INSTEAD = "Nothing was charged. You can animate a picture of your own: attach it to `/video`."


def require_consent(
    choices: GuildChoices,
    consent: Consent,
    asker_id: int,
    *,
    poster_id: int | None,
    poster_is_bot: bool,
) -> None:
    """Raise NotAllowedError unless who asks may animate this picture.

    `consent` is what the poster said here. `poster_id` is None for a link that who asks typed:
    nobody is known who could have agreed. A bot's or a webhook's picture follows the guild's
    choice for them under every rule; one's own picture is always allowed.
    """
    if poster_is_bot:
        if not choices.bots:
            _refuse("On this server, pictures posted by bots and webhooks are not animated.")
    elif poster_id is None:
        if choices.pictures != "anyone":
            _refuse(
                "On this server it matters who posted a picture, and a link does not tell that."
            )
    elif poster_id != asker_id:
        _require_of_other(choices, consent)


def _require_of_other(choices: GuildChoices, consent: Consent) -> None:
    # The server's rule first: it says nothing of what one person chose.
    if choices.pictures == "own":
        _refuse("On this server you can only animate pictures you posted yourself.")
    if consent == "no":
        _refuse("Whoever posted this picture does not want it animated.")
    if choices.pictures == "opt-in" and consent != "yes":
        _refuse(
            "On this server a picture is animated by others only if its poster allowed that, and "
            "this one's has not yet. They can, with `/preferences pictures`."
        )


def _refuse(why: str) -> None:
    raise NotAllowedError(f"{why} {_INSTEAD}")
