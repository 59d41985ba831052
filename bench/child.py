"""What is measured, in a process of its own: the bot as it runs in earnest, or a bare one.

`python -m bench.child bot|bare JSON`: JSON is the configuration as it would stand in config.toml.
Says "ready" on stdout once Discord is connected, and ends at SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import config as configuration
import logs
from config import Config


async def _stay(connection: AbstractAsyncContextManager[object]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with connection:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()


def _connection(kind: str, config: Config) -> AbstractAsyncContextManager[object]:
    # Each kind imports what it runs and no more: memory and start-up are what is measured.
    if kind == "bare":
        from bench import bare

        return bare.running(config)
    import bot

    return bot.running(config)


def main(kind: str, mapping: Mapping[str, Any]) -> None:
    """Run one kind of bot until SIGTERM."""
    config = configuration.from_mapping(mapping, {})
    os.umask(0o077)
    logs.set_up("INFO", as_json=False, secrets=[(config.discord.token, "discord token")])
    asyncio.run(_stay(_connection(kind, config)))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
