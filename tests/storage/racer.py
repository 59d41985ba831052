"""A process of its own that asks for videos on books it shares: run by the test of races.

Reads a guild's id a line, tries that often to hold on its budget, and prints how many it got.
"""

import asyncio
import sys
from pathlib import Path

from errors import BudgetExceededError
from jobs import moves
from models import Quote
from storage.database import open_database
from storage.ledger import Limits
from tests.storage.conftest import asker, order

HOLD, TRIES, FITTING = 44, 30, 10
LIMITS = Limits(0, HOLD * FITTING, 0)


async def race(folder: Path, books: Path, number: int) -> None:
    """Open the books, say so, and take part in a round whenever a guild's id comes."""
    # The lock is one of the folder, so each process has its own; what they share is the file.
    async with open_database(folder, str(books)) as db:
        print("ready", flush=True)  # noqa: T201 - the answer to whoever started this
        while guild_id := int(await asyncio.to_thread(sys.stdin.readline) or 0):
            got = 0
            for one in range(TRIES):
                asked = asker((guild_id * 10 + number) * TRIES + one, guild_id, number)
                quote = Quote(HOLD, 1)
                try:
                    # The clocks of two processes are never quite the same.
                    now = 1_800_000_000 + number + one
                    args = (asked, order(), quote, f"{guild_id} {number} {one}", LIMITS)
                    await db.insist(moves.reserve, *args, (999, 999), now)
                except BudgetExceededError:
                    continue
                got += 1
            print(got, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(race(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
