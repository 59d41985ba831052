"""The local NeuralBox: a real HTTP server that plays the documented service, and its controls.

A test or the playground starts it, points the bot at `base_url`, and then asks and tells it things
through the attributes and methods of `LocalNeuralBox`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from playground.neuralbox.allowance import Allowance
from playground.neuralbox.api import Api
from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.catalogue import Catalogue
from playground.neuralbox.door import BASE_PATH, Door
from playground.neuralbox.faults import ANY, Fault, Match
from playground.neuralbox.files import ResultFiles
from playground.neuralbox.lifecycle import Lifecycle
from playground.neuralbox.panel import panel_state
from playground.neuralbox.profile import Profile
from playground.neuralbox.protocols import Clock
from playground.neuralbox.studio import Clips, Studio
from playground.neuralbox.switches import Switches
from playground.neuralbox.world import Script, SeenRequest, World

SHUTDOWN_S = 1.0


class LocalNeuralBox:
    """A NeuralBox on 127.0.0.1. `start()` before use, `stop()` after; tokens are not real."""

    def __init__(
        self,
        clock: Clock,
        *,
        key: str = "nb_local_key",
        profile: Profile | None = None,
        media_scale: float = 1.0,
        port: int = 0,
        seed: int = 1,
        clips: Clips = "real",
        host: str = "127.0.0.1",
    ) -> None:
        self.key = key
        self._host = host
        self._port = port
        self._clips: Clips = clips
        self._world = World(clock, profile or Profile(), key, media_scale, seed)
        self._studio: Studio | None = None
        self._lifecycle: Lifecycle | None = None
        self._door: Door | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; `base_url` and `origin` are known from now on. Raises OSError for a used port."""
        world = self._world
        self._studio = Studio(world.media_scale, self._clips)
        self._lifecycle = Lifecycle(world, self._studio)
        files = ResultFiles(world, self._lifecycle, self._studio)
        self._door = Door(world, Api(world, self._lifecycle), files)
        self._runner = web.AppRunner(
            self._door.application(), access_log=None, shutdown_timeout=SHUTDOWN_S
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            await self._studio.close()
            self._runner = self._lifecycle = None
            raise
        port = self._runner.addresses[0][1]
        self._port = port  # a restart comes back at the same address
        world.origin = f"http://{self._host}:{port}"
        self._lifecycle.start()

    async def stop(self) -> None:
        """Close every connection and end clips that are being made. May be called twice."""
        runner, self._runner = self._runner, None
        if runner is None or not (self._door and self._lifecycle and self._studio):
            return
        self._door.close()
        await self._lifecycle.stop()
        await runner.cleanup()
        await self._studio.close()

    # What it is

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a slash; result files are served from here."""
        return self._world.origin

    @property
    def base_url(self) -> str:
        """The API's base, without a slash at its end."""
        return self.origin + BASE_PATH

    @property
    def profile(self) -> Profile:
        """The account and the dialect; may be changed while the server runs."""
        return self._world.profile

    @property
    def catalogue(self) -> Catalogue:
        """The models: `set_price()`, and `withdrawn`, a set of slugs that are answered 404."""
        return self._world.catalogue

    @property
    def allowance(self) -> Allowance:
        """The request windows: `limit_hour`, `limit_day`, `used_hour`, `used_day`, all settable."""
        return self._world.allowance

    # What it saw and did

    @property
    def requests(self) -> list[SeenRequest]:
        """Every API request, in the order of arrival."""
        return self._world.requests

    @property
    def leaks(self) -> list[str]:
        """Requests (method and path) whose address or body held a secret; see watch_for()."""
        return self._world.leaks

    def watch_for(self, *secrets: str) -> None:
        """Note requests that hold one of these texts; the account's own key always counts."""
        self._world.secrets |= set(secrets)

    @property
    def file_requests(self) -> list[SeenRequest]:
        """Every request for a result file."""
        return self._world.file_requests

    @property
    def generations(self) -> dict[str, BoxGeneration]:
        """All generations by id, as they stand now."""
        self._settle()
        return self._world.books.generations

    @property
    def balance(self) -> int:
        """The account's tokens. Setting it makes all of them tokens of the plan."""
        self._settle()
        return self._world.books.purse.balance

    @balance.setter
    def balance(self, value: int) -> None:
        self._settle()
        self._world.books.purse.balance = value

    @property
    def charged_total(self) -> int:
        """Tokens taken since the server was made."""
        self._settle()
        return self._world.books.purse.charged_total

    async def wait_until(self, is_so: Callable[[], bool], *, timeout_s: float = 5.0) -> None:
        """Wait until `is_so()`, asked again after each request, picture, end and switch.

        Raises TimeoutError after so many real seconds.
        """
        async with asyncio.timeout(timeout_s):
            while not is_so():
                await self._world.changed()

    async def wait_for_request(
        self, match: Match = ANY, *, count: int = 1, timeout_s: float = 5.0
    ) -> SeenRequest:
        """Wait until `count` such API requests have arrived in all; return the last of them."""

        def arrived() -> list[SeenRequest]:
            return [r for r in self.requests if match.fits(r.method, r.path, r.json)]

        await self.wait_until(lambda: len(arrived()) >= count, timeout_s=timeout_s)
        return arrived()[count - 1]

    # What it is told to do

    @property
    def wait_scale(self) -> float:
        """Factor on every drawn wait of generations still to come."""
        return self._world.wait_scale

    @wait_scale.setter
    def wait_scale(self, value: float) -> None:
        self._world.wait_scale = value

    @property
    def skew_s(self) -> float:
        """Seconds by which the server's own clock is ahead, in all the times it tells."""
        return self._world.skew_s

    @skew_s.setter
    def skew_s(self, value: float) -> None:
        self._world.skew_s = value

    @property
    def world(self) -> World:
        """The shared parts, for worlds that need more, such as another `draw_fate`."""
        return self._world

    def finish(self, generation_id: str) -> None:
        """Complete a pending generation now. Raises KeyError, ValueError (it has ended)."""
        self._settle()
        self._running().finish(generation_id)

    def fail(self, generation_id: str, reason: str) -> None:
        """Fail a pending generation now. Raises KeyError, ValueError (it has ended)."""
        self._settle()
        self._running().fail(generation_id, reason)

    def script(self, *faults: Fault) -> None:
        """Queue faults; see `playground.neuralbox.faults`."""
        self._world.script.add(faults)

    @property
    def faults_left(self) -> Script:
        """The faults that still wait: `len()` of it, and `clear()`."""
        return self._world.script

    def add_foreign(
        self,
        *,
        prompt: str,
        model: str = "kling-v2.1",
        status: str = "completed",
        tokens: int = 44,
        created_at: float | None = None,
        category: str = "video",
        duration: int = 5,
        ratio: str = "16:9",
    ) -> BoxGeneration:
        """Enter a generation that somebody else made with this account, and charge for it.

        One that is `pending` stays so until `finish()` or `fail()`.
        """
        world = self._world
        known = world.catalogue.find(model)
        width, height = known.size(ratio, world.media_scale) if known else (0, 0)
        now = world.clock.now()
        born = now if created_at is None else created_at
        generation = BoxGeneration(
            id=world.books.new_id(gen=world.profile.dialect.ids == "gen"),
            model=model,
            model_name=known.name if known else model,
            prompt=prompt,
            duration=duration,
            ratio=ratio,
            width=width,
            height=height,
            cost=tokens,
            created_at=born,
            finishes_at=float("inf"),
            category=category,
            is_foreign=True,
            visible_at=born,
        )
        world.books.add(generation)
        if status == "completed":
            world.books.complete(generation, min(now, born + 60))
        elif status == "failed":
            world.books.fail(generation, world.profile.provider_sentence, min(now, born + 60))
        return generation

    # The page's side panel

    @property
    def switches(self) -> Switches:
        """The switches of the side panel."""
        return self._world.switches

    def set_switch(self, name: str, on: bool) -> None:
        """Turn one switch on or off. Raises ValueError for a name that is none."""
        if name not in self.switches.as_dict():
            raise ValueError(f"there is no switch named {name}")
        setattr(self.switches, name, on)
        self._world.touch()

    def state(self) -> dict[str, Any]:
        """Return what the side panel shows, JSON-able; times are clock time in epoch seconds."""
        self._settle()
        return panel_state(self._world)

    def _settle(self) -> None:
        if self._lifecycle is not None:
            self._lifecycle.settle()

    def _running(self) -> Lifecycle:
        if self._lifecycle is None:
            raise RuntimeError("the local NeuralBox is not started")
        return self._lifecycle
