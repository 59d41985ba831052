import tomllib
from pathlib import Path
from typing import Any

import pytest

import bot
import config
from config import ConfigError

SECRETS = {"DISCORD_TOKEN": "aaa.bbb.ccc", "NEURALBOX_API_KEY": "nb_key"}
EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def _problems(mapping: dict[str, Any], env: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        config.from_mapping(mapping, SECRETS if env is None else env)
    return refused.value.problems


def test_the_example_shows_exactly_the_defaults() -> None:
    example = config.load(EXAMPLE, SECRETS)
    assert example == config.from_mapping({}, SECRETS)


def test_the_example_names_every_key() -> None:
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    known = " ".join(_problems({name: {"no such key": 1} for name in example}))
    for section, table in example.items():
        for key in table:
            assert f"{section}.no such key" in known
            assert key in known


def test_every_mistake_is_named_at_once_with_its_key() -> None:
    problems = _problems(
        {
            "discord": {"token": "not a token", "api_url": "ftp://x", "colour": "red"},
            "neuralbox": {"key": "wrong", "options": "sideways"},
            "limits": {"in_flight_total": 0, "commands_per_minute": True},
            "video": {"model": "no-such-model", "length_s": 7},
            "extra": {},
        }
    )
    for key in (
        "discord.token",
        "discord.api_url",
        "discord.colour",
        "neuralbox.key",
        "neuralbox.options",
        "limits.in_flight_total",
        "limits.commands_per_minute",
        "video.model",
        "video.length_s",
        "extra",
    ):
        assert any(problem.startswith(f"{key}:") for problem in problems), key


def test_missing_secrets_say_which_variable_to_set() -> None:
    problems = _problems({}, {})
    assert any("DISCORD_TOKEN" in problem for problem in problems)
    assert any("NEURALBOX_API_KEY" in problem for problem in problems)


def test_a_secret_may_come_from_a_file_and_never_shows_in_the_repr(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("ddd.eee.fff\n")
    loaded = config.from_mapping(
        {"discord": {"token_file": str(tmp_path / "token")}}, {"NEURALBOX_API_KEY": "nb_secret"}
    )
    assert loaded.discord.token == "ddd.eee.fff"
    assert "ddd.eee.fff" not in repr(loaded)
    assert "nb_secret" not in repr(loaded)


def test_plain_http_is_for_local_servers_only() -> None:
    assert _problems({"neuralbox": {"base_url": "http://neuralbox.top/api/v2"}})
    config.from_mapping({"neuralbox": {"base_url": "http://127.0.0.1:9/api/v2"}}, SECRETS)


@pytest.mark.parametrize(
    "origin",
    [
        "https://storage.x.com:8443",
        "http://myhost",
        "https://storage.x.com/path",
        "http://localhost:80",
        "https://a b",
    ],
)
def test_an_origin_that_files_cannot_come_from_is_named_before_the_start(origin: str) -> None:
    problems = _problems({"neuralbox": {"result_origins": [origin]}})
    assert [problem for problem in problems if problem.startswith("neuralbox.result_origins:")]


def test_empty_names_and_repeated_models_are_mistakes() -> None:
    problems = _problems({"storage": {"data_dir": " "}, "video": {"models": ["sora-2", "sora-2"]}})
    assert [problem.split(":")[0] for problem in problems] == ["storage.data_dir", "video.models"]


def test_a_share_of_turns_is_given_to_a_server_by_its_id() -> None:
    loaded = config.from_mapping({"limits": {"guild_weights": {"12": 2, "13": 0.5}}}, SECRETS)
    assert loaded.limits.guild_weights == {12: 2, 13: 0.5}
    assert config.from_mapping({}, SECRETS).limits.guild_weights == {}


@pytest.mark.parametrize(
    "given",
    [
        2,
        ["12"],
        {"twelve": 2},
        {"012": 2},
        {"-12": 2},
        {"١٢": 2},
        {"1" * 21: 2},
        {"12": "2"},
        {"12": True},
        {"12": 0},
        {"12": 0.09},
        {"12": 100.1},
        {"12": float("nan")},
        {"12": float("inf")},
        {"12": {"13": 1}},
    ],
)
def test_a_share_that_cannot_be_is_named(given: object) -> None:
    [problem] = _problems({"limits": {"guild_weights": given}})
    assert problem.startswith("limits.guild_weights: ")


def test_a_local_discord_never_spends_real_tokens() -> None:
    problems = _problems({"discord": {"gateway_url": "ws://127.0.0.1:9/gateway"}})
    assert any("real tokens" in problem for problem in problems)


def test_check_prints_every_problem_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config.toml"
    assert bot.main(["check", "--config", str(path)]) == bot.EXIT_CONFIG
    assert "config.example.toml" in capsys.readouterr().err
    path.write_text("[limits]\nin_flight_total = 'five'\n")
    assert bot.main(["check", "--config", str(path)]) == bot.EXIT_CONFIG
    assert len(capsys.readouterr().err.splitlines()) == 3
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    path.write_text("")
    assert bot.main(["check", "--config", str(path)]) == 0
    assert list(tmp_path.iterdir()) == [path]
