"""Both clocks keep the same promises about `now`, `monotonic` and `sleep`."""

import asyncio
import time
from typing import Any

import pytest

from playground.clock import FakeClock, PlayClock


async def _note(clock: FakeClock, after: float, woken: list[tuple[float, float]]) -> None:
    await clock.sleep(after)
    woken.append((after, clock.monotonic()))


async def test_fake_clock_wakes_sleepers_in_order_each_at_its_own_instant() -> None:
    clock = FakeClock()
    woken: list[tuple[float, float]] = []
    async with asyncio.TaskGroup() as tasks:
        for after in (9.0, 3.0, 7.5, 3.5):
            tasks.create_task(_note(clock, after, woken))
        await clock.advance(10)
    assert woken == [(3.0, 3.0), (3.5, 3.5), (7.5, 7.5), (9.0, 9.0)]
    assert clock.monotonic() == 10
    assert clock.now() == 1_800_000_010.0


async def test_fake_clock_wakes_a_task_again_that_sleeps_again_within_the_same_step() -> None:
    clock = FakeClock()
    instants: list[float] = []

    async def every_two() -> None:
        for _ in range(4):
            await clock.sleep(2)
            instants.append(clock.monotonic())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(every_two())
        await clock.advance(7)
        assert instants == [2, 4, 6]
        await clock.advance(1)
    assert instants == [2, 4, 6, 8]


async def test_fake_clock_leaves_the_future_asleep_and_forgets_the_cancelled() -> None:
    clock = FakeClock()
    late = asyncio.create_task(clock.sleep(60))
    cancelled = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    assert clock.sleepers == 2
    assert clock.next_wake_in == 5
    cancelled.cancel()
    await clock.advance(59)
    assert not late.done()
    assert clock.sleepers == 1
    assert clock.next_wake_in == 1
    await clock.advance(1)
    assert late.done()
    assert clock.next_wake_in is None
    await asyncio.gather(late, cancelled, return_exceptions=True)


async def test_fake_clock_can_jump_on_the_wall_without_waking_anybody() -> None:
    clock = FakeClock()
    sleeper = asyncio.create_task(clock.sleep(10))
    await clock.advance(4)
    clock.set_wall(1_700_000_000.0)
    assert clock.now() == 1_700_000_000.0
    assert clock.monotonic() == 4
    await clock.advance(5)
    assert not sleeper.done()
    await clock.advance(1)
    assert sleeper.done()


async def test_a_sleep_of_nothing_gives_others_a_turn_on_both_clocks() -> None:
    for clock in (FakeClock(), PlayClock()):
        turn = asyncio.create_task(asyncio.sleep(0))
        await clock.sleep(0)
        await clock.sleep(-1)
        assert turn.done()


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The real seconds of each timer; how long one really takes is up to a busy machine."""
    asked: list[float] = []
    plain = asyncio.BaseEventLoop.call_later

    def noting(
        loop: asyncio.BaseEventLoop, delay: float, *call: Any, **named: Any
    ) -> asyncio.TimerHandle:
        asked.append(delay)
        return plain(loop, delay, *call, **named)

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_later", noting)
    return asked


async def test_play_clock_runs_as_fast_as_it_is_told(timers: list[float]) -> None:
    clock = PlayClock(speed=200)
    assert abs(clock.now() - time.time()) < 2
    began_real, began = time.monotonic(), clock.now()
    await clock.sleep(20)
    assert clock.now() - began >= 20
    assert time.monotonic() - began_real >= 0.1
    assert all(0 < nap <= 0.1 for nap in timers)


async def test_a_change_of_speed_reaches_those_who_already_sleep(
    monkeypatch: pytest.MonkeyPatch, timers: list[float]
) -> None:
    clock = PlayClock(speed=1)
    sleeper = asyncio.create_task(clock.sleep(100))
    await asyncio.sleep(0.01)
    instant = time.monotonic()
    with monkeypatch.context() as standing:
        standing.setattr(time, "monotonic", lambda: instant)
        before = clock.now()
        clock.speed = 1_000
        assert clock.speed == 1_000
        assert clock.now() == before  # the change itself makes no jump
    timers.clear()
    await sleeper
    assert clock.monotonic() >= 100
    assert all(0 < nap <= 0.1 for nap in timers)


async def test_play_clock_slowed_down_keeps_sleepers_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = PlayClock(speed=1_000)
    instant = time.monotonic()
    with monkeypatch.context() as standing:  # or a busy machine might take as long as the sleep
        standing.setattr(time, "monotonic", lambda: instant)
        sleeper = asyncio.create_task(clock.sleep(60))
        await asyncio.sleep(0)
        clock.speed = 0.001
    await asyncio.sleep(0.1)
    assert not sleeper.done()
    sleeper.cancel()
    await asyncio.gather(sleeper, return_exceptions=True)


def test_a_clock_cannot_stand_still_or_run_backwards() -> None:
    for speed in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="above zero"):
            PlayClock(speed=speed)
    clock = PlayClock()
    with pytest.raises(ValueError, match="above zero"):
        clock.speed = 0
