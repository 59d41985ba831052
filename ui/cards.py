"""The card of a job: one embed that says where it stands, what it costs and what comes next.

Sizes stay far below Discord's limits (description 4096, field 1024, 6000 in all).
"""

import discord

from jobs.ports import JobView
from jobs.prices import Offer
from models import Job, State, Way
from ui.text import block, price, span, tokens

PROMPT_CHARS = 1000
REASON_CHARS = 400
ALT_TEXT_CHARS = 1024
# How Discord's clients know a file that is to be blurred until it is asked for.
SPOILER = "SPOILER_"
PICTURE_STEM = "reelbox-start-"
MIB = 1024 * 1024
# Colours never carry the meaning alone: every title says it in words.
WORKING = discord.Colour(0x5865F2)
DONE = discord.Colour(0x3BA55D)
ENDED = discord.Colour(0xD83C3E)

# Stages that need a sentence rather than a time.
SENTENCES = {
    "late": (
        "NeuralBox is still working on it. The video will appear here however long it takes; "
        "you pay nothing unless it is finished."
    ),
    "down": (
        "NeuralBox does not answer just now. Nothing is lost: this goes on by itself as soon as it "
        "answers again, and you pay only for a finished video."
    ),
    "checking": (
        "NeuralBox gave no clear answer, so its history is being looked through; that can "
        "take 20 minutes. Nothing is sent twice; if there is no video, nothing is charged."
    ),
    "unpriced": (
        "NeuralBox has not told the price yet. Your video is shown as soon as it does; until "
        "then the tokens stay held."
    ),
    "fitting": (
        "The file is larger than this server takes, so a copy that fits is being made. That "
        "takes about half a minute; the original stays where it is."
    ),
}
# Why a job is late, as far as anybody knows.
WHY_LATE = {
    "slow": "NeuralBox takes longer for this model than it says.",
    "seldom": "NeuralBox lets this bot ask only so often, so it may be done already.",
    "down": "NeuralBox does not answer just now.",
}
EXPLAINED = frozenset({"approval", *SENTENCES})
BY_PRESS = frozenset({Way.MENU, Way.AGAIN, Way.EDIT, Way.CONTINUE})
SHAPES = {"16:9": "landscape 16:9", "9:16": "portrait 9:16", "1:1": "square 1:1"}


def card(view: JobView) -> discord.Embed:
    """Return the embed of a job's card as it stands."""
    if view.stage != "final":
        return _working(view)
    if view.job.showing.hidden is not None:
        return _hidden(view)
    if view.job.showing.message_id is not None:
        return _pointer(view)
    return result(view)


def result(view: JobView) -> discord.Embed:
    """Return the embed beside a result, on the card or elsewhere."""
    if view.job.showing.hidden is not None:
        return _hidden(view)
    return _done(view) if view.has_video else _without_video(view)


def alt_text(view: JobView) -> str:
    """Return what a screen reader says of the video."""
    prompt = view.job.request.prompt
    text = view.job.showing.alt_text or f"{view.job.request.duration_s}-second video: {prompt}"
    return text if len(text) <= ALT_TEXT_CHARS else text[: ALT_TEXT_CHARS - 1] + "…"


def file_name(view: JobView, suffix: str) -> str:
    """Return the name the video is attached under; never taken from anybody's input."""
    return f"{_veil(view)}reelbox-{view.job.id}{suffix}"


def picture_name(view: JobView, suffix: str) -> str:
    """Return the name the start picture is attached under."""
    return f"{_veil(view)}{PICTURE_STEM}{view.job.id}{suffix}"


def shows_picture(view: JobView) -> bool:
    """Return whether the card carries the start picture: it is neither hidden nor a pointer."""
    showing = view.job.showing
    is_pointer = view.stage == "final" and showing.message_id is not None
    return view.picture is not None and showing.hidden is None and not is_pointer


def is_picture_name(name: str) -> bool:
    """Return whether an attachment of ours is a start picture."""
    return name.removeprefix(SPOILER).startswith(PICTURE_STEM)


def ping_text(view: JobView) -> str:
    """Return the short reply that tells the requester."""
    mention = f"<@{view.job.user_id}>"
    if view.has_video and view.job.showing.message_id is not None:
        return f"{mention} your video is ready: {result_url(view.job)}. {_charged(view)}."
    if view.has_video:
        return f"{mention} your video is ready. {_charged(view)}."
    if view.job.state is State.COMPLETED:
        return f"{mention} your video cannot be shown; the card says why. {_charged(view)}."
    return f"{mention} there is no video this time. {_charged(view)}."


def result_url(job: Job) -> str:
    """Return the address of the message that shows a job's result."""
    channel_id, message_id = job.result_place
    return f"https://discord.com/channels/{job.guild_id}/{channel_id}/{message_id}"


def offer_line(offer: Offer) -> str:
    """Return one model on one line, with price and usual wait."""
    return f"{offer.name} · {price(offer.tokens)} · usually {span(offer.usual_wait_s)}"


def _working(view: JobView) -> discord.Embed:
    titles = {
        "approval": "Waiting for a moderator",
        "waiting": f"In the queue · place {view.place}" if view.place else "In the queue",
        "sending": "Your video is on its way",
        "checking": "Checking whether your video is being made",
        "rendering": "Your video is being made",
        "late": "Your video takes longer than usual",
        "down": "Waiting for NeuralBox",
        "unpriced": "Your video is made; its price is still to come",
        "fitting": "Your video is made; a smaller copy is on its way",
    }
    embed = _base(view, titles[view.stage], WORKING)
    held = f"{tokens(view.job.hold_tokens)} held"
    embed.add_field(name="Price", value=_with_left(view, held))
    heading = "What is happening" if view.stage in EXPLAINED else "Ready"
    embed.add_field(name=heading, value=_ready(view), inline=False)
    if view.notice is not None:
        embed.add_field(name="Note", value=view.notice[:REASON_CHARS], inline=False)
    return embed


def _ready(view: JobView) -> str:
    usual = f"usually takes {span(view.usual_wait_s)}"
    if view.stage == "approval":
        return (
            f"Waiting for a moderator's approval, until <t:{view.approve_until}:t>, "
            f"<t:{view.approve_until}:R>. They see the prompt and the price. Nothing is sent "
            "before that; without their yes nothing is charged."
        )
    if view.stage in SENTENCES:
        parts = [SENTENCES[view.stage], WHY_LATE.get(view.why, "")]
        return " ".join(part for part in [*parts, _next_look(view)] if part)
    if view.ready_at is not None:
        return " · ".join(
            part for part in (f"expected <t:{view.ready_at}:R>", usual, _next_look(view)) if part
        )
    if view.starts_at is not None:
        return f"its turn comes about <t:{view.starts_at}:R> · {usual} once it starts"
    return f"{usual} once it starts"


def _next_look(view: JobView) -> str:
    """Return when NeuralBox is asked next, where that is seldom."""
    if view.look_at is None:
        return ""
    is_in_line = view.ready_at is not None
    return (
        f"{'c' if is_in_line else 'C'}hecking about <t:{view.look_at}:R>{'' if is_in_line else '.'}"
    )


def _done(view: JobView) -> discord.Embed:
    embed = _base(view, "Your video is ready", DONE)
    embed.add_field(name="Charged", value=_with_left(view, tokens(view.charged_tokens)))
    if view.took_s is not None:
        embed.add_field(name="Waited", value=f"{view.took_s:,} s")
    if view.link is not None:
        # Angle brackets keep Discord from unfurling it; the address is the vendor's own.
        until = f" at least until <t:{view.link_until}:f>" if view.link_until else ""
        embed.description = (
            f"{embed.description}\nThe file does not fit here, so this is its link. NeuralBox "
            f"keeps it{until}: <{view.link}>"
        )
    if view.full_bytes is not None:
        embed.add_field(
            name="Smaller copy",
            value=f"The original has {view.full_bytes / MIB:,.0f} MiB, more than fits here.",
            inline=False,
        )
    if view.notice is not None:
        embed.add_field(name="Note", value=view.notice[:REASON_CHARS], inline=False)
    if view.reason is not None and view.job.state is not State.COMPLETED:
        embed.add_field(name="Note", value=view.reason[:REASON_CHARS], inline=False)
    return embed


def _without_video(view: JobView) -> discord.Embed:
    titles = {
        State.COMPLETED: "This video cannot be shown",
        State.FAILED: "This video could not be made",
        State.REJECTED: "NeuralBox refused this video",
        State.CANCELLED: "This video was not started",
        State.NOT_SUBMITTED: "This video was not started",
    }
    embed = _base(view, titles.get(view.job.state, "There is no video"), ENDED)
    embed.add_field(name="Cost", value=_with_left(view, _charged(view)))
    reason = view.reason or "You can try again just as it was."
    embed.add_field(name="Why, and what next", value=reason[:REASON_CHARS], inline=False)
    if view.said:
        embed.add_field(
            name=f"{view.said_by} says", value=block(view.said, REASON_CHARS), inline=False
        )
    return embed


def _pointer(view: JobView) -> discord.Embed:
    """The card of a result that is shown in another channel."""
    channel_id, _message_id = view.job.result_place
    embed = discord.Embed(title="Your video is ready", colour=DONE)
    embed.description = f"This server shows its videos in <#{channel_id}>: {result_url(view.job)}"
    embed.add_field(name="Charged", value=tokens(view.charged_tokens))
    embed.set_footer(text=f"Job {view.job.id}")
    return embed


def _hidden(view: JobView) -> discord.Embed:
    """The card of a result that was taken out of sight before it was shown."""
    is_over = view.job.showing.hidden == "removed"
    embed = discord.Embed(
        title="This video was taken down" if is_over else "This video is hidden", colour=ENDED
    )
    by_whom = {
        "requester": "whoever asked for it",
        "moderator": "a moderator",
        "poster": "whoever posted its picture",
    }[view.job.showing.hidden_as or "moderator"]
    embed.description = f"By {by_whom}." + (
        "" if is_over else " Whoever asked for it can fetch it with `/videos get`."
    )
    embed.add_field(name="Cost", value=_charged(view))
    embed.set_footer(text=f"Job {view.job.id}")
    return embed


def _veil(view: JobView) -> str:
    return SPOILER if view.job.is_spoiler else ""


def _charged(view: JobView) -> str:
    if view.charged_tokens == 0:
        return "Not charged"
    return f"Charged {tokens(view.charged_tokens)}"


def _with_left(view: JobView, cost: str) -> str:
    """Return the cost, with what is left where there is a limit."""
    return cost if view.left_tokens is None else f"{cost}\n{tokens(view.left_tokens)} left"


def _base(view: JobView, title: str, colour: discord.Colour) -> discord.Embed:
    request = view.job.request
    embed = discord.Embed(title=title, colour=colour)
    embed.description = block(request.prompt, PROMPT_CHARS)
    if request.negative_prompt:
        embed.add_field(
            name="Avoid", value=block(request.negative_prompt, REASON_CHARS), inline=False
        )
    embed.add_field(name="Model", value=view.model_name[:100])
    if request.picture is not None and view.picture is not None and not view.job.is_spoiler:
        embed.set_thumbnail(url=f"attachment://{picture_name(view, view.picture.suffix)}")
    shape = SHAPES.get(request.aspect_ratio, request.aspect_ratio)
    embed.add_field(name="Video", value=f"{request.duration_s} s\n{shape}")
    if view.job.origin.way in BY_PRESS or view.job.origin.is_answer:
        # Under a press or a form Discord does not say whose it was.
        embed.add_field(name="Asked by", value=f"<@{view.job.user_id}>")
    embed.set_footer(text=f"Job {view.job.id}")
    return embed
