"""config.toml and the environment, turned into one frozen `Config`; every mistake named at once."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args
from zoneinfo import available_timezones

from config_section import Section, is_local
from models import LENGTHS_S, MONTHLY, RATIOS, Period, PeriodKind

MODELS = (
    "luma-flash2",
    "kling-v2.1",
    "kling-v2.1-pro",
    "minimax-video",
    "luma-ray2",
    "luma-ray2-1080p",
    "mj-video-480p",
    "mj-video-720p",
)

WEIGHTS = (0.1, 100)
"""The least and the greatest share of turns that a guild may be given."""
OptionsPlace = Literal["top_level", "params", "both"]
RESULT_ORIGINS = ("https://storage.neuralbox.top", "https://storage.elumenta.ru")
PICTURE_ORIGINS = (
    "https://cdn.discordapp.com",
    "https://media.discordapp.net",
    "https://images-ext-1.discordapp.net",
    "https://images-ext-2.discordapp.net",
)


class ConfigError(Exception):
    """The configuration cannot be used; `problems` names each key and what would be right."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class DiscordConfig:
    token: str = field(repr=False)
    api_url: str = "https://discord.com/api/v10"
    gateway_url: str = "wss://gateway.discord.gg/"
    cdn_url: str = "https://cdn.discordapp.com"
    message_content: bool = False


@dataclass(frozen=True, slots=True)
class NeuralBoxConfig:
    key: str = field(repr=False)
    base_url: str = "https://neuralbox.top/api/v2"
    options: OptionsPlace = "top_level"
    result_origins: tuple[str, ...] = RESULT_ORIGINS
    post_timeout_s: int = 60
    get_timeout_s: int = 20
    max_result_bytes: int = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StorageConfig:
    data_dir: Path = Path("data")
    min_free_bytes: int = 512 * 1024 * 1024
    keep_days: int = 30
    """How long videos, and pictures nobody used again, are kept here."""
    allow_network_disk: bool = False
    keep_prompts_days: int = 365
    """How long what members wrote is kept; 0 is as long as the books."""
    backups: bool = True
    backup_dir: Path | None = None
    """Where backups go; None is a directory beside the books."""

    @property
    def database(self) -> Path:
        """The books."""
        return self.data_dir / "reelbox.sqlite3"

    @property
    def backups_dir(self) -> Path:
        """The directory of backups, which may not be there yet."""
        return self.backup_dir or self.data_dir / "backups"


@dataclass(frozen=True, slots=True)
class PicturesConfig:
    """Start pictures: where Discord's files come from, which links may be given ("*" is any)."""

    origins: tuple[str, ...] = PICTURE_ORIGINS
    links: tuple[str, ...] = ()
    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 40_000_000


@dataclass(frozen=True, slots=True)
class VideoConfig:
    models: tuple[str, ...] = MODELS
    without_picture: tuple[str, ...] = ()
    model: str = "kling-v2.1"
    length_s: int = 5
    ratio: str = "16:9"
    max_prompt_chars: int = 1500


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    in_flight_total: int = 5
    in_flight_per_guild: int = 3
    in_flight_per_member: int = 2
    unfinished_per_member: int = 5
    unfinished_per_guild: int = 50
    commands_per_minute: int = 10
    guild_weights: Mapping[int, float] = field(default_factory=dict)
    """The share of turns of a guild by its id; 1 for those that are not named."""


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """Tokens that each level may use in a period; 0 means that the host sets it no limit."""

    host_tokens: int = 0
    guild_tokens: int = 500
    member_tokens: int = 0
    period: Period = MONTHLY


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    level: str = "INFO"
    format: str = "text"


@dataclass(frozen=True, slots=True)
class Config:
    discord: DiscordConfig
    neuralbox: NeuralBoxConfig
    storage: StorageConfig = StorageConfig()
    pictures: PicturesConfig = PicturesConfig()
    video: VideoConfig = VideoConfig()
    limits: LimitsConfig = LimitsConfig()
    budget: BudgetConfig = BudgetConfig()
    logging: LoggingConfig = LoggingConfig()


def load(path: Path, env: Mapping[str, str] | None = None) -> Config:
    """Read the file and the secrets it points at; raises ConfigError with every mistake found."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            [f"{path}: there is no such file; copy config.example.toml to {path} and edit it"]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read as UTF-8 text: {error}"]) from None
    try:
        mapping = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is not valid TOML: {error}"]) from None
    return from_mapping(mapping, os.environ if env is None else env)


def from_mapping(mapping: Mapping[str, Any], env: Mapping[str, str]) -> Config:
    """Build a Config from parsed TOML; raises ConfigError with every mistake found."""
    problems: list[str] = []
    known = (
        "discord",
        "neuralbox",
        "storage",
        "pictures",
        "video",
        "limits",
        "budget",
        "logging",
    )
    problems.extend(
        f"{name}: no such section; the sections are {', '.join(known)}"
        for name in mapping
        if name not in known
    )
    sections = {name: Section(name, mapping.get(name, {}), problems) for name in known}
    config = Config(
        discord=_discord(sections["discord"], env),
        neuralbox=_neuralbox(sections["neuralbox"], env),
        storage=_storage(sections["storage"]),
        pictures=_pictures(sections["pictures"]),
        video=_video(sections["video"]),
        limits=_limits(sections["limits"]),
        budget=_budget(sections["budget"]),
        logging=_logging(sections["logging"]),
    )
    for section in sections.values():
        section.refuse_leftovers()
    if is_local(config.discord.gateway_url) and not is_local(config.neuralbox.base_url):
        problems.append(
            "neuralbox.base_url: discord.gateway_url is a local server, so real tokens would be "
            "spent on play; give a local NeuralBox too, or the real Discord gateway"
        )
    if problems:
        raise ConfigError(problems)
    return config


def _discord(section: Section, env: Mapping[str, str]) -> DiscordConfig:
    token = section.secret("token", env, "DISCORD_TOKEN")
    if token and (token.count(".") != 2 or any(c.isspace() for c in token)):
        section.wrong(
            "token", "does not look like a bot token (three parts joined by dots); copy it anew"
        )
    return DiscordConfig(
        token=token,
        api_url=section.url("api_url", "https://discord.com/api/v10", ("https", "http")),
        gateway_url=section.url("gateway_url", "wss://gateway.discord.gg/", ("wss", "ws")),
        cdn_url=section.url("cdn_url", "https://cdn.discordapp.com", ("https", "http")),
        message_content=section.flag("message_content", default=False),
    )


def _neuralbox(section: Section, env: Mapping[str, str]) -> NeuralBoxConfig:
    key = section.secret("key", env, "NEURALBOX_API_KEY")
    if key and (not key.startswith("nb_") or any(c.isspace() for c in key)):
        section.wrong("key", 'does not look like a NeuralBox key (it begins with "nb_")')
    origins = section.origins("result_origins", RESULT_ORIGINS)
    return NeuralBoxConfig(
        key=key,
        base_url=section.url("base_url", "https://neuralbox.top/api/v2", ("https", "http")),
        options=cast(
            OptionsPlace, section.text("options", "top_level", one_of=get_args(OptionsPlace))
        ),
        result_origins=origins,
        post_timeout_s=section.integer("post_timeout_s", 60, 5, 300),
        get_timeout_s=section.integer("get_timeout_s", 20, 1, 120),
        max_result_bytes=section.integer("max_result_mib", 500, 1, 10_000) * 1024 * 1024,
    )


def _storage(section: Section) -> StorageConfig:
    data_dir = section.text("data_dir", "data")
    if not data_dir.strip():
        section.wrong("data_dir", 'must name a directory, for example "data"')
    backup_dir = section.text("backup_dir", "")
    return StorageConfig(
        data_dir=Path(data_dir),
        min_free_bytes=section.integer("min_free_mib", 512, 0, 1_000_000) * 1024 * 1024,
        keep_days=section.integer("keep_days", 30, 1, 3650),
        allow_network_disk=section.flag("allow_network_disk", default=False),
        keep_prompts_days=section.integer("keep_prompts_days", 365, 0, 3650),
        backups=section.flag("backups", default=True),
        backup_dir=Path(backup_dir) if backup_dir.strip() else None,
    )


def _pictures(section: Section) -> PicturesConfig:
    return PicturesConfig(
        origins=section.origins("origins", PICTURE_ORIGINS),
        links=section.origins("links", (), may_be_empty=True),
        max_bytes=section.integer("max_mib", 20, 1, 100) * 1024 * 1024,
        max_pixels=section.integer("max_megapixels", 40, 1, 100) * 1_000_000,
    )


def _video(section: Section) -> VideoConfig:
    models = section.texts("models", MODELS)
    if len(set(models)) < len(models):
        section.wrong("models", "names a model twice; once is enough")
    without_picture = section.texts("without_picture", (), may_be_empty=True)
    for unknown in set(without_picture) - set(models):
        section.wrong("without_picture", f'"{unknown}" is not one of video.models')
    default_model = "kling-v2.1" if "kling-v2.1" in models else models[0]
    length_s = section.integer("length_s", 5, min(LENGTHS_S), max(LENGTHS_S))
    if length_s not in LENGTHS_S:
        section.wrong("length_s", f"must be one of {', '.join(map(str, LENGTHS_S))}")
    return VideoConfig(
        models=models,
        without_picture=without_picture,
        model=section.text("model", default_model, one_of=models),
        length_s=length_s,
        ratio=section.text("ratio", "16:9", one_of=RATIOS),
        max_prompt_chars=section.integer("max_prompt_chars", 1500, 100, 2000),
    )


def _limits(section: Section) -> LimitsConfig:
    defaults = LimitsConfig()
    values = {
        key.name: section.integer(key.name, getattr(defaults, key.name), 1, 100_000)
        for key in fields(defaults)
        if key.name != "guild_weights"
    }
    weights = section.shares("guild_weights", *WEIGHTS)
    return replace(defaults, **values, guild_weights=weights)


def _budget(section: Section) -> BudgetConfig:
    defaults = BudgetConfig()
    names = ("host_tokens", "guild_tokens", "member_tokens")
    values = {
        name: section.integer(name, getattr(defaults, name), 0, 1_000_000_000) for name in names
    }
    kind = section.text("period", defaults.period.kind, one_of=get_args(PeriodKind))
    zone = section.text("time_zone", defaults.period.zone)
    if zone != defaults.period.zone and zone not in available_timezones():  # a walk of the disk
        section.wrong("time_zone", f'"{zone}" is not a time zone; try "UTC" or "Europe/Berlin"')
    return replace(defaults, **values, period=Period(cast(PeriodKind, kind), zone))


def _logging(section: Section) -> LoggingConfig:
    return LoggingConfig(
        level=section.text("level", "INFO", one_of=("DEBUG", "INFO", "WARNING", "ERROR")),
        format=section.text("format", "text", one_of=("text", "json")),
    )
