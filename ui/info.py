"""Everything there is to tell of a job: facts, where it came from, a command to repeat it."""

import io

import discord

from jobs.ports import JobView
from jobs.results import Line, Listed
from models import Job, State, Way
from ui import cards
from ui.text import NOT_KEPT, block, tokens

LINE_SHOWN = 8
PROMPT_CHARS = 1200
COMMAND_CHARS = 900
ASKED = "waiting for a moderator"
STATES = {
    State.RESERVED: "being written down",
    State.QUEUED: "waiting in the queue",
    State.SUBMITTING: "on its way to NeuralBox",
    State.UNKNOWN: "being looked up at NeuralBox",
    State.PENDING: "being made",
    State.COMPLETED: "done",
    State.FAILED: "failed",
    State.REJECTED: "refused by NeuralBox",
    State.CANCELLED: "cancelled",
    State.NOT_SUBMITTED: "never reached NeuralBox",
}
WAYS = {
    Way.COMMAND: "/video",
    Way.MENU: "Animate image",
    Way.MENTION: "a mention",
    Way.AGAIN: "Again",
    Way.EDIT: "Edit",
    Way.CONTINUE: "Continue",
}


def details(view: JobView, line: Line) -> discord.Embed:
    """Return the private embed of the Info button and of Video info."""
    job, request = view.job, view.job.request
    embed = discord.Embed(title=f"Job {job.id}", colour=cards.WORKING)
    embed.description = block(request.prompt, PROMPT_CHARS)
    state = ASKED if view.stage == "approval" else STATES[job.state]
    embed.add_field(name="State", value=state)
    embed.add_field(name="Model", value=view.model_name[:100])
    shape = cards.SHAPES.get(request.aspect_ratio, request.aspect_ratio)
    embed.add_field(name="Video", value=f"{request.duration_s} s, {shape}")
    embed.add_field(name="Asked by", value=f"<@{job.user_id}> with {WAYS[job.origin.way]}")
    embed.add_field(name="Asked", value=f"<t:{job.created_at}:f>")
    embed.add_field(name="Cost", value=_cost(view))
    if view.took_s is not None:
        size = f" · {view.size[0]}×{view.size[1]}" if view.size else ""
        embed.add_field(name="Waited", value=f"{view.took_s:,} s{size}")
    if request.picture is not None:
        embed.add_field(name="Picture", value=_picture(job))
    if len(line.jobs) > 1:
        embed.add_field(name="Where it came from", value=_line(line), inline=False)
    text = command(job)
    if not request.prompt:
        embed.add_field(name="To make it again", value="the words are not kept any more")
    elif fits_block(text):
        embed.add_field(name="To make it again", value=block(text, COMMAND_CHARS), inline=False)
    else:
        embed.add_field(name="To make it again", value="the command is in the file", inline=False)
    if job.generation_id is not None:
        embed.set_footer(text=f"NeuralBox's number: {job.generation_id}")
    return embed


def command(job: Job) -> str:
    """Return the command that makes the same again, to the letter."""
    request = job.request
    parts = [
        f"/video prompt:{request.prompt}",
        f"model:{request.model}",
        f"length:{request.duration_s}",
        f"ratio:{request.aspect_ratio}",
    ]
    if request.negative_prompt:
        parts.append(f"avoid:{request.negative_prompt}")
    if request.picture:
        is_frame = job.origin.way is Way.CONTINUE
        parts.append(f"image:(attach {'the last frame' if is_frame else 'the picture'})")
    return " ".join(parts)


def fits_block(text: str) -> bool:
    """Return whether a command can be shown as it is: whole, and without what would be replaced."""
    return len(text) <= COMMAND_CHARS - 10 and "`" not in text


def files(job: Job) -> list[discord.File]:
    """Return the command as a file where it cannot be shown as it is."""
    text = command(job)
    if fits_block(text) or not job.request.prompt:
        return []
    return [discord.File(io.BytesIO(text.encode()), filename="command.txt")]


def listing(title: str, items: list[Listed], empty: str, reader_id: int) -> discord.Embed:
    """Return a private list of jobs for a reader, one line each, with how each stands."""
    embed = discord.Embed(title=title, colour=cards.WORKING)
    lines: list[str] = []
    for item in items:
        line = _listed(item, reader_id)
        if sum(map(len, lines)) + len(line) > 3800:
            lines.append("…")
            break
        lines.append(line)
    embed.description = "\n".join(lines) or empty
    return embed


def made_line(item: Listed) -> str:
    """Return a made video as one plain line of a menu."""
    waits = " · waiting for you" if item.is_parked else ""
    request = item.job.request
    prompt = " ".join(request.prompt.split()) or NOT_KEPT
    head = f"{item.job.id} · {request.duration_s} s{waits} · "
    return f"{head}{prompt}"[:100]


def short(text: str, limit: int = 60) -> str:
    """Return the beginning of a member's text, inert, for one line of a list."""
    plain = " ".join(text.replace("`", "ˋ").split()) or NOT_KEPT
    plain = plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"
    return f"`{plain}`"


def _listed(item: Listed, reader_id: int) -> str:
    job = item.job
    is_secret = job.is_private and job.user_id != reader_id
    _channel_id, message_id = job.result_place
    told = "a private video" if is_secret else short(job.request.prompt)
    facts = [f"**{job.id}** {told}"]
    if job.user_id != reader_id:
        facts.append(f"<@{job.user_id}>")
    if not job.state.is_final:
        state = ASKED if item.is_asked else STATES[job.state]
        facts.append(f"place {item.place}" if item.place else state)
        facts.append(f"{tokens(job.hold_tokens)} held")
        facts.append(f"asked <t:{job.created_at}:R>")
        if item.expected_at is not None:
            facts.append(f"expected <t:{item.expected_at}:R>")
    else:
        facts.append(f"<t:{job.created_at}:R>")
        facts.append(tokens(item.charged_tokens))
        if item.is_parked:
            facts.append("waiting for you: it could not be shown in its channel")
        elif job.showing.hidden == "hidden":
            facts.append("hidden")
    if not job.is_private and message_id is not None and job.showing.hidden is None:
        facts.append(cards.result_url(job))
    return " · ".join(facts)


def _cost(view: JobView) -> str:
    if not view.job.state.is_final:
        return f"{tokens(view.job.hold_tokens)} held"
    return tokens(view.charged_tokens) if view.charged_tokens else "not charged"


def _picture(job: Job) -> str:
    if job.origin.way is Way.CONTINUE:
        return "the last frame of the video before"
    if job.origin.poster_id is None:
        return "from a link"
    return f"posted by <@{job.origin.poster_id}>"


def _line(line: Line) -> str:
    rows = [
        f"{WAYS[job.origin.way]} → job {job.id}: "
        f"{short(job.request.prompt, 40)} · {tokens(charged) if charged else 'not charged'}"
        for job, charged in zip(line.jobs, line.charged_tokens, strict=True)
    ]
    if len(rows) > LINE_SHOWN:
        rows = [rows[0], f"… {len(rows) - LINE_SHOWN + 1} in between …", *rows[-LINE_SHOWN + 2 :]]
    return "\n".join([*rows, f"**{tokens(line.total_tokens)} in all**"])[:1024]
