"""What the bot is shipped in, run in and built on; and that no secret is part of it."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

import config

ROOT = Path(__file__).parents[2]
SHAPES = {
    "a Discord bot token": r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,45}",
    "a NeuralBox key": r"\bnb_(?:live|prod)?_?[A-Za-z0-9]{24,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a webhook": r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,}",
    "an AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "a password in an address": r"\bhttps?://[^/\s:@\"'{}<>\\]+:[^/\s@\"'{}<>\\]{12,}@",
}


def tracked() -> list[Path]:
    """Return every file that the repository holds."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


# S11: the container


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    parts = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return [(name.upper(), rest.strip()) for name, _, rest in parts]


def block(text: str) -> dict[str, Any]:
    """Read as much of YAML as our compose file has: nested keys, flow and block lists, scalars.

    Raises ValueError for anything else, so that nothing is passed over.
    """
    root: dict[str, Any] = {}
    open_at: list[tuple[int, Any]] = [(-1, root)]
    last: tuple[dict[str, Any], str] | None = None
    for raw in text.splitlines():
        line = raw.split(" #")[0].rstrip()
        if not line or line.lstrip().startswith("#"):
            continue
        indent, content = len(line) - len(line.lstrip()), line.strip()
        while indent <= open_at[-1][0]:
            open_at.pop()
        if content.startswith("- "):
            if last is None:
                raise ValueError(raw)
            if not isinstance(last[0][last[1]], list):
                last[0][last[1]] = []
            last[0][last[1]].append(_scalar(content[2:]))
            continue
        key, colon, value = content.partition(":")
        if not colon or (value and not value.startswith(" ")):
            raise ValueError(raw)
        inner = open_at[-1][1]
        inner[key] = _scalar(value.strip()) if value.strip() else {}
        last = (inner, key)
        if not value.strip():
            open_at.append((indent, inner[key]))
    return root


def _scalar(text: str) -> Any:
    if text.startswith("["):
        parts = re.findall(r'"[^"]*"|[^,\[\]\s][^,\[\]]*', text)
        return [_scalar(one.strip()) for one in parts]
    return text.strip("\"'")


def service() -> dict[str, Any]:
    found: dict[str, Any] = block((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert list(found) == ["reelbox"]
    return dict(found["reelbox"])


@pytest.mark.fault("S11")
def test_the_container_runs_as_nobody_in_particular_on_a_root_it_cannot_write() -> None:
    made = service()
    assert made["read_only"] == "true"
    assert made["cap_drop"] == ["ALL"]
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert made["init"] == "true"
    assert 0 < int(made["pids_limit"]) <= 500
    assert re.fullmatch(r"\d+[mg]", made["mem_limit"])
    [memory] = made["tmpfs"]
    assert memory.startswith("/tmp:size=")  # noqa: S108 - where the container has it
    assert made["restart"] in ("unless-stopped", "on-failure", "always")
    users = [rest for name, rest in instructions() if name == "USER"]
    assert users == ["reelbox"]
    last_root = max(n for n, (name, _) in enumerate(instructions()) if name == "RUN")
    at = next(n for n, (name, _) in enumerate(instructions()) if name == "USER")
    assert at > last_root
    uid = re.search(r"--uid (\d+)", " ".join(rest for _, rest in instructions()))
    assert uid is not None
    assert int(uid[1]) >= 1000


@pytest.mark.fault("S11")
@pytest.mark.fault("S12")
def test_the_container_opens_no_door_and_has_one_place_to_write() -> None:
    made = service()
    for key in (
        "ports",
        "expose",
        "privileged",
        "cap_add",
        "network_mode",
        "devices",
        "pid",
        "ipc",
    ):
        assert key not in made
    writable = [one for one in made["volumes"] if not one.endswith(":ro")]
    assert writable == ["data:/data"]
    assert "docker.sock" not in (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert not [name for name, _ in instructions() if name in ("EXPOSE", "ADD")]
    assert [rest for name, rest in instructions() if name == "STOPSIGNAL"] == ["SIGTERM"]
    assert "environment" not in made or not [
        one for one in made["environment"] if "TOKEN" in one or "KEY" in one
    ]


@pytest.mark.fault("S11")
def test_a_stop_waits_longer_than_a_request_that_spends_may_take() -> None:
    grace = re.fullmatch(r"(\d+)s", service()["stop_grace_period"])
    assert grace is not None
    secrets = {"DISCORD_TOKEN": "a.b.c", "NEURALBOX_API_KEY": "nb_key"}
    assert int(grace[1]) > config.from_mapping({}, secrets).neuralbox.post_timeout_s


# S5: what is shipped


@pytest.mark.fault("S5")
def test_the_image_takes_in_only_what_is_named_and_the_repository_leaves_secrets_out() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert lines[0] == "*", "everything is left out but what is named"
    let_in = [one[1:] for one in lines if one.startswith("!")]
    assert not set(let_in) & {"config.toml", "secrets", "data", ".git", ".env", "tests"}
    copied = [rest.split() for name, rest in instructions() if name == "COPY"]
    taken = {one for parts in copied for one in parts[:-1] if not one.startswith(("--", "/"))}
    assert taken <= set(let_in)
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/config.toml", "/data/", "/secrets/", "/.venv/"} <= set(ignored)
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}
    assert not [one for one in names if re.search(r"(^|/)(\.env|config\.toml|secrets/|data/)", one)]
    for name, rest in instructions():
        assert not (name in ("ENV", "ARG") and re.search("TOKEN|KEY|SECRET|PASSWORD", rest))


@pytest.mark.fault("S5")
def test_no_file_of_the_repository_holds_what_looks_like_a_secret() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        found += [
            (path.name, what, match[0])
            for what, shape in SHAPES.items()
            for match in re.finditer(shape, text)
            if ".example" not in match[0]  # a name that nobody has
        ]
    assert found == []


@pytest.mark.fault("S5")
@pytest.mark.parametrize(
    "secret",
    [
        "M" + "T" * 23 + "." + "a" * 6 + "." + "b" * 27,
        "nb_" + "a1" * 16,
        "-----BEGIN " + "PRIVATE KEY-----",
        "https://discord.com/api/" + "webhooks/" + "1" * 18 + "/" + "x" * 68,
        "AKIA" + "A" * 16,
    ],
)
def test_the_scan_would_find_one(secret: str) -> None:
    assert [what for what, shape in SHAPES.items() if re.search(shape, secret)]


# S14: what it is built on


FLOORS = {"aiohttp": (3, 13, 3), "discord-py": (2, 7, 1), "aiosqlite": (0, 22), "pillow": (11,)}


@pytest.mark.fault("S14")
def test_known_holes_are_below_the_versions_that_are_declared_and_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {}
    for one in project["dependencies"]:
        name, floor = one.split(">=")
        declared[_plain(name)] = _version(floor)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked: dict[str, tuple[int, ...]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\d.]+)", lock, re.MULTILINE):
        # The oldest, where different versions of Python get different ones.
        older = locked.get(_plain(name), _version(version))
        locked[_plain(name)] = min(older, _version(version))
    for name, floor in FLOORS.items():
        assert declared[name] >= floor, name
    for name, floor in declared.items():
        assert locked[name] >= floor, name
    heads = [line for line in lock.splitlines() if line and line[0] not in " #"]
    assert all(re.match(r"[\w.-]+==[\d.]+ ", one) for one in heads), "one version and no other"
    pieces = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in piece for piece in pieces)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip().split("."))
