"""`python bot.py doctor`, as a host runs it, on data directories as they come."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import bot
from jobs import moves
from models import Asker, Order, Quote, State, VideoRequest
from neuralbox import Generation, Status
from storage import claims, jobs, ledger, outbox, readings, schema, settings
from storage.lock import instance_lock
from storage.readings import Books

ROOT = Path(__file__).parents[1]
NOW = int(time.time())
DAY_S = 24 * 3600
SECRETS = {"DISCORD_TOKEN": "very.secret.token", "NEURALBOX_API_KEY": "nb_very_secret_key"}
PROMPT = "a prompt that belongs on no page"


class Host:
    """A person with a shell and a data directory."""

    def __init__(self, directory: Path) -> None:
        self.config = directory / "config.toml"
        self.data = directory / "data"
        self.path = self.data / "reelbox.sqlite3"
        self.config.write_text(f'[storage]\ndata_dir = "{self.data}"\nmin_free_mib = 1\n')

    def make_books(self) -> None:
        """Make the directory and an empty file as the bot would."""
        self.data.mkdir(mode=0o700)
        schema.prepare(self.path)

    @contextmanager
    def books(self) -> Iterator[sqlite3.Connection]:
        """Change the books as the bot would, in one transaction."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()

    def doctor(self, *options: str) -> tuple[int, str]:
        """Run the doctor; return its exit code and what it printed."""
        done = subprocess.run(
            [sys.executable, "bot.py", "doctor", "--config", str(self.config), *options],
            cwd=ROOT,
            env={**os.environ, **SECRETS},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stderr == ""
        for secret in (*SECRETS.values(), PROMPT):
            assert secret not in done.stdout
        return done.returncode, done.stdout

    def urgent(self) -> list[str]:
        """Run the doctor, which must find something; return what needs the host."""
        code, page = self.doctor()
        assert code == bot.EXIT_BROKEN
        return [line for line in page.splitlines() if line.startswith("ATTENTION")]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def _pending(tx: sqlite3.Connection, number: int, at: int) -> int:
    asker = Asker(number, "token", 11, 31, 21, 10 << 20)
    order = Order(VideoRequest(PROMPT, "kling-v2.1", 5, "16:9"))
    limits = ledger.Limits(0, 0, 0)
    quote = Quote(44, 1)
    kept = moves.reserve(tx, asker, order, quote, f"print {number}", limits, (100, 100), at)
    moves.enqueue(tx, kept.job.id, 31, number)
    moves.begin_submit(tx, kept.job.id, 1, at, at + 60, at)
    moves.accept(tx, kept.job.id, State.SUBMITTING, f"g{number}", "answer", at)
    return kept.job.id


def _ended(tx: sqlite3.Connection, number: int, cost_tokens: int) -> int:
    job_id = _pending(tx, number, NOW - 600)
    generation = Generation(
        f"g{number}", Status.COMPLETED, result_url="https://x/1.mp4", cost_tokens=cost_tokens
    )
    moves.finish(tx, job_id, generation, NOW - 400, NOW - 300)
    return job_id


def test_all_is_well_with_a_directory_in_use_for_a_while(host: Host) -> None:
    host.make_books()
    with host.books() as tx:
        readings.put(tx, 1500, Books(0, 0, 0), NOW - 3 * DAY_S)
        _pending(tx, 1, NOW - 300)
        _ended(tx, 2, 44)
        readings.put(tx, 1456, Books(44, 0, 44), NOW - 60)
        settings.set_counter(tx, moves.BALANCE, 1456)
        settings.set_counter(tx, moves.BALANCE_AT, NOW - 60)
        settings.set_counter(tx, "swept_at", NOW + 2 * 3600)
    code, page = host.doctor()
    assert code == 0, page
    assert "ATTENTION" not in page
    assert page.endswith("All is well.\n")
    assert "config.toml is fine" in page
    assert f"SQLite {sqlite3.sqlite_version}" in page
    assert "the bot is not running" in page
    assert "invariants hold" in page
    # The process looks at the real clock, a while after this file was read.
    oldest = re.search(r"1 pending, 44 tokens held, the oldest for (\d+) min", page)
    read = re.search(r"1,456 tokens at NeuralBox, read (\d+) min ago", page)
    assert oldest is not None and read is not None, page
    assert int(oldest[1]) - int(read[1]) == 4
    assert "books and balance agree" in page


def test_it_writes_nothing_and_lets_a_bot_start(host: Host) -> None:
    host.make_books()
    before = {path.name: path.read_bytes() for path in host.data.iterdir()}
    assert host.doctor()[0] == 0
    after = {path.name: path.read_bytes() for path in host.data.iterdir()}
    assert {name: after[name] for name in before} == before
    assert not any(body for name, body in after.items() if name.endswith("-wal"))
    with instance_lock(host.data / "reelbox.lock"):
        assert "the bot is running" in host.doctor()[1]
    assert "the bot is not running" in host.doctor()[1]


def test_what_a_running_bot_has_just_written_is_seen(host: Host) -> None:
    host.make_books()
    with instance_lock(host.data / "reelbox.lock"):
        writer = sqlite3.connect(host.path, isolation_level=None)
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.row_factory = sqlite3.Row
        writer.execute("BEGIN IMMEDIATE")
        _pending(writer, 1, NOW)
        writer.execute("COMMIT")
        writer.execute("BEGIN IMMEDIATE")
        assert "1 pending" in host.doctor()[1], "also while it is writing"
        writer.close()


def test_a_missing_directory_is_said_with_where_it_was_looked_for(host: Host) -> None:
    [line] = host.urgent()
    assert str(host.data) in line
    assert "storage.data_dir" in line
    assert not host.data.exists()


def test_a_directory_without_books_is_not_the_right_one(host: Host) -> None:
    host.data.mkdir()
    [line] = host.urgent()
    assert "there is no reelbox.sqlite3" in line
    assert not list(host.data.iterdir())


def test_a_mistake_in_the_configuration_is_the_first_thing_to_mend(host: Host) -> None:
    host.config.write_text("[storage]\nkeep_days = 0\n")
    [line] = host.urgent()
    assert "keep_days" in line


def test_a_file_that_is_no_database_is_said_in_a_sentence(host: Host) -> None:
    host.data.mkdir()
    host.path.write_bytes(b"not a database at all" * 100)
    [line] = host.urgent()
    assert "restore the newest backup" in line


def test_a_damaged_page_is_found(host: Host) -> None:
    host.make_books()
    with host.books() as tx:
        for number in range(40):
            _ended(tx, number, 44)
    with host.path.open("r+b") as file:
        file.seek(30 * 4096 + 100)
        file.write(b"\xff" * 2000)
    assert any("books" in line for line in host.urgent())


def test_books_changed_by_hand_do_not_add_up(host: Host) -> None:
    host.make_books()
    with host.books() as tx:
        _ended(tx, 1, 44)
        tx.execute("UPDATE account SET spent = 5 WHERE id LIKE 'guild:%'")
    lines = host.urgent()
    assert any("I01 a balance is the sum of its entries" in line for line in lines)
    assert all("restore the newest backup" in line for line in lines)


def test_a_newer_schema_is_not_guessed_at(host: Host) -> None:
    host.make_books()
    with host.books() as tx:
        tx.execute("PRAGMA user_version = 99")
    [line] = host.urgent()
    assert "written by a newer Reelbox (schema 99" in line


def test_an_older_schema_waits_for_the_next_start(host: Host) -> None:
    host.data.mkdir()
    connection = sqlite3.connect(host.path, isolation_level=None)
    number, script = schema.migrations()[0]
    connection.executescript(
        f"{script}; PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = {number}"
    )
    connection.close()
    code, page = host.doctor()
    assert code == 0
    assert "schema 1; the next start of this version brings it to" in page


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("two candidates in the history", "look both up in NeuralBox's history"),
        ("overdue", "not finished after a day"),
        ("answer 307: elsewhere", "see the log for this job's number"),
    ],
)
def test_a_job_that_waits_for_a_person_comes_with_what_to_do(
    host: Host, reason: str, advice: str
) -> None:
    host.make_books()
    with host.books() as tx:
        job_id = _pending(tx, 1, NOW - 2 * 3600)
        jobs.set_attention(tx, job_id, reason)
    [line] = host.urgent()
    assert f"job {job_id} (pending, 44 tokens" in line
    assert reason in line
    assert advice in line


def test_a_job_that_ended_oddly_is_before_the_host_for_a_week(host: Host) -> None:
    host.make_books()
    with host.books() as tx:
        job_id = _ended(tx, 1, 90)
        tx.execute("DELETE FROM setting WHERE scope = ?", (moves.PAUSED_MODELS,))
    [line] = host.urgent()
    assert "overrun" in line
    with host.books() as tx:
        tx.execute("UPDATE event SET at = ? WHERE job = ?", (NOW - 8 * DAY_S, job_id))
    assert host.doctor()[0] == 0


def test_an_old_hold_a_paused_model_an_empty_account_and_lost_tokens_need_the_host(
    host: Host,
) -> None:
    host.make_books()
    with host.books() as tx:
        _pending(tx, 1, NOW - 2 * DAY_S)
        settings.put(tx, moves.PAUSED_MODELS, "kling-v2.1", "1")
        readings.put(tx, 1500, Books(0, 0, 0), NOW - 3 * DAY_S)
        readings.put(tx, 0, Books(0, 0, 44), NOW - 60)
        settings.set_counter(tx, moves.BALANCE_AT, NOW - 60)
        settings.set_counter(tx, "swept_at", NOW + 2 * 3600)
    hold, empty, lost, paused = host.urgent()
    assert "44 tokens are held for 1 job older than a day" in hold
    assert "add tokens" in empty
    assert "took at least 1,456 tokens" in lost
    assert "kling-v2.1 is paused" in paused


def test_strangers_and_messages_without_a_place_are_noted_and_disputes_need_the_host(
    host: Host,
) -> None:
    host.make_books()
    with host.books() as tx:
        for number in range(25):
            claims.claim(tx, f"f{number}", None, "foreign", 10, at=NOW - 1000 + number)
        job_id = _ended(tx, 1, 44)
        row = outbox.find_last_word(tx, job_id)
        outbox.park(tx, row, NOW)
    code, page = host.doctor()
    assert code == 0
    assert "nobody here asked for: 25, 250 tokens" in page
    assert "f24: 10 tokens" in page
    assert "f5:" in page
    assert "f4:" not in page
    assert "1 result could not be brought to 1 server" in page
    with host.books() as tx:
        [booked] = claims.list_booked(tx, ["g1"])
        claims.dispute(tx, booked, 0, "failed", NOW)
    [line] = host.urgent()
    assert f"tells g1 (job {job_id}) as failed for 0 tokens, booked were 44" in line


def test_a_pause_of_the_host_is_noted_and_is_no_fault(host: Host) -> None:
    host.make_books()
    assert "intake" not in host.doctor()[1]
    with host.books() as tx:
        kept = json.dumps({"at": NOW - 3 * 3600, "by": 77, "reason": "moving house"})
        settings.put(tx, "host", "pause", kept)
    code, page = host.doctor()
    assert code == 0
    [line] = [line for line in page.splitlines() if " intake " in line]
    assert line.startswith("note")
    assert "paused by the host (member 77) since" in line
    assert ", 3 h ago: moving house; /admin resume takes new videos again" in line


def test_a_program_may_read_it(host: Host) -> None:
    host.make_books()
    code, page = host.doctor("--json")
    found: list[dict[str, Any]] = json.loads(page)
    assert code == 0
    assert all(set(each) == {"level", "topic", "text"} for each in found)
