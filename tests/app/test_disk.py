"""The whole bot on a disk that is full, held or failing: nothing paid twice, nobody told a lie."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from jobs import patience, vigil
from jobs.intake import BOOKS, BOOKS_DOUBTFUL
from jobs.patience import ORDER_PATIENCE_S, PATIENCE_S
from jobs.tidy import TIDY_EVERY_S
from models import State
from playground.neuralbox import faults
from storage import connections, invariants, mounts, schema, transactions
from storage.database import BALLAST, BALLAST_BYTES, DATABASE
from storage.errors import UnusableDatabaseError
from tests.rig import Rig
from tests.storage.disk import FULL, OK, Disk, DiskUnavailableError, Op

pytestmark = pytest.mark.long


@pytest.fixture
async def disk(rig: Rig) -> AsyncIterator[Disk]:
    """The disk of a bot that knows its prices."""
    try:
        with Disk(rig.data, keeps=False).in_place() as disk:
            await rig.start_bot()
            await rig.refreshed()
            yield disk
    except DiskUnavailableError as error:
        pytest.skip(str(error))


def _full(for_: Callable[[Op], bool]) -> Callable[[Op], int]:
    return lambda op: FULL if op.kind == "write" and op.what == "wal" and for_(op) else OK


def _is_closed_by(rig: Rig, name: str) -> bool:
    assert rig.app is not None
    return name in rig.app.intake.reasons


@pytest.mark.fault("D5")
async def test_a_disk_that_is_full_when_a_video_is_asked_for_refuses_it_for_nothing(
    rig: Rig, disk: Disk
) -> None:
    # What the loops write meanwhile would spend the ballast, which is another test's subject.
    disk.fail = _full(lambda op: b"a boat on a full disk" in op.data)
    assert "Nothing was charged" in await rig.refusal("a boat on a full disk")
    disk.fail = lambda _op: OK
    assert rig.jobs_in() == []
    assert rig.posts() == 0
    assert (rig.data / BALLAST).exists(), "kept for what was paid already"
    card = await rig.card()
    await rig.finished(card)
    rig.sound()


@pytest.mark.fault("D6")
@pytest.mark.fault("D7")
async def test_a_disk_that_fills_up_under_way_costs_the_ballast_and_no_video(
    rig: Rig, disk: Disk
) -> None:
    ballast = rig.data / BALLAST
    rig.box.script(faults.hang_after(3))
    card = await rig.card()
    await rig.eventually(lambda: rig.posts() == 1)
    disk.fail = _full(lambda _op: ballast.exists())
    await rig.clock.advance(4)
    await rig.eventually(lambda: rig.job_of(card).state is State.PENDING)
    assert not ballast.exists()
    assert "short of disk space" in await rig.refusal()
    await rig.finished(card)
    assert rig.job_of(card).state is State.COMPLETED
    assert rig.posts() == 1
    disk.fail = lambda _op: OK
    await rig.run_until(ballast.exists, 2 * vigil.ROUND_S, step_s=60)
    await rig.eventually(lambda: ballast.stat().st_size == BALLAST_BYTES)
    await rig.card()
    rig.sound()


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside of tests, however loaded this machine is."""
    monkeypatch.setattr(patience, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(patience, "ORDER_PATIENCE_S", ORDER_PATIENCE_S)


@contextmanager
def _held_by_another(rig: Rig) -> Iterator[None]:
    with closing(sqlite3.connect(rig.data / DATABASE, isolation_level=None, timeout=5)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.fault("D1")
@pytest.mark.usefixtures("_hurried")
async def test_a_held_file_keeps_nobody_waiting_and_reads_go_on(rig: Rig, disk: Disk) -> None:
    assert disk.root
    assert ORDER_PATIENCE_S + 0.5 <= 2
    with _held_by_another(rig):
        for _ in range(2):
            asked = await rig.discord.slash("video", prompt="a boat that finds no room")
            assert (await asked.answer(timeout=3)).kind, "Discord itself waits no longer"
            refusal = await asked.final()
            assert refusal.ephemeral_for is not None
            assert "busy right now. Nothing was charged" in refusal.content
        reading = await (await rig.discord.slash("help")).answer(timeout=3)
        assert reading.message is not None
        assert "</video:" in reading.message.embeds[0]["description"]
    assert rig.jobs_in() == [], "nor afterwards"
    card = await rig.card()
    await rig.finished(card)
    rig.sound()


@pytest.mark.fault("D1")
@pytest.mark.usefixtures("_hurried")
async def test_a_held_file_refuses_what_writes_and_has_no_sign_of_waiting_within_a_second(
    rig: Rig, disk: Disk
) -> None:
    assert disk.root
    assert PATIENCE_S + 0.25 <= 1
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "settings": ("pictures", {"whose": "own"}),
        "budget": ("pause", {"reason": "maintenance"}),
        "preferences": ("pings", {"on": False}),
    }
    with _held_by_another(rig):
        for command, (subcommand, options) in wanted.items():
            used = await rig.discord.slash(
                command, subcommand=subcommand, options=options, member="Ada"
            )
            told = await used.answer(timeout=3)
            assert told.ephemeral
            assert told.message is not None, "the first sign is the sentence itself"
            assert "busy right now. Nothing was charged" in told.message.content
    assert rig.read(lambda tx: tx.execute("SELECT 1 FROM change").fetchone()) is None


@pytest.mark.fault("D1")
async def test_the_loops_wait_for_a_held_file_and_then_go_on(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (connections, transactions):
        monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.1)
    await rig.start_bot()
    await rig.refreshed()
    with _held_by_another(rig):
        await rig.clock.advance(TIDY_EVERY_S + 1)
        await rig.eventually(lambda: "the submitter has to wait" in caplog.text)
    assert "Traceback" not in caplog.text
    await rig.clock.advance(2)
    await rig.finished(await rig.card())
    rig.sound()


@pytest.mark.fault("D11")
@pytest.mark.fault("D12")
async def test_books_that_do_not_add_up_at_night_stop_spending_and_nothing_else(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.start_bot()
    await rig.refreshed()
    with closing(sqlite3.connect(rig.data / DATABASE, isolation_level=None)) as other:
        other.execute("INSERT INTO account (id, spent) VALUES ('guild:99', 4096)")
        await rig.run_until(lambda: _is_closed_by(rig, BOOKS), 25 * 3600, step_s=600)
        assert "I01 a balance is the sum of its entries" in caplog.text
        assert BOOKS_DOUBTFUL in await rig.refusal()
        assert rig.posts() == 0
        reading = await (await rig.discord.slash("help")).answer(timeout=3)
        assert reading.message is not None
        assert "</video:" in reading.message.embeds[0]["description"]
        other.execute("DELETE FROM account WHERE id = 'guild:99'")
    await rig.run_until(lambda: not _is_closed_by(rig, BOOKS), 2 * 3600, step_s=600)
    await rig.card()
    rig.sound()


@pytest.mark.fault("D12")
async def test_while_the_books_are_in_doubt_what_was_promised_is_not_sent_yet(rig: Rig) -> None:
    await rig.start_bot()
    await rig.refreshed()
    rig.box.script(faults.rate_limited(60))
    card = await rig.card()
    await rig.eventually(lambda: rig.posts() == 1)
    await rig.eventually(lambda: rig.job_of(card).state is State.QUEUED)
    assert rig.app is not None
    rig.app.intake.close(BOOKS, BOOKS_DOUBTFUL)
    for _ in range(30):
        await rig.clock.advance(10)
        await asyncio.sleep(0)
    assert rig.job_of(card).state is State.QUEUED
    assert rig.posts() == 1
    rig.app.intake.open(BOOKS)
    await rig.finished(card)
    assert rig.job_of(card).state is State.COMPLETED
    rig.sound()


@pytest.mark.fault("D14")
async def test_a_reader_that_never_ends_is_told_of_once(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vigil.LONG_LOG_BYTES == 64 * 1024 * 1024
    monkeypatch.setattr(vigil, "LONG_LOG_BYTES", 1024 * 1024)
    await rig.start_bot()
    await rig.refreshed()
    assert rig.app is not None
    with closing(sqlite3.connect(rig.data / DATABASE, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM job").fetchone()
        for number in range(3):
            await rig.app.db.write(_keep, number, "x" * 1_000_000)
        with caplog.at_level(logging.ERROR):
            await rig.clock.advance(3 * vigil.ROUND_S + 1)
            await rig.eventually(lambda: "keeps the database open for reading" in caplog.text)
        assert caplog.text.count("keeps the database open for reading") == 1
    await rig.card()
    rig.sound()


def _keep(tx: sqlite3.Connection, number: int, text: str) -> None:
    tx.execute("INSERT INTO setting (scope, k, v) VALUES ('test', ?, ?)", (f"{number}", text))


@pytest.mark.fault("D15")
async def test_a_network_disk_is_refused_unless_the_host_takes_the_risk(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"/dev/vda / ext4 rw 0 0\nnas:/share {tmp_path} nfs4 rw,vers=4.2 0 0\n")
    monkeypatch.setattr(mounts, "MOUNTS", table)
    rig.is_furnished = False
    with pytest.raises(UnusableDatabaseError, match=r"network file system \(nfs4\)"):
        await rig.start_bot()
    await rig.stop_bot()
    assert not (rig.data / DATABASE).exists()
    assert not rig.discord.connected
    rig.configure("storage", allow_network_disk=True)
    await rig.start_bot()
    assert rig.discord.connected


@pytest.mark.fault("D10")
async def test_without_its_log_the_file_is_older_and_the_sweep_books_what_nobody_claims(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Deleted by hand after a kill: the jobs of that time are gone, and what they cost is not."""
    await rig.start_bot()
    await rig.refreshed()
    await rig.finished(await rig.card("a boat that is remembered"))
    await rig.restart_bot()
    await rig.eventually(lambda: not _is_closed_by(rig, "recovery"))
    await rig.finished(await rig.card("a boat that is forgotten"))
    path = rig.data / DATABASE
    assert path.with_name(f"{DATABASE}-wal").stat().st_size > 0
    without_log = path.read_bytes()
    await rig.stop_bot()
    path.write_bytes(without_log)
    await rig.start_bot()
    assert len(rig.jobs_in()) == 1
    await rig.run_until(lambda: _booked(rig) == rig.box.charged_total, 3 * 3600, step_s=60)
    assert rig.posts() == 2, "nothing was sent again"
    assert rig.read(invariants.violations) == {}
    await rig.eventually(lambda: "told apart as nobody's here" in caplog.text)
    await rig.eventually(lambda: not _is_closed_by(rig, "recovery"))
    await rig.card("and new ones are taken")


def _booked(rig: Rig) -> int:
    """What the ledger spent, and what the sweep found that nobody claims."""
    foreign = "SELECT coalesce(sum(tokens), 0) FROM vendor_claim WHERE how = 'foreign'"
    found = rig.read(lambda tx: int(tx.execute(foreign).fetchone()[0]))
    return rig.account("org").spent_tokens + found


@pytest.mark.fault("D9")
@pytest.mark.parametrize("what", ["the log", "the lock", "the directory above"])
async def test_what_is_in_the_way_is_said_before_discord_is_asked(rig: Rig, what: str) -> None:
    schema.prepare(rig.data / DATABASE)
    if what == "the log":
        (rig.data / f"{DATABASE}-wal").mkdir()
    elif what == "the lock":
        (rig.data / "reelbox.lock").mkdir()
    else:
        rig.configure("storage", data_dir=str(rig.data / DATABASE / "data"))
    with pytest.raises(UnusableDatabaseError, match="cannot be used"):
        await rig.start_bot()
    await rig.stop_bot()
    assert rig.discord.parts.rest.requests == 0


@pytest.mark.fault("D11")
async def test_a_damaged_file_is_kept_as_it_is_and_nobody_logs_in(rig: Rig) -> None:
    path = rig.data / DATABASE
    schema.prepare(path)
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 20 : 4096 * 30] = bytes(range(256)) * 160
    path.write_bytes(damaged)
    with pytest.raises(UnusableDatabaseError, match="restore the newest backup"):
        await rig.start_bot()
    await rig.stop_bot()
    assert path.read_bytes() == bytes(damaged)
    assert rig.discord.parts.rest.requests == 0
