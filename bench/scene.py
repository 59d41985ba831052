"""A stage for one measurement: both local servers in this process, the bot in one of its own.

So a figure holds no work of the servers on the bot's own loop, but both share the machine: on two
cores the servers have one and the bot has the other.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

from bench.process import ROOT, Child, Kind
from config import MODELS
from models import LENGTHS_S
from playground.clock import PlayClock
from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox, Profile, faults

BUILD = ROOT / "build"
PLENTY = 1_000_000_000
NO_CAP = 100_000
GLANCE_S = 0.02


class Scene:
    """Two servers on an unlimited plan whose generations never end, and at most one bot."""

    def __init__(self, discord: LocalDiscord, box: LocalNeuralBox, data: Path) -> None:
        self.discord, self.box, self.data = discord, box, data
        self._child: Child | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, *, rate_limits: bool = True) -> AsyncIterator[Self]:
        """Start the servers and an empty data directory under build/."""
        clock = PlayClock()
        async with AsyncExitStack() as stack:
            BUILD.mkdir(exist_ok=True)
            folder = tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD)
            data = Path(stack.enter_context(folder))
            discord = LocalDiscord(clock, rate_limits=rate_limits)
            box = LocalNeuralBox(
                clock, profile=Profile(plan="elite", balance=PLENTY), clips="shared"
            )
            # No generation ends, so no clip is made: the processor is the bot's and the servers'.
            box.script(faults.stuck(times=None))
            for server in (discord, box):
                await server.start()
                stack.push_async_callback(server.stop)
            scene = cls(discord, box, data)
            stack.push_async_callback(scene.stop)
            yield scene

    def mapping(self) -> dict[str, dict[str, Any]]:
        """Return a configuration with every cap and budget far away, yet in force."""
        return {
            "discord": {
                "token": self.discord.token,
                "api_url": self.discord.rest_url,
                "gateway_url": self.discord.gateway_url,
            },
            "neuralbox": {
                "key": self.box.key,
                "base_url": self.box.base_url,
                "result_origins": [self.box.origin],
            },
            "storage": {"data_dir": str(self.data), "min_free_mib": 1},
            "limits": {
                "in_flight_total": NO_CAP,
                "in_flight_per_guild": NO_CAP,
                "in_flight_per_member": NO_CAP,
                "unfinished_per_member": NO_CAP,
                "unfinished_per_guild": NO_CAP,
                "commands_per_minute": NO_CAP,
            },
            "budget": {
                "host_tokens": PLENTY,
                "guild_tokens": PLENTY,
                "member_tokens": PLENTY,
            },
        }

    async def start(self, kind: Kind = "bot") -> Child:
        """Start a bot; returns when it is connected."""
        child = await self.launch(kind)
        await child.ready()
        return child

    async def launch(self, kind: Kind = "bot") -> Child:
        """Start a bot and return at once."""
        self._child = await Child.start(kind, self.mapping(), self.data / "log")
        return self._child

    async def stop(self) -> None:
        """Stop the bot in order, when one runs."""
        if self._child is not None:
            child, self._child = self._child, None
            await child.stop()

    async def settled(self) -> None:
        """Wait until the bot has asked for every price: what it does at its very first start."""
        wanted = len(MODELS) * len(LENGTHS_S)
        await until(
            lambda: (
                sum(seen.path.endswith("/calculate-price") for seen in self.box.requests) >= wanted
            )
        )


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Return once it holds; raises TimeoutError after so many seconds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - looks at another process's traces
            await asyncio.sleep(GLANCE_S)
