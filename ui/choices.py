"""Choices in words: what holds now, and what that means for whoever reads it."""

from collections.abc import Sequence

import discord

from storage.choices import Change, Consent, GuildChoices
from ui.cards import WORKING

FIELD_CHARS = 1024
DEFAULT = GuildChoices()

# A change is told in one line, by these words.
_NAMES = {
    "pictures": "Whose pictures",
    "bots": "Pictures by bots",
    "buttons": "Buttons under a video",
    "pings": "Pings",
    "mentions": "Mentions",
    "deliver_to": "Where videos go",
}
_VALUES = {
    ("pictures", "anyone"): "anybody's",
    ("pictures", "own"): "one's own",
    ("pictures", "opt-in"): "where the poster said yes",
    ("buttons", "requester"): "who asked",
    ("deliver_to", None): "where asked",
}
_SPOILER = "spoiler in "


def settings_card(
    choices: GuildChoices, channel_id: int, is_spoiler: bool, changes: Sequence[Change]
) -> discord.Embed:
    """Return all choices of a guild in words, this channel's default, and the newest changes."""
    embed = discord.Embed(title="Settings of this server", colour=WORKING)
    for what, text in (
        ("pictures", pictures(choices)),
        ("bots", bots(choices)),
        ("buttons", buttons(choices)),
        ("pings", pings(choices)),
        ("mentions", mentions(choices)),
        ("deliver_to", deliver(choices)),
    ):
        is_default = getattr(choices, what) == getattr(DEFAULT, what)
        embed.add_field(name=_name(_NAMES[what], is_default), value=text, inline=False)
    embed.add_field(
        name=_name("Spoilers in this channel", not is_spoiler),
        value=spoilers(channel_id, is_spoiler),
        inline=False,
    )
    embed.add_field(name="Newest changes", value=_changes(changes), inline=False)
    return embed


def pictures(choices: GuildChoices) -> str:
    """Return whose pictures may be animated."""
    return {
        "anyone": "Members may animate anybody's pictures, unless the poster said no with "
        "`/preferences pictures`.",
        "own": "Members may animate only pictures they posted themselves. A link to a picture "
        "does not count, since it does not tell whose it is.",
        "opt-in": "Members may animate their own pictures, and those of members who said yes with "
        "`/preferences pictures`. A link to a picture does not count, since it does not tell "
        "whose it is.",
    }[choices.pictures]


def bots(choices: GuildChoices) -> str:
    """Return whether bots' pictures may be animated."""
    may = "may" if choices.bots else "may not"
    return f"Pictures posted by bots and webhooks {may} be animated."


def buttons(choices: GuildChoices) -> str:
    """Return who may use the buttons under a video."""
    return {
        "anyone": "Anyone may use the buttons under a video; whoever presses pays for what is "
        "made.",
        "requester": "Only whoever asked for a video, and moderators, may use the buttons under "
        "it; whoever presses pays for what is made.",
        "moderators": "Only moderators may use the buttons under a video. Whoever asked for it "
        "can still delete it.",
    }[choices.buttons]


def pings(choices: GuildChoices) -> str:
    """Return whether members are told when a video is done."""
    if choices.pings:
        return (
            "Members are mentioned when their video is done, unless they switched that off with "
            "`/preferences pings`."
        )
    return "Nobody is mentioned when a video is done; it appears in its place all the same."


def mentions(choices: GuildChoices) -> str:
    """Return what mentioning the bot does."""
    if choices.mentions:
        return (
            "Mentioning me with a picture starts a video. In reply to a picture it does so too, "
            "if whoever hosts this bot lets me read messages."
        )
    return "Mentioning me starts nothing. `/video` and **Animate image** work as ever."


def deliver(choices: GuildChoices) -> str:
    """Return where finished videos go."""
    if choices.deliver_to is None:
        return "Finished videos appear where they were asked for."
    return (
        f"Finished videos go to <#{choices.deliver_to}>. Private ones, and any that I cannot post "
        "there, appear where they were asked for."
    )


def spoilers(channel_id: int, is_spoiler: bool) -> str:
    """Return what a channel's default means."""
    if is_spoiler:
        return (
            f"Videos in <#{channel_id}> are hidden behind a spoiler, unless the member asks for "
            "one without. Its threads follow it."
        )
    return (
        f"Videos in <#{channel_id}> are shown openly, unless the member asks for a spoiler. "
        "A thread whose channel hides them hides them too."
    )


def preferences_card(consent: Consent, wants_pings: bool, choices: GuildChoices) -> discord.Embed:
    """Return what one member chose, and what it comes to on this server."""
    embed = discord.Embed(title="Your preferences", colour=WORKING)
    embed.add_field(
        name=_name("Your pictures", consent == "server"),
        value=consent_text(consent, choices),
        inline=False,
    )
    embed.add_field(
        name=_name("Pings", wants_pings), value=wish_text(wants_pings, choices), inline=False
    )
    return embed


def consent_text(consent: Consent, choices: GuildChoices) -> str:
    """Return who may animate a member's pictures. They themselves always may."""
    if consent == "no":
        return (
            "Nobody else animates your pictures, on any server where I am. You can still animate "
            "them yourself."
        )
    if choices.pictures == "own":
        return (
            "Nobody else animates your pictures here: this server lets members animate only their "
            "own."
            + (" Should that change, anyone here may animate yours." if consent == "yes" else "")
        )
    if consent == "yes":
        return "Anyone on this server may animate your pictures."
    if choices.pictures == "opt-in":
        return (
            "Nobody else animates your pictures here: this server waits for your yes, and you "
            "have not given it."
        )
    return (
        "Anyone on this server may animate your pictures, because its rule allows that and you "
        "have not said no."
    )


def consent_answer(before: Consent, consent: Consent, choices: GuildChoices) -> str:
    """Return what a member's new choice means, for what is made already and elsewhere too."""
    text = consent_text(consent, choices)
    if consent == "no":
        return (
            f"{text} Videos already asked for are not undone: press **Delete** under one to take "
            "it down."
        )
    if before == "no":
        text += (
            " Your “nobody” no longer holds anywhere: on other servers it counts again what you "
            "said there, or else their rule."
        )
    return text


def wish_text(wants_pings: bool, choices: GuildChoices) -> str:
    """Return whether a member is told when a video is done."""
    if not wants_pings:
        return "I do not mention you when your videos are done, on any server."
    if choices.pings:
        return "I mention you when your videos are done."
    return (
        "I would mention you when your videos are done, but this server has switched that off for "
        "everybody."
    )


def _name(text: str, is_default: bool) -> str:
    return f"{text} (default)" if is_default else text


def _changes(changes: Sequence[Change]) -> str:
    """Return as many of the newest changes as a field holds, one a line."""
    text = ""
    for change in changes:
        line = (
            f"<@{change.actor}> · {_what(change.what)}: {_value(change.what, change.before)} → "
            f"**{_value(change.what, change.after)}** · <t:{change.at}:R>\n"
        )
        if len(text) + len(line) > FIELD_CHARS:
            break
        text += line
    return text or "Nobody has changed anything yet."


def _what(what: str) -> str:
    if what.startswith(_SPOILER):
        return f"Spoilers in <#{what.removeprefix(_SPOILER)}>"
    return _NAMES.get(what, what)


def _value(what: str, stored: str | None) -> str:
    """Return a stored value in a word or two; None stands for the default."""
    if stored is None:
        default = getattr(DEFAULT, what, False)  # a channel's spoiler is off unless set
        stored = ("yes" if default else "no") if isinstance(default, bool) else default
    if (what, stored) in _VALUES:
        return _VALUES[what, stored]
    if what == "deliver_to":
        return f"<#{stored}>"
    return {"yes": "on", "no": "off"}.get(str(stored), str(stored))
