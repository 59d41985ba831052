"""The bot's own backups and the host's commands for them, next to a bot that goes on."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

import bot
from jobs import checks
from jobs.checks import Line
from models import State
from storage import backup, invariants, jobs, rewound
from storage.errors import UnusableDatabaseError
from tests import nursery
from tests.rig import Rig

pytestmark = pytest.mark.long

PATIENCE_S = 60
HOUR_S = 3600
STEP_S = 300
SECRETS = ("DISCORD_TOKEN", "NEURALBOX_API_KEY")


@pytest.fixture(autouse=True)
def _host(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host's shell, and a vendor that does not mind being asked."""
    rig.box.allowance.limit_hour = rig.box.allowance.limit_day = None
    rig.configure("storage", backups=True)
    rig.configure("video", models=["kling-v2.1"])
    for name, secret in zip(SECRETS, (rig.discord.token, rig.box.key), strict=True):
        monkeypatch.setenv(name, secret)
    before = os.umask(0o077)
    yield
    os.umask(before)


def _shelf(rig: Rig) -> list[backup.Backup]:
    return backup.list_all(rig.config().storage.backups_dir)


def _lines(rig: Rig) -> list[Line]:
    now = int(rig.clock.now())
    storage = rig.config().storage
    return rig.read(lambda tx: list(checks.backups(tx, storage, now, is_running=True)))


def _command(rig: Rig, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Type `python bot.py ...`; return the exit code and what was said."""
    config = rig.data / "config.toml"
    config.write_text(
        f'[discord]\napi_url = "{rig.discord.rest_url}"\n'
        f'gateway_url = "{rig.discord.gateway_url}"\n'
        f'[neuralbox]\nbase_url = "{rig.box.base_url}"\nresult_origins = ["{rig.box.origin}"]\n'
        f'[storage]\ndata_dir = "{rig.data}"\nmin_free_mib = 1\n'
    )
    capsys.readouterr()
    code = bot.main([*words, "--config", str(config)])
    said = capsys.readouterr()
    return code, said.out + said.err


async def test_a_copy_is_made_every_hour_also_over_restarts_and_none_when_switched_off(
    rig: Rig,
) -> None:
    await rig.start_bot()
    await rig.eventually(lambda: len(_shelf(rig)) == 1)
    await rig.clock.advance(HOUR_S / 2)
    await rig.restart_bot()
    await rig.refreshed()
    assert len(_shelf(rig)) == 1, "the hour goes on over a restart"
    await rig.run_until(lambda: len(_shelf(rig)) == 4, 4 * HOUR_S, STEP_S)
    times = [one.made_at for one in reversed(_shelf(rig))]
    assert all(later - earlier >= HOUR_S for earlier, later in pairwise(times))
    for one in _shelf(rig):
        assert backup.check(one.path)
    assert oct(rig.config().storage.backups_dir.stat().st_mode)[-3:] == "700"
    assert [line.level for line in _lines(rig)] == ["ok"]
    rig.configure("storage", backups=False)
    await rig.restart_bot()
    await rig.clock.advance(3 * HOUR_S)
    await rig.refreshed()
    assert len(_shelf(rig)) == 4
    assert "switched off" in _lines(rig)[0].text


@pytest.mark.fault("D18")
async def test_a_target_that_is_away_is_told_once_after_two_misses_and_costs_the_bot_nothing(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target = tmp_path / "a disk of its own"
    target.mkdir()
    rig.configure("storage", backup_dir=str(target))
    await rig.start_bot()
    await rig.eventually(lambda: len(_shelf(rig)) == 1)
    away = target.rename(tmp_path / "unmounted")
    misses = "SELECT coalesce((SELECT v FROM meta WHERE k = 'backup_misses'), 0)"

    def missed(times: int) -> bool:
        return rig.read(lambda tx: bool(tx.execute(misses).fetchone()[0] >= times))

    await rig.run_until(lambda: missed(1), 3 * HOUR_S, STEP_S)
    assert _alerts(caplog) == [], "one may happen"
    await rig.run_until(lambda: missed(4), 6 * HOUR_S, STEP_S)
    assert len(_alerts(caplog)) == 1
    assert "make it, or mount it" in _alerts(caplog)[0]
    [line] = _lines(rig)
    assert line.level == "ATTENTION"
    assert "is not there" in line.text
    card = await rig.finished(await rig.card("the bot does not mind"))
    assert card.files
    assert not target.exists(), "nothing was written in its place"
    away.rename(target)
    await rig.run_until(lambda: len(_shelf(rig)) == 2, 3 * HOUR_S, STEP_S)
    await rig.eventually(lambda: not missed(1))
    assert [line.level for line in _lines(rig)] == ["ok"]
    assert len(_alerts(caplog)) == 1
    rig.sound()


def _alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "jobs.backups" and record.levelno >= logging.ERROR
    ]


async def test_the_commands_back_up_a_running_bot_list_what_is_usable_and_refuse_to_restore(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.configure("storage", backups=False)
    assert _command(rig, capsys, "backup")[0] == bot.EXIT_BACKUP
    assert _command(rig, capsys, "restore")[0] == bot.EXIT_RESTORE
    await rig.start_bot()
    card = await rig.card("a prompt that is in the books")
    await rig.eventually(lambda: rig.job_of(card).state is State.PENDING)
    code, said = _command(rig, capsys, "backup")
    assert code == 0, said
    assert "read back and found whole" in said
    mine = rig.data / "mine.sqlite3"
    assert _command(rig, capsys, "backup", str(mine))[0] == 0
    code, said = _command(rig, capsys, "backup", str(mine))
    assert (code, "left as it is" in said or "left as it was" in said) == (bot.EXIT_BACKUP, True)
    code, said = _command(rig, capsys, "backup", "/nowhere/at/all.sqlite3")
    assert (code, "No backup was written" in said) == (bot.EXIT_BACKUP, True)
    [made] = _shelf(rig)
    for one in (made.path, mine):
        for secret in (rig.discord.token, rig.box.key):
            assert secret.encode() not in one.read_bytes()
    (made.path.parent / backup.name_for(1)).write_bytes(made.path.read_bytes()[:5000])
    code, said = _command(rig, capsys, "restore")
    assert code == 0
    assert made.path.name in said
    assert f"Not usable, and left as they are: {backup.name_for(1)}" in said
    code, said = _command(rig, capsys, "restore", str(mine))
    assert code == bot.EXIT_LOCKED
    assert "Stop it first" in said
    await rig.finished(card)
    await rig.stop_bot()
    code, said = _command(rig, capsys, "restore", made.path.name)
    assert code == 0, said
    assert "The books of before were kept" in said
    assert rig.read(rewound.find) is not None
    assert rig.job_of(card).state is State.PENDING
    assert rig.read(invariants.violations) == {}


@pytest.mark.fault("D11")
async def test_what_cannot_be_used_names_the_newest_backup_that_can(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    await rig.start_bot()
    await rig.eventually(lambda: len(_shelf(rig)) == 1)
    await rig.card("one job")
    await rig.run_until(lambda: len(_shelf(rig)) == 2, 2 * HOUR_S, STEP_S)
    await rig.stop_bot()
    newest, older = _shelf(rig)
    newest.path.write_bytes(newest.path.read_bytes()[:-4096])
    with closing(sqlite3.connect(rig.data / "reelbox.sqlite3", isolation_level=None)) as tx:
        tx.execute("UPDATE account SET held = held + 1 WHERE id = 'org'")
    code, page = _command(rig, capsys, "doctor")
    assert code == bot.EXIT_BROKEN
    assert "do not add up" in page
    assert f"the newest, {older.path.name}, could be restored now" in page
    with pytest.raises(UnusableDatabaseError, match="do not add up"):
        await rig.start_bot()
    config = str(rig.data / "config.toml")
    process = await nursery.start("bot", "--config", config, with_errors=True)
    _out, log = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == bot.EXIT_DATABASE
    assert f"python bot.py restore {older.path}" in log.decode()
    assert _command(rig, capsys, "restore", older.path.name)[0] == 0
    assert _command(rig, capsys, "doctor")[1].count("ATTENTION") == 0


@pytest.mark.fault("P14")
async def test_books_of_a_newer_version_are_left_alone_and_the_way_back_is_named(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    await rig.start_bot()
    await rig.card("one job")
    await rig.stop_bot()
    path = rig.data / "reelbox.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(UnusableDatabaseError, match="written by a newer Reelbox"):
        await rig.start_bot()
    assert path.read_bytes() == before
    code, said = _command(rig, capsys, "backup")
    assert code == bot.EXIT_BACKUP
    assert "newer Reelbox" in said
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as tx:
        tx.row_factory = sqlite3.Row
        assert len(jobs.list_in(tx, *State)) == 1
