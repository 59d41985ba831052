"""The bot in a process of its own, so that a test can kill it."""

import asyncio
import json
import signal
import sys
import time

import bot
import config


class SharedClock:
    """Time that several processes of one machine agree on, `speed` times as fast as real time."""

    def __init__(self, start: float, anchor: float, speed: float) -> None:
        self.start, self.anchor, self.speed = start, anchor, speed

    def now(self) -> float:
        """UTC epoch seconds."""
        return self.start + self.monotonic()

    def monotonic(self) -> float:
        """Seconds since the anchor."""
        return (time.monotonic() - self.anchor) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def advance(self, seconds: float) -> None:
        """As a FakeClock's, but in real time."""
        await self.sleep(seconds)


async def serve(mapping: dict[str, dict[str, object]], clock: SharedClock) -> None:
    """Run the bot until SIGTERM; says "ready" once it is connected."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with bot.running(config.from_mapping(mapping, {}), clock):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(serve(given["config"], SharedClock(**given["clock"])))
