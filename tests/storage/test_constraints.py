"""What the CHECKs of the tables refuse is found where it stands in the file all the same."""

import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from storage import constraints, schema

ROWS = 8
NUMBERS = (-1, 0, 1, 2, 31, 32, 10**9, 10**9 + 1)


def _tables(tx: sqlite3.Connection) -> dict[str, str]:
    rows = tx.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: sql for name, sql in rows if not name.startswith("sqlite_")}


def _value(rng: random.Random, kind: str, words: list[str]) -> object:
    if kind == "TEXT":
        return rng.choice([*words, *words, "strange", "", "x" * 68, "x" * 20_001])
    return rng.choice(NUMBERS)


def _insert(tx: sqlite3.Connection, rng: random.Random, table: str, sql: str) -> None:
    words = re.findall(r"'(\w+)'", sql)
    values = {
        name: None if not kept and rng.random() < 0.3 else _value(rng, kind, words)
        for _, name, kind, kept, *_ in tx.execute(f"PRAGMA table_info({table})").fetchall()
    }
    marks = ", ".join("?" * len(values))
    tx.execute(f"INSERT INTO {table} VALUES ({marks})", list(values.values()))  # noqa: S608


@pytest.mark.fault("D11")
def test_a_row_is_found_if_and_only_if_sqlite_finds_it() -> None:
    rng, seen = random.Random(1), Counter[bool]()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as tx:
        schema.bring_up_to_date(tx, 0)
        names = tx.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            tx.execute(f"DROP TRIGGER {name}")
        for table, sql in _tables(tx).items():
            assert len(constraints.of(sql)) == sql.count("CHECK")
            for _ in range(ROWS if constraints.of(sql) else 0):
                tx.execute("BEGIN")
                tx.execute("PRAGMA ignore_check_constraints = ON")
                tx.execute(f"DELETE FROM {table}")  # noqa: S608
                _insert(tx, rng, table, sql)
                tx.execute("PRAGMA ignore_check_constraints = OFF")
                said = [row[0] for row in tx.execute(f"PRAGMA quick_check('{table}')")]
                is_broken = f"CHECK constraint failed in {table}" in said
                assert (table in constraints.broken(tx)) is is_broken, table
                seen[is_broken] += 1
                tx.execute("ROLLBACK")
    assert min(seen[True], seen[False]) > ROWS


@pytest.mark.fault("D11")
def test_a_file_with_a_row_that_breaks_a_rule_is_damaged_and_the_rules_stay_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "reelbox.sqlite3"
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.execute("PRAGMA ignore_check_constraints = ON")
        tx.execute("INSERT INTO price VALUES ('a model', 5, 0, 1, 0)")
        tx.execute("PRAGMA ignore_check_constraints = OFF")
        version = schema.newest_version()
        for wholly in (False, True):
            found = schema.find_damage(tx, version, wholly=wholly)
            assert found == "is damaged (a row breaks the rules of price)"
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            tx.execute("INSERT INTO price VALUES ('another', 5, 0, 1, 0)")


def test_words_that_look_like_a_rule_are_none() -> None:
    sql = """CREATE TABLE t ( -- (it's kept: CHECK (this)
      a TEXT CHECK (a <> ')' AND length(a) < (1 + 2)), -- ' and (
      b INTEGER, CHECK(b > 0)
    )"""
    assert constraints.of(sql) == ["a <> ')' AND length(a) < (1 + 2)", "b > 0"]
