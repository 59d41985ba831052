"""Things that people may want to lay hands on, and one hand for each kind of person."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from models import State
from playground.discord.interactions import Interaction
from playground.discord.outside import Outside
from playground.discord.world import Message
from storage import spending
from tests.app import budget_hands as at
from tests.app.hands import boat, card_of, labels, roomy
from tests.app.moderators import notice
from tests.hostile.allowed import FIELDS, PLACES, THERE, USES, USES_THERE
from tests.rig import Rig, outcome

SECOND = at.SECOND
NAMES = {
    "member": "Cleo",
    "requester": "Ben",
    "moderator": "Mo",
    "admin": "Ann",
    "host": "Hal",
    "guest": "Dora",
    THERE: "Dora",
}
OUTSIDE = dict(zip(PLACES, Outside, strict=True))
# What goes on by itself while nobody asks for anything; "acted" keeps which presses were heard.
OF_THE_WORLD = {"acted", "meta", "model", "price", "reading", "request", "verdict", "wait"}


@dataclass
class Scene:
    """Ben's videos at every stage, and what is asked about them."""

    rig: Rig
    done: Message
    running: Message
    request: Message
    brake: Message
    theirs: Message
    picture: Message
    ids: dict[str, str] = field(default_factory=dict)
    """The custom id of every button and form by its action."""

    def source(self, row: str, who: str) -> Message:
        """Return the message that a press or form comes from."""
        if who == THERE:
            return self.theirs
        action = row.rsplit(maxsplit=1)[-1]
        if action in ("approve", "smaller", "deny"):
            return self.request
        return self.brake if action == "undo" else self.running

    def act(self, row: str, who: str) -> Interaction:
        """Send a press or a form as that person, or from that place."""
        kind, action = row.split()
        source, name = self.source(row, who), actor(row, who)
        with self.outside(who):
            if kind == "form":
                custom_id, fields = self.ids[f"form {action}"], FIELDS[action]
                return self.rig.discord.forge_form(source, custom_id, fields, member=name)
            values = [self.rig.job_of(self.done).public_id] if action == "fetch" else []
            custom_id = self.ids[action]
            return self.rig.discord.forge_press(source, custom_id, member=name, values=values)

    async def use(self, row: str, who: str) -> Interaction:
        """Use a command as that person, or from that place."""
        kind, _, name = row.partition(" ")
        person = actor(row, who)
        with self.outside(who):
            if kind == "menu":
                is_animate = name.startswith("Animate")
                message = self.picture if is_animate else self.done
                if who == THERE:
                    message = await boat(self.rig, person, guild=SECOND)
                    message = message if is_animate else self.theirs
                return await self.rig.discord.message_command(name, message, member=person)
            command, _, subcommand = name.partition(" ")
            options = USES.get(row, {})
            if who == THERE:
                options = USES_THERE.get(row, options)
            return await self.rig.discord.slash(
                command,
                subcommand=subcommand or None,
                options=options,
                member=person,
                guild=SECOND if who == THERE else None,
            )

    @contextmanager
    def outside(self, who: str) -> Iterator[None]:
        """Let what is sent meanwhile come from a place outside of the guild, if `who` is one."""
        self.rig.discord.parts.outside = OUTSIDE.get(who)
        try:
            yield
        finally:
            self.rig.discord.parts.outside = None


def actor(row: str, who: str) -> str:
    """Return who acts: from outside whoever would be let in anywhere else."""
    if who in NAMES:
        return NAMES[who]
    return "Hal" if " admin " in row else "Ben"


async def built(rig: Rig) -> Scene:
    """Start the bot and let there be one of everything."""
    roomy(rig)
    await rig.start_bot()
    await rig.refreshed()
    discord = rig.discord
    for name in ("Mo", "Ann", "Hal", "Eve", "Dora"):
        discord.add_member(name)
    discord.add_role("Moderators", allow="manage_messages", members=["Mo"])
    discord.add_role("Caretakers", allow="manage_guild", members=["Ann"])
    discord.give_application("Hal")
    for command in ("budget", "settings", "admin"):
        at.open_to_everyone(rig, command)
    ids: dict[str, str] = {}
    brake = await _brake(rig)
    ids["undo"] = brake.components[0]["components"][0]["custom_id"]
    request = await _request(rig, ids)
    done = await rig.finished(await rig.card())
    job = rig.job_of(done).public_id
    for action in ("info", "again", "edit", "continue", "alt", "delete", "really"):
        ids[action] = f"rb:{action}:{job}"
    for action in ("edit", "continue", "alt"):
        ids[f"form {action}"] = f"rb:{action}:{job}"
    ids["fetch"] = "rb:fetch"
    other = await discord.slash("video", prompt="a boat of Dora's", member="Dora", guild=SECOND)
    theirs = card_of(await outcome(other))
    await rig.finished(theirs)
    # The clock stands still from here on, so that these stay as they are.
    await _draft(rig, ids)
    picture = await boat(rig)
    menu = await discord.message_command("Animate image", picture, member="Ben")
    modal = (await menu.answer()).modal
    assert modal is not None
    ids["form animate"] = modal["custom_id"]
    ids["pick"] = modal["custom_id"].replace(":animate:", ":pick:")
    running = await rig.card("a boat that takes its time")
    await rig.eventually(lambda: rig.job_of(running).state is State.PENDING)
    for action in ("cancel", "hide"):
        ids[action] = f"rb:{action}:{rig.job_of(running).public_id}"
    await rig.eventually(lambda: is_quiet(rig))
    return Scene(rig, done, running, request, brake, theirs, picture, ids)


async def _brake(rig: Rig) -> Message:
    """Let the spend brake stop Eve."""
    await at.answer(rig, "set", {"tokens": 250, "period": "month"})
    await at.answer(rig, "warn", {"channel": "general", "levels": "off"})
    for number in range(3):
        await rig.card(f"boat {number}", member="Eve")

    def shown() -> list[Message]:
        found = rig.discord.messages("general")
        return [one for one in found if one.components and labels(one) == ["Undo"]]

    await rig.eventually(lambda: bool(shown()))
    await at.answer(rig, "set", {"tokens": 1_000_000, "period": "month"})
    return shown()[0]


async def _request(rig: Rig, ids: dict[str, str]) -> Message:
    """Let a video of Ben's wait for a moderator."""
    await _choose(rig, approve_above="50", approve_channel=str(at.channel(rig, "general")))
    await rig.card("a dear boat", length=10)
    await rig.eventually(lambda: notice(rig).message_id is not None)
    [request] = [
        one
        for one in rig.discord.messages("general")
        if one.components and labels(one)[0].startswith("Approve")
    ]
    for button in request.components[0]["components"]:
        ids[button["custom_id"].split(":")[1]] = button["custom_id"]
    ids.setdefault("smaller", ids["approve"].replace(":approve:", ":smaller:"))
    ids["form deny"] = ids["deny"]
    await _choose(rig, approve_above=None)
    return request


async def _draft(rig: Rig, ids: dict[str, str]) -> None:
    """Let Ben be asked before a dear video."""
    await _choose(rig, confirm_above="50")
    asked = await rig.ask("a boat to be sure of", length=10)
    assert asked.message is not None
    for button in asked.message.components[0]["components"]:
        ids[button["custom_id"].split(":")[1]] = button["custom_id"]
    await _choose(rig, confirm_above=None)


async def _choose(rig: Rig, **values: str | None) -> None:
    assert rig.app is not None
    for key, value in values.items():
        await rig.app.db.write(spending.put, rig.guild_id, key, value)


def is_quiet(rig: Rig) -> bool:
    """Return whether everybody has been told everything."""
    untold = (
        "SELECT (SELECT count(*) FROM outbox WHERE done = 0)"
        " + (SELECT count(*) FROM job LEFT JOIN showing ON showing.job = job.id"
        "    WHERE job.state = 'completed' AND showing.ping_id IS NULL)"
    )
    return rig.read(lambda tx: bool(tx.execute(untold).fetchone()[0] == 0))


def books(rig: Rig) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that is written anywhere, but for what the world tells by itself."""
    return rig.read(_every_row)


def _every_row(tx: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    cursor = tx.cursor()
    # Plain tuples, as they come: this is asked some hundreds of times.
    cursor.row_factory = None
    tables = cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: cursor.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608
        for (name,) in tables
        if name not in OF_THE_WORLD
    }
