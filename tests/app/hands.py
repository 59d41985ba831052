"""What members do with pictures, in one call each, for the tests of this room."""

from typing import Any

import pytest

from models import Job
from playground.discord import cdn
from playground.discord.interactions import Answer
from playground.discord.world import Message
from storage import choices, prices, spending
from storage.choices import Consent
from tests.pictures import picture
from tests.rig import Rig, outcome

ANIMATE = "Animate image"


def roomy(rig: Rig) -> None:
    """Configure limits that no test of a long table runs into."""
    rig.discord.rate_limits = False
    rig.configure(
        "limits",
        commands_per_minute=1000,
        unfinished_per_member=1000,
        unfinished_per_guild=1000,
    )
    rig.configure("budget", guild_tokens=0)
    rig.box.balance = 1_000_000


async def animate(rig: Rig, message: Message, member: str = "Ben", **values: Any) -> Answer:
    """Right-click a message and send the form; return the refusal or what the form brings."""
    menu = await rig.discord.message_command(ANIMATE, message, member=member)
    first = await menu.answer()
    if first.kind != "modal":
        return first
    return await outcome(await rig.discord.submit_modal(menu, values))


async def press(rig: Rig, message: Message, label: str, member: str = "Ben") -> Answer:
    """Press the button whose label begins like that; return what comes of it."""
    for row in message.components:
        for button in row["components"]:
            if str(button.get("label", "")).startswith(label):
                pressed = await rig.discord.press(message, button["custom_id"], member=member)
                return await outcome(pressed)
    raise LookupError(f"no button {label!r} under the message")


async def use(rig: Rig, command: str, subcommand: str, member: str = "Ada", **options: Any) -> str:
    """Use a command that answers privately; return what it says."""
    used = await rig.discord.slash(command, subcommand=subcommand, options=options, member=member)
    answer = await used.answer()
    assert answer.ephemeral
    assert answer.message is not None
    return answer.message.content


def said(answer: Answer) -> str:
    """Return the sentence of a private answer."""
    assert answer.ephemeral, answer
    assert answer.message is not None
    return answer.message.content


def card_of(answer: Answer) -> Message:
    """Return the public card that an answer is."""
    assert answer.message is not None, answer
    assert not answer.ephemeral, answer.message.content
    return answer.message


async def boat(rig: Rig, member: str = "Ada", shade: int = 90, **where: Any) -> Message:
    """Let a member post a picture."""
    file = ("boat.png", picture(shade=shade))
    return await rig.discord.say(member=member, attachments=[file], **where)


async def policy(rig: Rig, **values: str | None) -> None:
    """Set choices of the first guild as they are stored."""
    assert rig.app is not None
    for what, value in values.items():
        await rig.app.db.write(choices.set_of_guild, rig.guild_id, what, value, 1, 1)


async def consent(rig: Rig, member: str, what: Consent) -> None:
    """Let a member say who may animate their pictures, on the first guild."""
    assert rig.app is not None
    user_id = rig.discord.world.user(member).id
    await rig.app.db.write(choices.set_consent, rig.guild_id, user_id, what)


def kept(rig: Rig, what: str) -> list[str]:
    """Return the names of the files under "videos" or "pictures"."""
    return sorted(path.name for path in (rig.data / what).iterdir())


def only_job(rig: Rig) -> Job:
    """Return the one job there is."""
    [job] = rig.jobs_in()
    return job


def watch_cdn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list that every file asked of Discord's store is added to, by path."""
    asked: list[str] = []
    answer = cdn._answer

    def watched(request: Any, stored: Any) -> Any:
        asked.append(request.path)
        return answer(request, stored)

    monkeypatch.setattr(cdn, "_answer", watched)
    return asked


def labels(message: Message | None) -> list[str]:
    """Return what stands on a message's buttons."""
    assert message is not None
    return [part["label"] for row in message.components for part in row["components"]]


async def asked(rig: Rig, prompt: str = "a paper boat", **options: Any) -> Message:
    """Use /video, expecting a private question or offer with buttons; return that."""
    answer = await rig.ask(prompt, **options)
    assert answer.ephemeral, answer
    assert answer.message is not None
    return answer.message


async def confirm_above(rig: Rig, tokens: int) -> None:
    """Let videos of the first guild be asked about above that price."""
    assert rig.app is not None
    await rig.app.db.write(spending.put, rig.guild_id, "confirm_above", str(tokens))


async def reprice(rig: Rig, model: str, duration_s: int, tokens: int) -> None:
    """Let the bot know another price from now on."""
    assert rig.app is not None
    now = int(rig.clock.now())
    await rig.app.db.write(prices.put, model, duration_s, tokens, now)
    await rig.app.service.load()
