"""Readings of the vendor's balance judged against books that learn of a cost only later."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs import accounting
from jobs.reconcile import SWEPT_AT
from storage import claims, readings, schema, settings
from storage.readings import Books, Verdict

BEGIN = 1_800_000_000
HOUR_S = 3600


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "books.sqlite3"
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        settings.set_counter(connection, SWEPT_AT, BEGIN + 1000 * HOUR_S)
        _read(connection, 0, 1000)
        yield connection


def _read(
    tx: sqlite3.Connection, hours: int, balance: int, spent: int = 0, open_tokens: int = 0
) -> None:
    readings.put(tx, balance, Books(spent, 0, open_tokens), BEGIN + hours * HOUR_S)


def _judged(tx: sqlite3.Connection, hours: int) -> list[Verdict]:
    return accounting.conclude(tx, BEGIN + hours * HOUR_S)


def _stranger(tx: sqlite3.Connection, name: str, hours: int, tokens: int | None = None) -> None:
    claims.claim(tx, name, None, "foreign", tokens, at=BEGIN + hours * HOUR_S)


def _missing_40(tx: sqlite3.Connection) -> None:
    """A stranger's video of 50, its cost not told yet, while a job of ours (10) is under way."""
    _stranger(tx, "x1", 1)
    _read(tx, 8, 950, open_tokens=10)
    [verdict] = _judged(tx, 9)
    assert (verdict.kind, verdict.tokens, verdict.is_settled) == ("missing", 40, False)


def test_a_cost_that_is_learned_later_explains_what_was_missing(tx: sqlite3.Connection) -> None:
    _missing_40(tx)
    claims.learn_costs(tx, {"x1": 50})
    _read(tx, 14, 940, spent=10)
    [verdict] = _judged(tx, 15)
    assert (verdict.kind, verdict.tokens, verdict.found_tokens) == ("agrees", 0, 40)
    said = accounting.sentence(tx, verdict)
    assert "40 tokens told as missing before are explained now" in said
    assert "x1: 50 tokens, made 2027-01-15 09:00 UTC" in said
    assert "added" not in said
    [missing] = readings.list_missing(tx, 0)
    assert "counted only later, and a part of it: x1: 50 tokens" in accounting.sentence(tx, missing)
    _read(tx, 20, 940, spent=10)
    [later] = _judged(tx, 21)
    assert (later.kind, later.found_tokens) == ("agrees", 0)


def test_tokens_turn_up_once_however_long_jobs_are_under_way(tx: sqlite3.Connection) -> None:
    _missing_40(tx)
    claims.learn_costs(tx, {"x1": 50})
    _read(tx, 14, 940, open_tokens=10)
    _read(tx, 20, 940, spent=10, open_tokens=5)
    _read(tx, 26, 940, spent=10)
    # While 10 may be for the job under way, so much of the 50 is not known to have gone.
    assert [(one.kind, one.found_tokens) for one in _judged(tx, 27)] == [
        ("agrees", 30),
        ("agrees", 10),
        ("agrees", 0),
    ]


def test_what_was_added_beside_is_still_told_as_added(tx: sqlite3.Connection) -> None:
    _missing_40(tx)
    claims.learn_costs(tx, {"x1": 50})
    _read(tx, 14, 1940, spent=10)
    [verdict] = _judged(tx, 15)
    assert (verdict.kind, verdict.tokens, verdict.found_tokens) == ("added", -1000, 40)
    said = accounting.sentence(tx, verdict)
    assert said.startswith("1,000 tokens were added")
    assert "40 tokens told as missing before are explained now" in said
    assert "x1: 50 tokens" in said


def test_without_a_cost_learned_what_comes_back_was_added(tx: sqlite3.Connection) -> None:
    _missing_40(tx)
    _read(tx, 14, 980, spent=10)
    [verdict] = _judged(tx, 15)
    assert (verdict.kind, verdict.tokens, verdict.found_tokens) == ("added", -30, 0)


def test_what_was_made_after_a_reading_does_not_explain_what_it_missed(
    tx: sqlite3.Connection,
) -> None:
    _missing_40(tx)
    _stranger(tx, "x2", 10, 50)
    _read(tx, 14, 990, spent=10)
    [verdict] = _judged(tx, 15)
    assert (verdict.kind, verdict.tokens, verdict.found_tokens) == ("added", -90, 0)


def test_a_job_of_ours_that_is_booked_late_explains_what_was_missing(
    tx: sqlite3.Connection,
) -> None:
    tx.execute("PRAGMA foreign_keys = OFF")
    _read(tx, 8, 906, open_tokens=10)
    [verdict] = _judged(tx, 9)
    assert (verdict.kind, verdict.tokens) == ("missing", 84)
    claims.claim(tx, "ours", 7, "late", 94, at=BEGIN + HOUR_S)
    _read(tx, 14, 896, spent=10)
    [verdict] = _judged(tx, 15)
    assert (verdict.kind, verdict.found_tokens) == ("agrees", 84)
    assert "ours (job 7): 94 tokens" in accounting.sentence(tx, verdict)


def test_a_cost_learned_after_a_quiet_reading_is_told_with_what_was_missing(
    tx: sqlite3.Connection,
) -> None:
    _stranger(tx, "x1", 1)
    _read(tx, 8, 950)
    [missing] = _judged(tx, 9)
    assert (missing.kind, missing.tokens, missing.is_settled) == ("missing", 50, True)
    assert "counted only later" not in accounting.sentence(tx, missing)
    claims.learn_costs(tx, {"x1": 50})
    _read(tx, 14, 950)
    [verdict] = _judged(tx, 15)
    assert (verdict.kind, verdict.found_tokens) == ("agrees", 0)
    said = accounting.sentence(tx, missing)
    assert "The history shows no other video of others" in said
    assert said.endswith("a part of it: x1: 50 tokens, made 2027-01-15 09:00 UTC")


def test_the_line_of_the_day_says_what_turned_up(tx: sqlite3.Connection) -> None:
    assert accounting.day_line(tx, BEGIN) is None
    _missing_40(tx)
    claims.learn_costs(tx, {"x1": 50})
    _read(tx, 14, 940, spent=10)
    _judged(tx, 15)
    line = accounting.day_line(tx, BEGIN + 25 * HOUR_S)
    assert line is not None
    assert line.startswith("books and balance agree: 60 tokens spent since")
    assert "40 told as missing that are explained now" in line
    assert "added" not in line
