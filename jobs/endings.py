"""Ending tasks, also those that go on waiting when they are cancelled."""

import asyncio
from collections.abc import Iterable
from typing import Any

# For a child process to end in, or a transaction: much longer than either takes.
PATIENCE_S = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended, whatever they end with.

    discord.py waits for the rest of a rate limit when a request under it is cancelled, which is up
    to some seconds of nothing; a second cancellation ends that as well.
    """
    every = pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _done, pending = await asyncio.wait(pending, timeout=PATIENCE_S)
    await asyncio.gather(*every, return_exceptions=True)  # what they ended with is heard
