"""Imports the bot once, then lets a child be it each time it is asked: a start costs no import.

A line on stdin starts one (as for `tests.bot_process`); its process id, `ready` and `ended` come
back as lines.
"""

import asyncio
import json
import os
import sys

import bot
import config
from tests.bot_process import SharedClock


def say(word: object) -> None:
    """Tell whoever started this."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def live(mapping: dict[str, dict[str, object]], clock: SharedClock) -> None:
    """Run the bot until it is killed."""
    async with bot.running(config.from_mapping(mapping, {}), clock):
        say("ready")
        await asyncio.Event().wait()


if __name__ == "__main__":
    for line in sys.stdin:
        if not (child := os.fork()):
            given = json.loads(line)
            asyncio.run(live(given["config"], SharedClock(**given["clock"])))
        say(child)
        os.waitpid(child, 0)
        say("ended")
