"""The host's side: any text as config.toml, and any tables as what it says."""

import tomllib
from pathlib import Path
from typing import Any

import config
from config import Config, ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
SECRETS = {"DISCORD_TOKEN": "aaa.bbb.ccc", "NEURALBOX_API_KEY": "nb_key"}


def settings(data: bytes) -> None:
    """A file's text becomes a configuration within bounds, or mistakes by their names."""
    try:
        mapping = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return
    except RecursionError:
        return  # `load` is asked about that in a test of its own
    check_settings(mapping)


def check_settings(mapping: dict[str, Any]) -> None:
    """Build a configuration; files named for secrets are left out, as they may be devices."""
    for table in mapping.values():
        if isinstance(table, dict):
            for name in ("token_file", "key_file"):
                table.pop(name, None)
    try:
        built = config.from_mapping(mapping, SECRETS)
    except ConfigError as error:
        assert error.problems
        assert all(type(problem) is str and ":" in problem for problem in error.problems)
        return
    check_bounds(built)


def check_bounds(built: Config) -> None:
    """What was accepted can be run with."""
    assert built.discord.token not in repr(built)
    assert built.neuralbox.key not in repr(built)
    assert built.video.model in built.video.models
    assert set(built.video.without_picture) <= set(built.video.models)
    assert 5 <= built.neuralbox.post_timeout_s <= 300
    assert all(origin.lower().startswith("http") for origin in built.neuralbox.result_origins)
    assert "\x00" not in str(built.storage.data_dir)
    assert all(0.1 <= share <= 100 for share in built.limits.guild_weights.values())
    assert built.budget.host_tokens >= 0


def seeds() -> list[bytes]:
    """The example, each of its sections, and what each key could be instead."""
    text = EXAMPLE.read_text(encoding="utf-8")
    live = "\n".join(line.lstrip("# ") if "=" in line else line for line in text.splitlines())
    parts = [f"[{part}" for part in live.split("\n[")[1:]]
    odd = ["1", "-1", '"x"', "true", "[]", "{}", "nan", "inf", "1979-05-27", "9" * 50, '"\\u0000"']
    odd += ["[[1]]", '["http://[::1]"]', '"https://a:0"', '"https://[x"', '{ "1" = nan }']
    keys = [("limits", "guild_weights"), ("neuralbox", "base_url"), ("neuralbox", "result_origins")]
    keys += [("discord", "gateway_url"), ("video", "models"), ("budget", "time_zone")]
    made = [f"[{section}]\n{key} = {value}\n" for section, key in keys for value in odd]
    return [one.encode() for one in (text, live, *parts, *made)]


def words() -> list[str]:
    """The names of sections and keys."""
    tables = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    return sorted({*tables, *(key for table in tables.values() for key in table)})
