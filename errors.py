"""Refusals a member may read: `str(error)` is ready to show, attributes carry the facts."""

_WHOSE = {
    "member": "Your own allowance on this server",
    "guild": "This server's budget",
    "host": "The budget of whoever hosts this bot",
    "account": "The NeuralBox account behind this bot",
}


class UserFacingError(Exception):
    """Something a member can be told as it stands; nothing was charged, nothing is held."""


class BudgetExceededError(UserFacingError):
    """A level has too few tokens left. `level` is "member", "guild", "host" or "account"."""

    def __init__(self, level: str, needed_tokens: int, available_tokens: int) -> None:
        self.level = level
        self.needed_tokens = needed_tokens
        self.available_tokens = available_tokens
        if available_tokens == 0:
            sentence = (
                f"{_WHOSE[level]} has no tokens left. Nothing was charged. "
                "Only the host of this bot can add more."
            )
        else:
            sentence = (
                f"{_WHOSE[level]} has {available_tokens:,} "
                f"token{'s' if available_tokens > 1 else ''} left and this video needs up to "
                f"{needed_tokens:,}. Nothing was charged. A shorter length or a cheaper model may "
                "fit; `/help` lists the prices."
            )
        super().__init__(sentence)


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


class PickGoneError(UserFacingError):
    """A form about a picture that was pointed at too long ago, or by somebody else."""

    def __init__(self) -> None:
        super().__init__(
            "That was too long ago: I remember a picture you point at for an hour. Nothing was "
            "charged. Please right-click it again → Apps → **Animate image**."
        )
