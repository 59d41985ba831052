"""`python bot.py` as a host runs it: a file, the environment, signals and exit codes."""

from pathlib import Path

import pytest

import bot
from tests.app.host import Host, QuickHost
from tests.rig import Rig


@pytest.fixture
def host(rig: Rig, tmp_path: Path) -> QuickHost:
    return QuickHost(rig, tmp_path)


@pytest.mark.fault("S7")
async def test_it_starts_serves_and_stops_with_zero_and_keeps_its_secrets(
    rig: Rig, tmp_path: Path
) -> None:
    host = Host(rig, tmp_path)  # the one that is really typed
    process = await host.start()
    await host.rig.eventually(lambda: host.rig.discord.connected)
    card = await host.rig.card("a prompt that belongs in no log")
    assert "held" in host.rig.fields(card)["Price"]
    process.terminate()
    code, log = await host.ended(process)
    assert code == 0
    assert "oauth2/authorize?client_id=" in log
    for secret in (*host.secrets.values(), "a prompt that belongs in no log"):
        assert secret not in log
    assert oct(host.data.stat().st_mode)[-3:] == "700"
    assert all(oct(f.stat().st_mode)[-2:] == "00" for f in host.data.iterdir())


@pytest.mark.fault("P7")
async def test_a_second_copy_exits_at_once_with_its_own_code(host: QuickHost) -> None:
    first = await host.start()
    await host.rig.eventually(lambda: host.rig.discord.connected)
    code, log = await host.ended(await host.start())
    assert code == bot.EXIT_LOCKED
    assert "already using" in log
    first.terminate()
    assert (await host.ended(first))[0] == 0


@pytest.mark.fault("S8")
async def test_a_token_that_discord_refuses_ends_it_with_a_sentence(host: QuickHost) -> None:
    code, log = await host.ended(await host.start(DISCORD_TOKEN="aaa.bbb.ccc"))
    assert code == bot.EXIT_TOKEN
    assert "does not accept the token" in log
    assert "Traceback" not in log


@pytest.mark.fault("S8")
async def test_a_token_revoked_meanwhile_ends_it_too(host: QuickHost) -> None:
    process = await host.start()
    await host.rig.eventually(lambda: host.rig.discord.connected)
    host.rig.discord.close_gateway(4004)
    code, _log = await host.ended(process)
    assert code == bot.EXIT_TOKEN


@pytest.mark.fault("P5")
async def test_a_stop_before_discord_ever_answered_is_a_stop(host: QuickHost) -> None:
    host.rig.discord.outage(True)
    process = await host.start()
    await host.rig.eventually(lambda: len(host.rig.box.requests) > 0)
    process.terminate()
    code, _log = await host.ended(process)
    assert code == 0


@pytest.mark.fault("D23")
async def test_a_database_that_is_not_ours_is_left_alone(host: QuickHost) -> None:
    host.data.mkdir(mode=0o700)
    (host.data / "reelbox.sqlite3").write_bytes(b"not a database at all" * 100)
    code, log = await host.ended(await host.start())
    assert code == bot.EXIT_DATABASE
    assert "backup" in log or "not a Reelbox database" in log


@pytest.mark.fault("D9")
async def test_a_directory_that_cannot_be_used_is_said_in_a_sentence(host: QuickHost) -> None:
    host.data.write_text("a file where the directory should be")
    code, log = await host.ended(await host.start())
    assert code == bot.EXIT_DATABASE
    assert "storage.data_dir" in log
    assert "Traceback" not in log


async def test_the_doctor_looks_at_a_running_bot_and_leaves_it_alone(host: QuickHost) -> None:
    assert "is not there" in (await host.doctor())[1]
    process = await host.start()
    await host.rig.eventually(lambda: host.rig.discord.connected)
    await host.rig.card("a prompt that belongs on no page")
    code, page = await host.doctor()
    assert code == 0, page
    assert "the bot is running" in page
    assert "44 tokens held" in page or "94 tokens held" in page
    assert "a prompt that belongs on no page" not in page
    process.terminate()
    assert (await host.ended(process))[0] == 0
    code, page = await host.doctor()
    assert code == 0, page
    assert "the bot is not running" in page
