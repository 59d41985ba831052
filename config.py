"""config.toml and the environment, turned into one frozen `Config`; every mistake named at once."""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args
from urllib.parse import urlsplit

from models import LENGTHS_S, RATIOS

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

OptionsPlace = Literal["top_level", "params", "both"]
RESULT_ORIGINS = ("https://storage.neuralbox.top", "https://storage.elumenta.ru")
PICTURE_ORIGINS = (
    "https://cdn.discordapp.com",
    "https://media.discordapp.net",
    "https://images-ext-1.discordapp.net",
    "https://images-ext-2.discordapp.net",
)
ANY_LINK = "*"


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


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """Tokens; 0 means that the level has no limit of its own."""

    host_tokens: int = 0
    guild_tokens: int = 500
    member_tokens: int = 0


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
    sections = {name: _Section(name, mapping.get(name, {}), problems) for name in known}
    config = Config(
        discord=_discord(sections["discord"], env),
        neuralbox=_neuralbox(sections["neuralbox"], env),
        storage=_storage(sections["storage"]),
        pictures=_pictures(sections["pictures"]),
        video=_video(sections["video"]),
        limits=_integers(sections["limits"], LimitsConfig(), 1, 100_000),
        budget=_integers(sections["budget"], BudgetConfig(), 0, 1_000_000_000),
        logging=_logging(sections["logging"]),
    )
    for section in sections.values():
        section.refuse_leftovers()
    if _is_local(config.discord.gateway_url) and not _is_local(config.neuralbox.base_url):
        problems.append(
            "neuralbox.base_url: discord.gateway_url is a local server, so real tokens would be "
            "spent on play; give a local NeuralBox too, or the real Discord gateway"
        )
    if problems:
        raise ConfigError(problems)
    return config


class _Section:
    """Takes keys out of one table, notes what is wrong, and hands back a usable value anyway."""

    def __init__(self, name: str, table: object, problems: list[str]) -> None:
        self.name = name
        self.problems = problems
        self.left: dict[str, Any] = {}
        self.known: list[str] = []
        if isinstance(table, Mapping):
            self.left = dict(table)
        else:
            problems.append(f"{name}: must be a section ([{name}]), not a value")

    def wrong(self, key: str, right: str) -> None:
        self.problems.append(f"{self.name}.{key}: {right}")

    def text(self, key: str, default: str, *, one_of: tuple[str, ...] = ()) -> str:
        value = self._take(key, default)
        if not isinstance(value, str) or "\0" in value:
            self.wrong(key, f'must be text in quotes, for example "{default}"')
            return default
        if one_of and value not in one_of:
            self.wrong(key, f'is "{value}" but must be one of {_listed(one_of)}')
            return default
        return value

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        value = self._take(key, default)
        if type(value) is not int or not low <= value <= high:
            self.wrong(key, f"must be a whole number from {low} to {high}, for example {default}")
            return default
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._take(key, default)
        if type(value) is not bool:
            self.wrong(key, "must be true or false, without quotes")
            return default
        return value

    def texts(
        self, key: str, default: tuple[str, ...], *, may_be_empty: bool = False
    ) -> tuple[str, ...]:
        value = self._take(key, list(default))
        is_list = isinstance(value, list) and (value or may_be_empty)
        if not is_list or any(type(v) is not str for v in value):
            self.wrong(key, f"must be a list of texts, for example {list(default)}")
            return default
        return tuple(value)

    def origins(
        self, key: str, default: tuple[str, ...], *, may_be_empty: bool = False
    ) -> tuple[str, ...]:
        origins = self.texts(key, default, may_be_empty=may_be_empty)
        for origin in origins:
            if not _is_file_origin(origin) and not (may_be_empty and origin == ANY_LINK):
                self.wrong(
                    key,
                    f'"{origin}" must be an https origin without path or port, such as '
                    f'"{RESULT_ORIGINS[0]}"',
                )
        return tuple(origin.rstrip("/") for origin in origins)

    def url(self, key: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(key, default)
        if problem := _url_problem(value, schemes):
            self.wrong(key, f'{problem}; for example "{default}"')
            return default
        return value.rstrip("/") if schemes[0] == "https" else value

    def secret(self, key: str, env: Mapping[str, str], variable: str) -> str:
        """Read a secret: given in place, else from a file, else from an environment variable."""
        given = self.text(key, "")
        path = self.text(f"{key}_file", "")
        variable = self.text(f"{key}_env", variable)
        if given:
            return given.strip()
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.wrong(f"{key}_file", f'"{path}" cannot be read: {error}')
                return ""
        if not (value := env.get(variable, "").strip()):
            self.wrong(
                key, f"is missing; set the environment variable {variable}, or name a {key}_file"
            )
        return value

    def refuse_leftovers(self) -> None:
        for key in self.left:
            self.wrong(key, f"no such key; the keys here are {', '.join(self.known)}")

    def _take(self, key: str, default: Any) -> Any:
        self.known.append(key)
        return self.left.pop(key, default)


def _discord(section: _Section, env: Mapping[str, str]) -> DiscordConfig:
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


def _neuralbox(section: _Section, env: Mapping[str, str]) -> NeuralBoxConfig:
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


def _storage(section: _Section) -> StorageConfig:
    data_dir = section.text("data_dir", "data")
    if not data_dir.strip():
        section.wrong("data_dir", 'must name a directory, for example "data"')
    return StorageConfig(
        data_dir=Path(data_dir),
        min_free_bytes=section.integer("min_free_mib", 512, 0, 1_000_000) * 1024 * 1024,
        keep_days=section.integer("keep_days", 30, 1, 3650),
    )


def _pictures(section: _Section) -> PicturesConfig:
    return PicturesConfig(
        origins=section.origins("origins", PICTURE_ORIGINS),
        links=section.origins("links", (), may_be_empty=True),
        max_bytes=section.integer("max_mib", 20, 1, 100) * 1024 * 1024,
        max_pixels=section.integer("max_megapixels", 40, 1, 100) * 1_000_000,
    )


def _video(section: _Section) -> VideoConfig:
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


_Numbers = TypeVar("_Numbers", LimitsConfig, BudgetConfig)


def _integers(section: _Section, defaults: _Numbers, low: int, high: int) -> _Numbers:
    """Read a section whose keys are all whole numbers within the same bounds."""
    values = {
        key.name: section.integer(key.name, getattr(defaults, key.name), low, high)
        for key in fields(defaults)
    }
    return replace(defaults, **values)


def _logging(section: _Section) -> LoggingConfig:
    return LoggingConfig(
        level=section.text("level", "INFO", one_of=("DEBUG", "INFO", "WARNING", "ERROR")),
        format=section.text("format", "text", one_of=("text", "json")),
    )


def _url_problem(value: str, schemes: tuple[str, ...]) -> str | None:
    try:
        parts = urlsplit(value)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return f'"{value}" is not an address'
    is_plain = not any(char.isspace() or ord(char) < 0x21 for char in value)
    if parts.scheme not in schemes or not parts.hostname or not has_port or not is_plain:
        return f'"{value}" must be an address that begins with {schemes[0]}://'
    if parts.username or parts.password or parts.query or parts.fragment:
        return f'"{value}" must not carry a user, a query or a fragment'
    if parts.scheme == schemes[1] and not _is_local(value) and "." in parts.hostname:
        return f'"{value}" must begin with {schemes[0]}:// (only a local server may do without)'
    return None


def _is_file_origin(text: str) -> bool:
    """https on its own port; a server on this machine, named by its number, may be any."""
    if _url_problem(text, ("https", "http")) or urlsplit(text).path.strip("/"):
        return False
    parts = urlsplit(text)
    if _is_local(text):
        return parts.hostname != "localhost"
    return parts.scheme == "https" and parts.port in (None, 443)


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f'"{value}"' for value in values)
