"""Nothing secret is found anywhere afterwards, with everything as talkative as it gets."""

import contextlib
import json
import logging
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot
from logs import Redactor, set_up
from models import State
from playground.neuralbox import faults
from tests.app.hands import animate, boat
from tests.app.host import Host
from tests.neuralbox.canary import Canary
from tests.payloads import messages
from tests.pictures import picture
from tests.rig import Rig

pytestmark = pytest.mark.long

TOKEN_LIFE_S = 15 * 60
LISTENING = "0A"
"""How the kernel's table writes that state of a socket."""


@pytest.fixture
def host(rig: Rig, tmp_path: Path) -> Host:
    return Host(rig, tmp_path)


def kept(directory: Path) -> Iterator[tuple[Path, bytes]]:
    """Return every file of a directory with what is in it."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def holders(directory: Path, secret: str) -> list[str]:
    """Return the names of the files in which a secret is found, in any usual encoding."""
    forms = {secret.encode(), secret.encode("utf-16-le"), json.dumps(secret)[1:-1].encode()}
    return [path.name for path, content in kept(directory) if any(one in content for one in forms)]


def backup(data: Path, to: Path) -> None:
    """Copy the database as a backup does: whole pages, also those that nothing uses any more."""
    to.mkdir(mode=0o700)
    source, copy = sqlite3.connect(data / "reelbox.sqlite3"), sqlite3.connect(to / "copy.sqlite3")
    with contextlib.closing(source), contextlib.closing(copy):
        source.backup(copy)


@pytest.mark.fault("S1")
@pytest.mark.fault("S2")
async def test_no_secret_is_found_in_logs_database_files_messages_or_backups(
    host: Host, tmp_path: Path
) -> None:
    rig = host.rig
    rig.discord.rate_limits = False
    tokens: list[str] = []
    process = await host.start()
    await rig.eventually(lambda: rig.discord.connected)
    rig.box.script(
        faults.status(503, {"error": "x", "message": f"key {rig.box.key}"}, on=faults.HISTORY)
    )
    # A public card, a private one, a form, a refusal, an error of the vendor that repeats the key.
    await rig.card("a boat")
    await rig.ask("a boat of mine alone", private=True)
    await animate(rig, await boat(rig), prompt="it sails")
    words = f"no credit for {rig.box.key} at https://x.example/?sig=S1GNATURE"
    rig.box.script(faults.status(422, {"error": "validation_error", "message": words}))
    refused = await rig.card("a boat that is refused", member="Ada")
    await rig.eventually(lambda: "refused" in rig.shown(refused).embeds[0]["title"])
    cut = len(rig.discord.events)
    rig.discord.close_gateway(4000)
    await rig.discord.events.wait_for(lambda one: one.kind == "disconnected", start_at=cut)
    await rig.eventually(lambda: rig.discord.connected)
    await rig.card("a boat after the gateway came back")
    tokens += [one.token for one in rig.discord.parts.interactions.by_id.values()]
    assert len(tokens) >= 6
    process.terminate()
    code, log = await host.ended(process)
    assert code == 0
    assert "DEBUG" in log or "INFO" in log
    backup(host.data, tmp_path / "backup")
    assert "S1GNATURE" not in log
    for secret in host.secrets.values():
        assert secret not in log
        assert holders(host.data, secret) == []
        assert holders(tmp_path / "backup", secret) == []
        assert not [one for one in messages(rig.records) if secret in json.dumps(one)]
    for token in tokens:
        assert token not in log
        assert not [one for one in messages(rig.records) if token in json.dumps(one)]


@pytest.mark.fault("S1")
async def test_an_interactions_token_is_in_no_file_once_its_quarter_of_an_hour_is_over(
    rig: Rig, tmp_path: Path
) -> None:
    """It is kept that long for the private card alone, which nothing else can reach."""
    await rig.start_bot()
    await rig.refreshed()
    private = await rig.ask("for me alone", private=True)
    public = await rig.ask("for everybody")
    of_private, of_public = (
        next(
            one.token
            for one in rig.discord.parts.interactions.by_id.values()
            if answer.message in one.messages or one.first is answer
        )
        for answer in (private, public)
    )
    stored = "SELECT token FROM interaction_token"
    assert rig.app is not None
    assert await rig.app.db.write(lambda tx: tx.execute("PRAGMA secure_delete").fetchone()[0]) == 1
    await rig.eventually(
        lambda: rig.read(lambda tx: [row[0] for row in tx.execute(stored)]) == [of_private]
    )
    await rig.run_until(
        lambda: rig.read(lambda tx: tx.execute(stored).fetchall()) == [],
        limit_s=TOKEN_LIFE_S + 600,
    )
    backup(rig.data, tmp_path / "copy")
    for token in (of_private, of_public):
        assert holders(tmp_path / "copy", token) == []
    await rig.stop_bot()
    for token in (of_private, of_public):
        assert holders(rig.data, token) == []


@pytest.fixture
def _quiet_afterwards() -> Iterator[None]:
    """Put logging back as it was."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in ("discord", "aiohttp", "aiosqlite")}
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    for name, one in levels.items():
        logging.getLogger(name).setLevel(one)


@pytest.mark.fault("S2")
@pytest.mark.usefixtures("_quiet_afterwards")
def test_libraries_say_nothing_below_info_however_much_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up("DEBUG", as_json=False, secrets=[("s3cr3t", "discord token")])
    for name in ("discord.gateway", "discord.http", "aiohttp.client", "aiosqlite", "asyncio"):
        logging.getLogger(name).debug("payload %s", {"token": "aW50ZXJhY3Rpb246"})
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
    logging.getLogger("jobs").debug("ours is %s", "heard")
    assert capsys.readouterr().err.count("\n") == 1


CANARY_URLS = [
    "https://discord.com/api/v10/webhooks/123456789012345678/aW50ZXJhY3Rpb246CANARY",
    "https://discord.com/api/v10/webhooks/1/aW50CANARY/messages/@original?wait=true",
    "/api/v10/interactions/99/aW50CANARY/callback",
    "http://127.0.0.1:1/api/v10/webhooks/5/a-b_c.CANARY/messages/6",
    "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=CANARY",
    "https://storage.neuralbox.top/x.mp4?X-Amz-Signature=CANARY&b=c",
    "wss://gateway.discord.gg/?v=10&encoding=json&t=CANARY",
    "https://user:CANARY@example.com/x",
    "https://example.com/x#access_token=CANARY",
    "https://example.com/%3Fsig=x?sig=CANARY",
]


@pytest.mark.fault("S3")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("url", CANARY_URLS)
def test_an_address_in_an_error_says_where_and_not_with_what(url: str, as_json: bool) -> None:
    try:
        try:
            raise OSError(f"cannot connect to {url!r}")
        except OSError as error:
            raise RuntimeError(f"while asking {url}") from error
    except RuntimeError:
        facts = sys.exc_info()
    record = logging.LogRecord("x", 40, __file__, 1, "asked %s: %r", (url, {"url": url}), facts)
    line = Redactor([], as_json=as_json).format(record)
    assert "CANARY" not in line
    assert "\n" not in line


@pytest.mark.fault("S6")
@pytest.mark.usefixtures("_quiet_afterwards")
def test_what_nobody_caught_is_told_without_secrets_and_without_locals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up("INFO", as_json=False, secrets=[("s3cr3t", "discord token")])

    def broken() -> None:
        held_in_a_local = "l0cal-s3cr3t"
        raise ValueError(f"no good: s3cr3t and {len(held_in_a_local)}")

    try:
        broken()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert "no good: <discord token>" in said
    assert "s3cr3t" not in said
    assert said.count("\n") == 1


@pytest.mark.fault("S7")
async def test_all_that_is_kept_is_for_this_user_alone_also_in_a_directory_that_was_not(
    host: Host,
) -> None:
    with host.config.open("a") as file:
        file.write(f'[pictures]\norigins = ["{host.rig.discord.origin}"]\n')
    host.data.mkdir(mode=0o755)
    host.data.chmod(0o755)
    (host.data / "videos").mkdir(mode=0o755)
    was = os.umask(0)
    try:
        process = await host.start()
    finally:
        os.umask(was)
    rig = host.rig
    await rig.eventually(lambda: rig.discord.connected)
    await rig.card("a boat", attachments={"image": ("boat.png", picture())})
    await rig.eventually(lambda: any((host.data / "pictures").iterdir()))
    process.terminate()
    assert (await host.ended(process))[0] == 0
    for path in (host.data, *host.data.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert host.data.stat().st_mode & 0o777 == 0o700


@pytest.mark.fault("S8")
async def test_a_token_revoked_meanwhile_ends_it_with_its_own_code_after_one_try(
    host: Host,
) -> None:
    process = await host.start()
    await host.rig.eventually(lambda: host.rig.discord.connected)
    asked = len(host.rig.records)
    host.rig.discord.close_gateway(4004)
    code, log = await host.ended(process)
    assert code == bot.EXIT_TOKEN
    assert "does not accept the token" in log
    assert "Traceback" not in log
    assert len(host.rig.records) - asked <= 1
    assert not host.rig.discord.connected


@pytest.mark.fault("S4")
async def test_neither_key_nor_token_goes_where_a_result_or_a_redirect_leads(rig: Rig) -> None:
    async with Canary() as elsewhere, Canary() as storage:
        at = f"http://127.0.0.1:{elsewhere.port}"
        rig.configure(
            "neuralbox",
            result_origins=[rig.box.origin, f"http://127.0.0.1:{storage.port}"],
        )
        rig.box.script(faults.result_url(f"http://127.0.0.1:{storage.port}/1.mp4?sig=1"))
        await rig.start_bot()
        await rig.refreshed()
        await rig.card()
        await rig.run_until(lambda: storage.hits > 0)
        rig.box.script(faults.status(302, "", headers={"Location": at}))
        sent_away = await rig.card("a boat that is sent away")
        await rig.eventually(lambda: rig.job_of(sent_away).state is State.UNKNOWN)
        assert elsewhere.hits == 0
        heard = storage.heard.decode("latin-1").lower()
        assert "authorization" not in heard
        assert rig.box.key not in heard
        assert rig.discord.token.lower() not in heard


@pytest.mark.fault("S5")
@pytest.mark.fault("S6")
@pytest.mark.fault("S12")
async def test_a_running_bot_listens_on_nothing_leaves_no_core_and_names_no_secret(
    host: Host,
) -> None:
    process = await host.start()
    await host.rig.eventually(lambda: host.rig.discord.connected)
    of_it = Path(f"/proc/{process.pid}")
    shown = (of_it / "cmdline").read_bytes().decode()
    assert not [one for one in host.secrets.values() if one in shown]
    limits = (of_it / "limits").read_text().splitlines()
    [core] = [one for one in limits if one.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"]
    links = [str(one.readlink()) for one in (of_it / "fd").iterdir()]
    own = {one[8:-1] for one in links if one.startswith("socket:[")}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in (of_it / "net" / table).read_text().splitlines()[1:]
    ]
    assert [row for row in rows if row[9] in own], "the gateway at least is a connection of it"
    assert [row for row in rows if row[3] == LISTENING and row[9] in own] == []
    process.terminate()
    assert (await host.ended(process))[0] == 0
