"""What can be typed after `python bot.py`: the bot itself, and what a host does beside it."""

import argparse
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import config as configuration
import logs
from config import Config, ConfigError
from jobs import backup_desk, doctor
from jobs.clock import SystemClock

COMMANDS = ("run", "check", "doctor", "backup", "restore")
WITH_FILE = ("backup", "restore")
# Something is not well, the configuration is wrong.
EXIT_CODES = (1, 78)
_NOT_WELL, _CONFIG = EXIT_CODES


def main(arguments: list[str] | None, run: Callable[[Config], int]) -> int:
    """Do what was typed and return the exit code; `run` is the bot."""
    options = _read(arguments)
    os.umask(0o077)
    if options.command == "doctor":
        now = int(SystemClock().now())
        page, is_well = doctor.report(options.config, now, as_json=options.json)
        sys.stdout.write(page)
        return 0 if is_well else _NOT_WELL
    try:
        config = configuration.load(options.config)
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        return _CONFIG
    if options.command == "check":
        sys.stdout.write(f"{options.config} is fine\n")
        return 0
    if options.command in WITH_FILE:
        said, code = _keep_books(options.command, options.file, config)
        (sys.stderr if code else sys.stdout).write(said)
        return code
    _keep_secrets(config)
    return run(config)


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bot.py", description="Reelbox, a Discord video bot")
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="run")
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        help="where a backup goes (else among the bot's own); which one is restored (else a list)",
    )
    parser.add_argument("--config", type=Path, default=Path("config.toml"), metavar="FILE")
    parser.add_argument("--json", action="store_true", help="what doctor finds, for a program")
    options = parser.parse_args(arguments)
    if options.file is not None and options.command not in WITH_FILE:
        parser.error(f"{options.command} takes no file")
    return options


def _keep_books(command: str, file: Path | None, config: Config) -> tuple[str, int]:
    """Back up, restore, or list what could be restored; return what to say and the exit code."""
    now = int(SystemClock().now())
    if command == "backup":
        return backup_desk.back_up(config.storage, file, now)
    if file is None:
        return backup_desk.list_backups(config.storage, now)
    return backup_desk.restore(config.storage, file, now)


def _keep_secrets(config: Config) -> None:
    """Let neither a core nor a log hold the token and the key."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logs.set_up(
        config.logging.level,
        as_json=config.logging.format == "json",
        secrets=[
            (config.discord.token, "discord token"),
            (config.neuralbox.key, "neuralbox key"),
        ],
    )
