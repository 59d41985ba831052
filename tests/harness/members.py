"""What people do in a run: ask, press, decide, grant; each as soon as the bot is there.

A client knows nothing of kills: who gets no answer is left standing, and may try again or not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from playground.discord.client_rules import NotPossibleError
from playground.discord.interactions import Interaction
from playground.discord.world import Message
from tests.harness.stage import Stage
from tests.harness.workload import DESK, Deed, Grant, Wish, Workload
from tests.pictures import picture

# A member who does nothing any more after so long without the bot.
PATIENCE_S = 3600.0
ANSWER_S = 20.0
# Questions, forms and offers on the way to a card.
MOST_STEPS = 4
# A moderator who was not answered looks again.
SECOND_LOOK_S = 40.0
ADMIN = "Ada"


async def play_out(stage: Stage, work: Workload) -> None:
    """Do what the members and the servers do, each at its time."""
    async with asyncio.TaskGroup() as tasks:
        for wish in work.wishes:
            tasks.create_task(_ask(stage, wish))
        for grant in work.grants:
            tasks.create_task(_grant(stage, grant))
        for deed in work.deeds:
            tasks.create_task(_do(stage, deed))
        if work.decision is not None:
            tasks.create_task(_decide(stage, work.decision, _videos(work)))


def _videos(work: Workload) -> int:
    """Return how many videos are asked for, also by buttons under the results of others."""
    return sum(1 + len({"Again", "Continue"} & set(wish.then)) for wish in work.wishes)


async def _do(stage: Stage, deed: Deed) -> None:
    await asyncio.sleep(deed.at)
    deed.do(stage.discord, stage.box)


async def _ask(stage: Stage, wish: Wish) -> None:
    """Ask for a video; who gets no answer does not ask again."""
    await asyncio.sleep(wish.at)
    if wish.way == "mention":
        await _mention(stage, wish)
        return
    interaction = await _patiently(stage, lambda: _first(stage, wish))
    if interaction is None:
        return
    if wish.is_replayed:
        for pause_s in (0.0, 5.0, 60.0):
            await asyncio.sleep(pause_s)
            stage.discord.replay(interaction)
    card = await _outcome(stage, interaction, wish)
    if card is None:
        return
    if wish.is_taken_back:
        await _patiently(stage, lambda: stage.discord.press(card, "Cancel", member=wish.member), 30)
        return
    for label in wish.then:
        await _go_on(stage, card, label, wish)


async def _first(stage: Stage, wish: Wish) -> Interaction:
    files = {} if wish.shade is None else {"image": ("boat.png", _boat(wish.shade))}
    if wish.way == "menu":
        posted = await stage.discord.say(member="Cleo", attachments=list(files.values()))
        return await stage.discord.message_command("Animate image", posted, member=wish.member)
    return await stage.discord.slash(
        "video",
        member=wish.member,
        attachments=files,
        options={
            "prompt": wish.prompt,
            "model": wish.model,
            "ratio": "1:1",
            "length": wish.length,
            **({"private": True} if wish.is_private else {}),
        },
    )


async def _mention(stage: Stage, wish: Wish) -> None:
    """Post a picture and mention the bot: what it does not read, it never hears of."""
    await stage.eventually(lambda: stage.discord.connected, PATIENCE_S, every_s=0.5)
    await stage.discord.say(
        f"{stage.discord.bot_mention} {wish.prompt}",
        member=wish.member,
        attachments=[("boat.png", _boat(wish.shade or 60))],
    )


async def _patiently(
    stage: Stage, act: Callable[[], Awaitable[Interaction]], patience_s: float = PATIENCE_S
) -> Interaction | None:
    """Do something once the bot is there and it is possible; None when it never is."""
    ends_at = stage.workshop.board.time + patience_s
    while stage.workshop.board.time < ends_at:
        if stage.discord.connected:
            try:
                return await act()
            except NotPossibleError:
                pass  # the command is not registered yet, or there is no such button
        await asyncio.sleep(0.5)
    return None


async def _outcome(stage: Stage, interaction: Interaction, wish: Wish) -> Message | None:
    """Fill in what is asked and say yes to what is offered; return the card, None without one."""
    for _ in range(MOST_STEPS):
        try:
            first = await interaction.answer(timeout=ANSWER_S)
            message = None if first.modal else await interaction.final(timeout=ANSWER_S)
        except (TimeoutError, LookupError):
            return None
        if message is not None and (not message.ephemeral or _yes(message) is None):
            return message if message.embeds else None
        sent = await _patiently(stage, partial(_next_step, stage, interaction, message, wish))
        if sent is None:
            return None
        interaction = sent
    return None


def _next_step(
    stage: Stage, interaction: Interaction, message: Message | None, wish: Wish
) -> Awaitable[Interaction]:
    if message is None:
        return stage.discord.submit_modal(interaction, {"prompt": wish.prompt})
    return stage.discord.press(message, _yes(message) or "", member=wish.member)


async def _go_on(stage: Stage, card: Message, label: str, wish: Wish) -> None:
    """Press what a result offers, once it does."""
    pressed = await _patiently(
        stage,
        lambda: stage.discord.press(card, _button(card, label), member=wish.member),
    )
    if pressed is not None:
        await _outcome(stage, pressed, wish)


async def _decide(stage: Stage, decision: str, most: int) -> None:
    """Press a button of each request in the moderators' channel; look again what came of it."""
    ends_at = stage.workshop.board.time + PATIENCE_S / 2
    asked: set[int] = set()
    while stage.workshop.board.time < ends_at:
        for message in stage.discord.messages(DESK):
            if message.author.bot and message.components:
                asked.add(message.id)
                await _decide_one(stage, message, decision)
        decided = [m for m in stage.discord.messages(DESK) if m.id in asked and not m.components]
        if len(decided) >= most:
            return
        await asyncio.sleep(SECOND_LOOK_S)


async def _decide_one(stage: Stage, message: Message, decision: str) -> None:
    def press() -> Awaitable[Interaction]:
        return stage.discord.press(message, _button(message, decision), member=ADMIN)

    pressed = await _patiently(stage, press, SECOND_LOOK_S)
    if pressed is None:
        return
    try:
        answer = await pressed.answer(timeout=ANSWER_S)
    except TimeoutError:
        return
    if answer.modal is not None:
        values = {"reason": "not today"}
        await _patiently(stage, lambda: stage.discord.submit_modal(pressed, values), SECOND_LOOK_S)


async def _grant(stage: Stage, grant: Grant) -> None:
    await asyncio.sleep(grant.at)
    used = await _patiently(
        stage,
        lambda: stage.discord.slash(
            "budget",
            subcommand="grant",
            member=ADMIN,
            options={"tokens": grant.tokens, "reason": "for the feast"},
        ),
    )
    if used is not None and grant.is_replayed:
        await asyncio.sleep(5.0)
        stage.discord.replay(used)


def _labels(message: Message) -> list[str]:
    return [str(part.get("label")) for row in message.components for part in row["components"]]


def _button(message: Message, label: str) -> str:
    """Return the label of a message's button in full, which may end in a price."""
    for one in _labels(message):
        if one == label or one.startswith(f"{label} ·"):
            return one
    raise NotPossibleError(f"no button {label!r}")


def _yes(message: Message) -> str | None:
    """Return the button that says yes to what a private answer asks or offers."""
    words = ("Make it", "Shrink to fit", "Delete it")
    return next((one for one in _labels(message) if one.startswith(words)), None)


def _boat(shade: int) -> bytes:
    return picture(320, 320, shade=shade)
