"""Who may press what: decided from the guild's rule and the presser's part in the job."""

from errors import NotAllowedError
from models import Job
from storage.choices import GuildChoices

_RULES = {
    "requester": "Here only moderators and whoever asked for a video may go on from it.",
    "moderators": "Here only moderators may go on from a video.",
}


def role_of(job: Job, user_id: int, *, is_moderator: bool) -> str | None:
    """Return "requester", "poster" or "moderator", the first that fits, or None for others."""
    if user_id == job.user_id:
        return "requester"
    if user_id == job.origin.poster_id:
        return "poster"
    return "moderator" if is_moderator else None


def require_own(job: Job, user_id: int, *, is_moderator: bool) -> str:
    """Return the presser's part; raises NotAllowedError for who has none."""
    role = role_of(job, user_id, is_moderator=is_moderator)
    if role is None:
        raise NotAllowedError(
            "Only whoever asked for this video, whoever posted its picture, or a moderator may do "
            "that."
        )
    return role


def require_press(choices: GuildChoices, job: Job, user_id: int, *, is_moderator: bool) -> None:
    """Raise NotAllowedError unless the guild lets this member go on from the job, at own cost."""
    is_own = user_id == job.user_id
    if job.is_private or job.showing.hidden is not None:
        hidden = "taken down" if job.showing.hidden == "removed" else "hidden"
        rule = "This video is private." if job.is_private else f"This video was {hidden}."
        is_let = is_own
    else:
        is_let = {
            "anyone": True,
            "requester": is_own or is_moderator,
            "moderators": is_moderator,
        }[choices.buttons]
        rule = _RULES.get(choices.buttons, "")
    if not is_let:
        raise NotAllowedError(f"{rule} Nothing was charged. You can make your own with `/video`.")
