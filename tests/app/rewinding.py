"""Books put back to an earlier day, and what is asked of a bot that finds itself with them."""

from pathlib import Path

from jobs import aftermath
from models import State
from playground.discord.world import Message
from storage import backup, backup_restore, claims, invariants, rewound
from tests.app.hands import roomy
from tests.rig import Rig

OPEN = tuple(State)[:5]
HOUR_S = 3600
STEP_S = 20.0


async def begin(rig: Rig) -> None:
    """Start a bot for which limits, plans and real time are not what is asked."""
    roomy(rig)
    rig.configure(
        "limits",
        in_flight_total=100,
        in_flight_per_guild=100,
        in_flight_per_member=100,
        unfinished_per_member=1000,
        unfinished_per_guild=1000,
        commands_per_minute=1000,
    )
    rig.configure("video", models=["kling-v2.1"])
    rig.box.allowance.limit_hour = rig.box.allowance.limit_day = None
    await rig.start_bot()
    await rig.refreshed()


def books_of(rig: Rig) -> Path:
    """The file of them."""
    return rig.data / "reelbox.sqlite3"


def back_up(rig: Rig) -> Path:
    """Make a backup of this very moment, as the command does."""
    now = int(rig.clock.now())
    target = rig.data / backup.name_for(now)
    backup.make(books_of(rig), target, now)
    return target


async def restore(rig: Rig, copy: Path) -> None:
    """Stop the bot and restore; the next start is the test's."""
    await rig.stop_bot()
    backup_restore.restore(copy, books_of(rig), int(rig.clock.now()))


def is_rewound(rig: Rig) -> bool:
    """Whether the books are known to be older than the world."""
    return rig.read(rewound.find) is not None


def bots_messages(rig: Rig) -> dict[int, tuple[int, ...]]:
    """Return the bot's messages in every channel."""
    found: dict[int, list[int]] = {}
    for message in rig.discord.world.messages.values():
        if message.author.bot and message.ephemeral_for is None:
            found.setdefault(message.channel_id, []).append(message.id)
    return {channel: tuple(sorted(ids)) for channel, ids in found.items()}


def recovered(rig: Rig) -> tuple[int, int]:
    """Return how many videos, and tokens, the last recovery found nobody for."""
    last = rig.read(rewound.find_last)
    assert last is not None
    return rig.read(lambda tx: aftermath.sum_unknown(tx, last))


def all_booked(rig: Rig) -> None:
    """Nothing is missing between the vendor's books, ours, and what is nobody's here."""
    assert rig.read(invariants.violations) == {}
    _count, foreign = rig.read(claims.sum_foreign)
    assert rig.account("org").spent_tokens + foreign == rig.box.charged_total
    assert rig.account("org").held_tokens == 0


async def in_state(rig: Rig, card: Message, state: State) -> None:
    """Return when a card's job is that."""
    await rig.eventually(lambda: rig.job_of(card).state is state)


async def waits(rig: Rig, card: Message) -> None:
    """Return when the vendor has refused a card's job for now, and the books say so."""
    await rig.eventually(
        lambda: rig.job_of(card).state is State.QUEUED and rig.job_of(card).next_at > 0
    )


def open_messages(rig: Rig) -> int:
    """Return how many messages are still to be brought."""
    count = "SELECT count(*) FROM outbox WHERE done = 0"
    return rig.read(lambda tx: int(tx.execute(count).fetchone()[0]))


async def recovery_over(rig: Rig) -> None:
    """Let the clock run until the books and the world agree again, and everybody is told."""
    await rig.run_until(lambda: not is_rewound(rig) and not open_messages(rig), HOUR_S, STEP_S)


async def all_over(rig: Rig) -> None:
    """Let the clock run until no job is unfinished, and everybody is told."""
    await rig.run_until(lambda: not rig.jobs_in(*OPEN) and not open_messages(rig), HOUR_S, STEP_S)
