import csv
import gzip
import io

import pytest

from jobs import purse, spreadsheet
from jobs.export import Exports, File, What
from models import Period, Spender
from playground.clock import FakeClock
from storage import budgets, ledger, pots
from storage.budgets import Pool
from storage.database import Database
from tests.jobs.past import FREE, Past

GUILD, OTHER_GUILD = 11, 12
MEMBER, FRIEND = 21, 22
NOW = 1_800_000_000  # 2027-01-15 08:00 UTC
PLENTY = 10 * 1024 * 1024
ID = 1_234_567_890_123_456_789

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "  =1+1",
    "\n=1+1",
    "\u3000=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x01=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A1",
    "\ufe63x",
    "\u22121",
    '"=1+1',
    "'=1+1",
    '=HYPERLINK("https://x.test","here")',
    "a cat;=1+1",
    'a cat;"=1+1"',
    "a cat; \uff1d1+1",
    "a cat\n@SUM(A1)",
    "a cat\t+1",
    "\0=1+1",
]


async def export_of(
    db: Database, what: What, most_bytes: int = PLENTY, *, with_prompts: bool = False
) -> File:
    exports = Exports(db, FakeClock(NOW), FREE)
    return await exports.export(GUILD, what, most_bytes, with_prompts=with_prompts)


def rows_of(file: File) -> list[dict[str, str]]:
    content = gzip.decompress(file.content) if file.name.endswith(".gz") else file.content
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


async def test_the_ledger_has_every_leg_of_the_guild_and_its_members_in_order(
    db: Database, past: Past
) -> None:
    first = await past.job(NOW - 100, hold_tokens=94, cost_tokens=44)
    second = await past.job(NOW - 50, FRIEND, outcome="cancelled")
    file = await export_of(db, "ledger")
    rows = rows_of(file)
    assert file.rows == len(rows) == 8
    assert not file.is_cut
    assert [(r["account"], r["kind"], int(r["job"])) for r in rows] == [
        ("member:11:21", "hold", first),
        ("guild:11", "hold", first),
        ("member:11:21", "settle", first),
        ("guild:11", "settle", first),
        ("member:11:22", "hold", second),
        ("guild:11", "hold", second),
        ("member:11:22", "release", second),
        ("guild:11", "release", second),
    ]
    settled = rows[3]
    assert (settled["held_change"], settled["spent_change"]) == ("-94", "44")
    assert (settled["held_after"], settled["spent_after"], settled["limit_after"]) == (
        "0",
        "44",
        "",
    )
    assert [row["member"] for row in rows[:2]] == ["<@21>", ""]
    assert [int(row["entry"]) for row in rows] == sorted(int(row["entry"]) for row in rows)


async def test_the_sum_of_the_guilds_rows_is_its_balance(db: Database, past: Past) -> None:
    for number in range(12):
        outcome = ("completed", "failed", "rejected", "under way", "late")[number % 5]
        await past.job(NOW - 1000 + number, outcome=outcome)
    rows = [row for row in rows_of(await export_of(db, "ledger")) if row["level"] == "guild"]
    account = await db.read(ledger.get, f"guild:{GUILD}")
    assert sum(int(row["held_change"]) for row in rows) == account.held_tokens
    assert sum(int(row["spent_change"]) for row in rows) == account.spent_tokens
    jobs = rows_of(await export_of(db, "jobs"))
    assert sum(int(job["held_tokens"]) for job in jobs) == account.held_tokens
    assert sum(int(job["charged_tokens"]) for job in jobs) == account.spent_tokens


async def test_neither_the_hosts_account_nor_another_guild_is_told(
    db: Database, past: Past
) -> None:
    await past.job(NOW - 100)
    await past.job(NOW - 90, guild_id=OTHER_GUILD, prompt="their secret")
    for what in ("ledger", "jobs"):
        file = await export_of(db, what, with_prompts=True)
        text = file.content.decode()
        assert "org" not in text
        assert "their secret" not in text
        assert all("12" not in row.get("account", "") for row in rows_of(file))
    assert len(rows_of(await export_of(db, "jobs"))) == 1


async def test_jobs_are_told_with_what_was_held_and_charged(db: Database, past: Past) -> None:
    await db.write(budgets.set_pool, GUILD, Pool(1000, Period("month", "Asia/Kolkata")))
    pot_id = await db.write(pots.add, GUILD, 31, 500, None, "party", NOW - 500, NOW + 500)
    await past.job(NOW - 100, ID, 94, 44, model="veo-3")
    await past.job(NOW, FRIEND, 94, outcome="under way", channel_id=99)
    await past.job(NOW, FRIEND, 94, 44, outcome="late", channel_id=99)
    done, running, late = rows_of(await export_of(db, "jobs"))
    assert done == {
        "job": "1",
        "time": "2027-01-15T13:28:20+05:30",
        "epoch_s": str(NOW - 100),
        "member": f"<@{ID}>",
        "channel": "<#31>",
        "model": "veo-3",
        "length_s": "5",
        "outcome": "completed",
        "hold_tokens": "94",
        "held_tokens": "0",
        "charged_tokens": "44",
        "pot": str(pot_id),
    }
    assert (running["outcome"], running["held_tokens"]) == ("under way", "94")
    assert (running["charged_tokens"], running["pot"]) == ("0", "")
    assert (late["outcome"], late["charged_tokens"]) == ("completed", "44")


async def test_limits_are_told_with_who_set_them_and_why(db: Database) -> None:
    await db.write(budgets.set_pool, GUILD, Pool(1000, Period("none")))
    await db.write(purse.apply, FREE, Spender(GUILD, 0), NOW, ID, '=cmd|"x"!A1')
    (row,) = rows_of(await export_of(db, "ledger"))
    assert (row["kind"], row["limit_change"], row["limit_after"]) == ("grant", "1000", "1000")
    assert (row["by"], row["reason"]) == (f"<@{ID}>", '\'=cmd|"x"!A1')


async def test_prompts_are_written_only_when_asked_for_and_never_private_ones(
    db: Database, past: Past
) -> None:
    await past.job(NOW - 100, prompt='a boat, "big"\nand red')
    await past.job(NOW - 90, prompt="a surprise", is_private=True)
    assert b"boat" not in (await export_of(db, "jobs")).content
    file = await export_of(db, "jobs", with_prompts=True)
    assert [row["prompt"] for row in rows_of(file)] == ['a boat, "big"\nand red', ""]
    assert b"surprise" not in file.content


@pytest.mark.fault("H27")
@pytest.mark.parametrize("prompt", HOSTILE)
def test_no_text_becomes_a_formula(prompt: str) -> None:
    safe = spreadsheet.harmless(prompt)
    # Whatever a program passes over at a cell's beginning, it meets the apostrophe first.
    begins = [prompt.replace("\0", "")]
    for separator in ";\t\n\r":
        begins = [part for whole in begins for part in whole.split(separator)]
    for begin in begins:
        if begin.strip(" \u3000\u200b\ufeff\x01\"'")[:1] in tuple("=+-@＝＋－＠\ufe63\u2212"):
            assert f"'{begin}" in safe
    assert not safe.startswith(("\t", "\r"))
    assert safe.replace("'", "") == prompt.replace("\0", "").replace("'", "")


@pytest.mark.parametrize(
    "prompt", ["a cat", "2 + 2 = 4", "a-b", "«=1»", "a cat; a dog", "e\u0301t\u00e9", "<@21>", ""]
)
def test_a_harmless_text_stays_as_it_is(prompt: str) -> None:
    assert spreadsheet.harmless(prompt) == prompt


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert spreadsheet.lines([[-44, 0, None, "-44"]]) == b"-44,0,,'-44\r\n"


@pytest.mark.fault("H27")
async def test_hostile_prompts_and_models_come_out_as_text(db: Database, past: Past) -> None:
    prompts = [prompt for prompt in HOSTILE if "\0" not in prompt]  # none ever gets so far
    for number, prompt in enumerate(prompts):
        await past.job(NOW + number, prompt=prompt, model="=1+1")
    rows = rows_of(await export_of(db, "jobs", with_prompts=True))
    assert len(rows) == len(prompts)
    for row, prompt in zip(rows, prompts, strict=True):
        assert row["prompt"] == spreadsheet.harmless(prompt)
        assert row["model"] == "'=1+1"


async def test_a_file_above_the_limit_is_compressed_and_whole(db: Database, past: Past) -> None:
    for number in range(30):
        await past.job(NOW + number)
    whole = await export_of(db, "ledger")
    assert (whole.name, whole.rows) == ("reelbox-ledger-11-2027-01-15.csv", 120)
    packed = await export_of(db, "ledger", len(whole.content) - 1)
    assert packed.name == "reelbox-ledger-11-2027-01-15.csv.gz"
    assert gzip.decompress(packed.content) == whole.content
    assert not packed.is_cut


async def test_a_file_too_large_even_then_keeps_its_newest_rows_and_says_so(
    db: Database, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.export.BLOCK_ROWS", 8)
    monkeypatch.setattr("jobs.export.PIECE", 50)
    for number in range(60):
        await past.job(NOW + number * 977, MEMBER + number % 7)
    whole = rows_of(await export_of(db, "ledger"))
    file = await export_of(db, "ledger", 2000)
    assert len(file.content) <= 2000
    assert file.name == "reelbox-ledger-11-2027-01-15-newest.csv.gz"
    assert file.is_cut
    rows = rows_of(file)
    assert 0 < len(rows) == file.rows < len(whole)
    assert rows == whole[-len(rows) :]


async def test_a_limit_that_nothing_fits_leaves_the_heading(db: Database, past: Past) -> None:
    await past.job(NOW)
    file = await export_of(db, "jobs", 10)
    assert (file.rows, file.is_cut, rows_of(file)) == (0, True, [])


async def test_a_guild_nobody_used_has_a_heading_and_no_rows(db: Database) -> None:
    for what in ("ledger", "jobs"):
        file = await export_of(db, what)
        assert (file.rows, file.is_cut, rows_of(file)) == (0, False, [])


async def test_pieces_neither_lose_nor_repeat_a_row(
    db: Database, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(15):
        await past.job(NOW + number, guild_id=OTHER_GUILD if number % 3 == 0 else GUILD)
    whats: tuple[What, ...] = ("ledger", "jobs")
    whole = {what: (await export_of(db, what)).content for what in whats}
    for piece in (1, 2, 7):
        monkeypatch.setattr("jobs.export.PIECE", piece)
        for what, content in whole.items():
            assert (await export_of(db, what)).content == content
