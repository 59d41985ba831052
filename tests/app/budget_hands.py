"""What admins and members do with budgets, in one call each, for the tests of this room."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from models import Job, State
from playground.discord.interactions import Answer, Interaction
from playground.discord.stage import Stage
from playground.discord.world import Message
from storage import choices, notices
from storage.choices import Change
from storage.notices import Notice
from tests.app.hands import roomy
from tests.rig import Rig

SECOND = "Second Server"
MONTH_END = 1_801_440_000
"""2027-02-01 00:00 UTC: when the month ends in which the rig's clock starts."""


async def purse_rig(rig: Rig, **budget: Any) -> Rig:
    """Start a bot with prices known and none of the host's limits but those given."""
    roomy(rig)
    rig.configure("budget", **{"guild_tokens": 0, **budget})
    await rig.start_bot()
    await rig.refreshed()
    return rig


async def answer(rig: Rig, subcommand: str, options: dict[str, Any], **who: Any) -> Answer:
    """Use a subcommand of /budget (Ada, in #videos, unless `who` says otherwise)."""
    who.setdefault("member", "Ada")
    used = await rig.discord.slash("budget", subcommand=subcommand, options=options, **who)
    first = private(await used.answer())
    await used.final()
    return first


def private(answered: Answer) -> Answer:
    """Return the answer; it must be for one member alone and notify nobody."""
    assert answered.ephemeral, answered
    assert answered.message is not None, answered
    assert answered.message.notified == frozenset()
    return answered


def words(answered: Answer | Message) -> str:
    """Return everything that an answer says: its content, then its embeds' parts in order."""
    message = answered if isinstance(answered, Message) else answered.message
    assert message is not None
    lines = [message.content]
    for embed in message.embeds:
        lines += [embed.get("title", ""), embed.get("description", "")]
        for field in embed.get("fields", []):
            lines += [field["name"], field["value"]]
        lines.append(embed.get("footer", {}).get("text", ""))
    return "\n".join(filter(None, lines))


async def budget(rig: Rig, subcommand: str, who: str = "Ada", **options: Any) -> str:
    """Use a subcommand of /budget in #videos; return what it says."""
    return words(await answer(rig, subcommand, options, member=who))


async def tokens(rig: Rig, who: str = "Ben", **place: Any) -> str:
    """Use /tokens; return what it says."""
    used = await rig.discord.slash("tokens", member=who, **place)
    return words(private(await used.answer()))


def changes(rig: Rig, guild: str | None = None) -> list[Change]:
    """Return the trail of a guild's budget, oldest first."""
    guild_id = rig.discord.world.guild(guild).id
    found = rig.read(lambda tx: choices.list_changes(tx, guild_id, 1000, of_budget=True))
    return found[::-1]


def told(rig: Rig, kind: str | None = None) -> list[Notice]:
    """Return the messages written for admins, oldest first."""
    select = "SELECT guild_id, mark FROM notice ORDER BY id"
    keys = rig.read(lambda tx: [tuple(row) for row in tx.execute(select)])
    found = [rig.read(lambda tx, key=key: notices.find(tx, *key)) for key in keys]  # type: ignore[misc]
    return [one for one in found if one is not None and kind in (None, one.kind)]


def grants(rig: Rig) -> list[tuple[str, int, int | None, str]]:
    """Return the ledger's limit movements: account, by how much, in whose name, why."""
    select = "SELECT account, d_lim, actor, reason FROM entry WHERE kind = 'grant' ORDER BY seq"
    return rig.read(lambda tx: [tuple(row) for row in tx.execute(select)])


def untouched(rig: Rig) -> bool:
    """Say whether no admin's act left a trace anywhere."""
    tables = ("change", "pool", "cap", "bonus", "restart", "pot", "halt", "setting", "notice")
    where = {"setting": " WHERE scope LIKE 'spending:%'"}
    return rig.read(
        lambda tx: all(
            tx.execute(f"SELECT 1 FROM {name}{where.get(name, '')}").fetchone() is None  # noqa: S608
            for name in tables
        )
    )


def open_to_everyone(rig: Rig, command: str = "budget") -> None:
    """What a server's admin may do under Integrations: let everybody use a command."""
    rig.discord.parts.commands.find(rig.guild_id, command, 1)["default_member_permissions"] = None


def forge(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], None]) -> None:
    """Let interactions arrive otherwise than the local Discord would write them."""
    send = Stage.send

    def forged(self: Stage, interaction: Interaction) -> None:
        change(interaction.payload)
        send(self, interaction)

    monkeypatch.setattr(Stage, "send", forged)


def leaf(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the options of the innermost subcommand of a command's payload."""
    options: list[dict[str, Any]] = payload["data"].setdefault("options", [])
    while options and options[0]["type"] in (1, 2):
        options = options[0].setdefault("options", [])
    return options


def stamps(text: str) -> set[int]:
    """Return the moments that a text shows as Discord timestamps."""
    return {int(found) for found in re.findall(r"<t:(\d+):[A-Za-z]>", text)}


def user(rig: Rig, name: str) -> int:
    return rig.discord.world.user(name).id


def channel(rig: Rig, name: str) -> int:
    return rig.discord.world.channel(name).id


def unfinished(rig: Rig) -> list[Job]:
    return [job for job in rig.jobs_in() if not job.state.is_final]


async def all_done(rig: Rig) -> None:
    """Let the clock run until every job has ended and is settled."""
    await rig.run_until(lambda: not unfinished(rig))


async def ended(rig: Rig, *messages: Message) -> list[State]:
    """Let the clock run until these cards' jobs have ended; return how."""
    await rig.run_until(lambda: all(rig.job_of(one).state.is_final for one in messages))
    return [rig.job_of(one).state for one in messages]
