"""The life of a generation: opened by an order, ended by the clock, by its start image or by hand.

An end takes place at exactly `finishes_at`, whether somebody looks just then or not: every look
settles what is due first, and a task sleeps on the clock until the next end.
"""

import asyncio
import heapq
import itertools
import logging
import math

from playground.neuralbox.books import TIME_IS_COARSE_S, BoxGeneration, is_due
from playground.neuralbox.faults import Twist
from playground.neuralbox.orders import Order
from playground.neuralbox.pictures import PictureProblemError
from playground.neuralbox.studio import Studio
from playground.neuralbox.switches import SLOW_FACTOR
from playground.neuralbox.world import World

log = logging.getLogger(__name__)


class Lifecycle:
    """Opens and ends generations. Needs `start()` for ends to come by themselves."""

    def __init__(self, world: World, studio: Studio) -> None:
        self._world = world
        self._studio = studio
        self._due: list[tuple[float, int, BoxGeneration]] = []
        self._order = itertools.count()
        self._ticker: asyncio.Task[None] | None = None
        self._nap: asyncio.Future[None] | None = None
        self._loading: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to end generations when their time comes, those of an earlier run included."""
        for generation in self._world.books.open.values():
            self.watch(generation)
            if generation.picture == "loading":
                self._begin_picture(generation)
        self._ticker = asyncio.create_task(self._tick(), name="neuralbox-ticker")

    async def stop(self) -> None:
        """Stop the clock's hold on the generations; what is pending stays pending."""
        tasks = [*self._loading, *([self._ticker] if self._ticker else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def open(self, order: Order, twist: Twist) -> BoxGeneration:
        """Enter a new pending generation, and begin its clip or the loading of its start image."""
        world, options = self._world, order.options
        wait_s, reason = self._fate(order, twist)
        now = world.clock.now()
        lag_s = world.profile.history_lag_s if twist.history_lag_s is None else twist.history_lag_s
        is_gen = bool(twist.gen_id) or world.profile.dialect.ids == "gen"
        is_heavy = twist.heavy_bytes is not None
        width, height = self._studio.size(order.model, options.ratio, is_full=is_heavy)
        generation = BoxGeneration(
            id=world.books.new_id(gen=is_gen, wanted=twist.answered_id),
            model=order.slug,
            model_name=order.model.name,
            prompt=order.prompt,
            duration=options.duration,
            ratio=options.ratio,
            width=width,
            height=height,
            cost=order.model.price(options.duration),
            image_url=options.image_url,
            negative_prompt=options.negative_prompt,
            created_at=now,
            finishes_at=now + wait_s,
            fails_with=reason,
            visible_at=now + lag_s,
            twist=twist,
        )
        world.books.add(generation)
        self.watch(generation)
        if options.image_url:
            generation.picture = "loading"
            self._begin_picture(generation)
        elif not reason and not twist.is_stuck:
            self._studio.begin(self._studio.spec(generation))
        return generation

    def watch(self, generation: BoxGeneration) -> None:
        """End this generation at its `finishes_at`."""
        if generation.status != "pending" or math.isinf(generation.finishes_at):
            return
        heapq.heappush(self._due, (generation.finishes_at, next(self._order), generation))
        if self._due[0][2] is generation:
            self._wake()

    def settle(self) -> None:
        """End everything whose time has come, in the order of their times."""
        now = self._world.clock.now()
        while self._due and is_due(self._due[0][0], now):
            finishes_at, _, generation = heapq.heappop(self._due)
            is_open = generation.status == "pending" and generation.finishes_at == finishes_at
            if is_open and generation.picture != "loading":  # else `_load_picture` ends it
                self._end(generation, finishes_at)

    def finish(self, generation_id: str) -> None:
        """Complete a pending generation now."""
        generation = self._pending(generation_id)
        generation.fails_with = None
        generation.picture = "ready" if generation.image_url else "none"
        self._end(generation, self._world.clock.now())

    def fail(self, generation_id: str, reason: str) -> None:
        """Fail a pending generation now, with this sentence."""
        generation = self._pending(generation_id)
        generation.fails_with = reason
        self._end(generation, self._world.clock.now())

    def _end(self, generation: BoxGeneration, at: float) -> None:
        if generation.fails_with is not None:
            self._world.books.fail(generation, generation.fails_with, at)
        else:
            self._world.books.complete(generation, at)
        self._world.touch()
        log.info("generation %s: %s", generation.id, generation.status)

    def _pending(self, generation_id: str) -> BoxGeneration:
        generation = self._world.books.generations[str(generation_id)]
        if generation.status != "pending":
            raise ValueError(f"generation {generation_id} is {generation.status} already")
        return generation

    def _fate(self, order: Order, twist: Twist) -> tuple[float, str | None]:
        world, switches, profile = self._world, self._world.switches, self._world.profile
        fate = world.draw_fate(order.model)
        factor = world.wait_scale * (SLOW_FACTOR if switches.slow else 1)
        wait_s = fate.wait_s * factor if twist.wait_s is None else twist.wait_s
        if twist.is_stuck:
            wait_s = math.inf
        prompt = order.prompt.lower()
        reason = twist.fails
        if reason is None and any(word.lower() in prompt for word in profile.trigger_words):
            reason = profile.policy_sentence
            switches.policy_next = False  # it has been refused, as the switch asked
        elif reason is None and switches.policy_next:
            switches.policy_next = False
            reason = profile.policy_sentence
        elif reason is None and switches.fail_next:
            switches.fail_next = False
            reason = profile.provider_sentence
        elif reason is None and fate.fails:
            reason = profile.provider_sentence
        return wait_s, reason

    def _begin_picture(self, generation: BoxGeneration) -> None:
        task = asyncio.create_task(self._load_picture(generation), name="neuralbox-picture")
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)

    async def _load_picture(self, generation: BoxGeneration) -> None:
        problem: str | None = None
        try:
            picture = await self._studio.load_picture(generation.image_url or "")
            generation.picture_sha256, generation.picture_bytes = picture.sha256, picture.size_bytes
        except PictureProblemError as error:
            problem = f"Provider error: {error}"
        if generation.status != "pending":
            return
        generation.picture = "ready"
        self._world.touch()
        now = self._world.clock.now()
        if problem is not None:
            generation.fails_with = problem
            self._end(generation, min(now, generation.finishes_at))
            return
        if generation.fails_with is None and not generation.twist.is_stuck:
            self._studio.begin(self._studio.spec(generation))
        if is_due(generation.finishes_at, now):
            self._end(generation, generation.finishes_at)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.settle()
            if self._due:
                left = self._due[0][0] - self._world.clock.now() - TIME_IS_COARSE_S / 2
                self._nap = asyncio.ensure_future(self._world.clock.sleep(left))
            else:
                self._nap = loop.create_future()
            try:
                await asyncio.wait({self._nap})
            finally:
                self._nap.cancel()

    def _wake(self) -> None:
        if self._nap is not None:
            self._nap.cancel()
