"""Refusals a member may read: `str(error)` is ready to show, attributes carry the facts."""

from models import PER, PeriodKind, in_tokens

_WHOSE = {
    ("member", "member"): "your own allowance here",
    ("member", "role"): "the allowance of <@&{subject}> here, which is your highest role with one",
    ("member", "everyone"): "what each member may use here",
    ("member", "pot"): "your part of the pot {name}, which pays in this channel",
    ("member", "host"): "what the host of this bot lets each member of a server use",
    ("guild", "pool"): "this server's budget",
    ("guild", "pot"): "the pot {name}, which pays in this channel",
    ("guild", "host"): "what the host of this bot lets this server use",
    ("host", "host"): "what the host of this bot lets all servers use together",
    ("account", "host"): "the NeuralBox account behind this bot",
}


def quoted(text: str) -> str:
    """Return words that somebody chose as inline code, so that they are read as words alone."""
    return f"`{text.replace('`', chr(0x2CB))}`"


class UserFacingError(Exception):
    """Something a member can be told as it stands; nothing was charged, nothing is held."""


class BudgetExceededError(UserFacingError):
    """A level has too few tokens left, so nothing was held.

    `level` is "member", "guild", "host" or "account" (the host's account at NeuralBox); `source`
    who set the limit: "host", or the server's own "pool", "pot", "member", "role" or "everyone".
    `resets_at` (epoch s) is None where nothing begins anew by itself. What other servers use is
    never told, so the host's own levels carry no figures.
    """

    def __init__(
        self,
        level: str,
        needed_tokens: int,
        available_tokens: int,
        *,
        source: str = "host",
        subject: int = 0,
        pot_name: str | None = None,
        limit_tokens: int = 0,
        given_tokens: int = 0,
        used_tokens: int = 0,
        set_aside_tokens: int = 0,
        period: PeriodKind = "none",
        resets_at: int | None = None,
    ) -> None:
        self.level, self.source, self.subject = level, source, subject
        self.needed_tokens, self.available_tokens = needed_tokens, available_tokens
        self.limit_tokens, self.given_tokens = limit_tokens, given_tokens
        self.used_tokens, self.set_aside_tokens = used_tokens, set_aside_tokens
        self.period, self.resets_at = period, resets_at
        self.pot_name = pot_name
        super().__init__(" ".join(filter(None, (self._how_it_stands(), *self._what_next()))))

    def _how_it_stands(self) -> str:
        need = f"This video needs up to {in_tokens(self.needed_tokens)}"
        if self.level in ("host", "account"):
            whose = _WHOSE[self.level, "host"]
            return f"{need}, more than is left of {whose}. Nothing was charged."
        left = f"{self.available_tokens:,} " + ("is" if self.available_tokens == 1 else "are")
        size = f"{in_tokens(self.limit_tokens)} {PER[self.period]}"
        if self.given_tokens:
            verb = "and {:,} given once" if self.given_tokens > 0 else "less {:,} taken once"
            size += f", {verb.format(abs(self.given_tokens))}"
        used = f"{self.used_tokens:,} used"
        if self.set_aside_tokens:
            used += f" and {self.set_aside_tokens:,} set aside in pots"
        return (
            f"{need}, and {left} left of {self._whose()}: {size}, {used} so far. Nothing was "
            "charged."
        )

    def _whose(self) -> str:
        name = quoted(self.pot_name or "")
        return _WHOSE[self.level, self.source].format(subject=self.subject, name=name)

    def _what_next(self) -> tuple[str | None, str]:
        resets = None
        if self.resets_at is not None:
            verb = "The pot ends" if self.source == "pot" else "It begins anew"
            resets = f"{verb} <t:{self.resets_at}:R>, <t:{self.resets_at}:f>."
        if self.source == "pot":
            return resets, "In another channel the server's own budget pays."
        if self.source == "host":
            step = "Only the host of this bot can add more."
        elif self.level == "member":
            step = "An admin of this server can give you more with `/budget grant`."
        else:
            step = "An admin of this server can add more with `/budget grant`."
        return resets, step


class PromptRejectedError(UserFacingError):
    """The prompt cannot be used as it is; `reason` is a whole sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{reason} Nothing was charged.")


class UnknownChoiceError(UserFacingError):
    """A model, length or ratio that is not offered."""


class TooManyJobsError(UserFacingError):
    """A member or guild has as many unfinished videos as the host allows."""

    def __init__(self, whose: str, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"{whose} {limit} unfinished video{'s' if limit > 1 else ''} already, the most this "
            "bot takes at once. Nothing was charged. Please try again when one of them is done."
        )


class TooFastError(UserFacingError):
    """A member asks more often than the host allows."""

    def __init__(self, per_minute: int, retry_at: int) -> None:
        self.retry_at = retry_at
        super().__init__(
            f"That is more than {per_minute} requests in a minute. Nothing was charged. "
            f"You can try again <t:{retry_at}:R>."
        )


class ServicePausedError(UserFacingError):
    """No new videos are taken just now; `reason` is a whole sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{reason} Nothing was charged. Videos already under way go on.")


class SpendingStoppedError(UserFacingError):
    """An admin paused a server or a member, or the spend brake stopped a member.

    `by` is the admin's id, None for the brake; `ends_at` (epoch s) None lasts until it is lifted.
    """

    def __init__(self, reason: str, *, by: int | None, is_member: bool, ends_at: int | None):
        self.reason, self.by, self.is_member, self.ends_at = reason, by, is_member, ends_at
        whose = "Your new videos on this server are" if is_member else "New videos are"
        who = f"paused by <@{by}>" if by is not None else "paused by the spend brake"
        where = "" if is_member else " on this server"
        why = f": {quoted(reason)}." if reason else "."
        until = f" It ends <t:{ends_at}:R>" if ends_at is not None else " It lasts"
        until += ", or when" if ends_at is not None else " until"
        super().__init__(
            f"{whose} {who}{where}{why} Nothing was charged. Videos already under way go on."
            f"{until} {'a moderator' if by is None else 'an admin'} lifts it."
        )


class NobodyToAskError(UserFacingError):
    """The price is above what needs a moderator's yes, and no channel is set to ask one in."""

    def __init__(self, tokens: int, above_tokens: int) -> None:
        self.tokens, self.above_tokens = tokens, above_tokens
        super().__init__(
            f"This video costs up to {in_tokens(tokens)}. Above {in_tokens(above_tokens)} a "
            "moderator decides on this server, but no channel is set where they are asked. Nothing "
            "was charged. An admin of this server can set one with `/budget approval`; a cheaper "
            "video can be made right away."
        )


class BusyError(UserFacingError):
    """The books could not be written in time; certainly nothing is held."""

    def __init__(self) -> None:
        super().__init__(
            "Reelbox is busy right now. Nothing was charged; please try again in a moment."
        )


class MissingPermissionsError(UserFacingError):
    """The bot lacks permissions in this channel; `names` are Discord's own words for them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(
            f"I cannot show a video in this channel: I am missing **{', '.join(names)}** here. "
            "Nothing was charged. A server admin can allow it in the channel's settings."
        )


class WrongPlaceError(UserFacingError):
    """Used outside a server."""

    def __init__(self) -> None:
        super().__init__(
            "I make videos on servers, where a budget is shared. Nothing was charged. "
            "Please use this command in a server channel I am in."
        )


class PictureRefusedError(UserFacingError):
    """A picture cannot be taken; `sentence` says why and what would do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class NotAllowedError(UserFacingError):
    """Who asks may not do this here; `sentence` says why and what would do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class NoSuchJobError(UserFacingError):
    """A button, id or message that leads to no video of this server."""

    def __init__(self) -> None:
        super().__init__(
            "I do not know a video of this server by that. It may be from before my records began, "
            "or from another server. `/videos get` lists yours."
        )


class TooLateError(UserFacingError):
    """A press that came too late; `sentence` says how it stands.

    `is_sent` is whether the job is with the vendor now, so that its result can still be hidden.
    """

    def __init__(self, sentence: str, *, is_sent: bool = False) -> None:
        self.is_sent = is_sent
        super().__init__(sentence)


class AgainAlreadyError(UserFacingError):
    """The same press a moment ago already made a video."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(
            f"You pressed that a moment ago, and job {job_id} is on its way. Nothing more was "
            "charged. Press again in ten seconds if you want another one."
        )


class DraftUsedError(UserFacingError):
    """A button under a question that was answered already: one question makes one video."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(
            f"You answered that already: it became job {job_id}. Nothing more was charged."
        )


class DraftGoneError(UserFacingError):
    """A button under a question that has ended, or that nobody here asked."""

    def __init__(self) -> None:
        super().__init__(
            "That question has ended: I keep one for 15 minutes. Nothing was charged. Please ask "
            "for the video once more."
        )


class PriceRoseError(UserFacingError):
    """A video costs more than the pressed button said (tokens); nothing is held."""

    def __init__(self, promised_tokens: int, tokens: int) -> None:
        self.promised_tokens, self.tokens = promised_tokens, tokens
        super().__init__(
            f"The price went up since I told it: from {in_tokens(promised_tokens)} to "
            f"{in_tokens(tokens)}. Nothing was charged yet."
        )


class PickGoneError(UserFacingError):
    """A form about a picture that was pointed at too long ago, or by somebody else."""

    def __init__(self) -> None:
        super().__init__(
            "That was too long ago: I remember a picture you point at for an hour. Nothing was "
            "charged. Please right-click it again → Apps → **Animate image**."
        )
