"""An alarm wakes its loop at the moment that was asked for, or at a nudge."""

import asyncio

from jobs.alarm import LOOK_EVERY_S, Alarm
from playground.clock import FakeClock


class HastyClock(FakeClock):
    """A clock on which three seconds pass between any two looks at it."""

    def monotonic(self) -> float:
        self._passed += 3
        return super().monotonic()


async def test_what_passes_before_the_loop_sleeps_counts_as_waited() -> None:
    clock = HastyClock()
    waiting = asyncio.create_task(Alarm(clock).wait(10))
    await clock.advance(0)
    assert clock.next_wake_in == 7
    await clock.advance(7)
    await asyncio.wait_for(waiting, 5)


async def test_a_moment_that_passed_before_the_loop_sleeps_wakes_it_at_once() -> None:
    await asyncio.wait_for(Alarm(HastyClock()).wait(2), 5)


async def test_a_nudge_wakes_before_the_moment_and_is_kept_until_the_next_wait() -> None:
    alarm = Alarm(FakeClock())
    alarm.nudge()
    await asyncio.wait_for(alarm.wait(10), 5)
    waiting = asyncio.create_task(alarm.wait(None))
    await asyncio.sleep(0)
    assert not waiting.done()
    alarm.nudge()
    await asyncio.wait_for(waiting, 5)


async def test_a_loop_that_waits_for_a_nudge_alone_looks_now_and_then_all_the_same() -> None:
    clock = FakeClock()
    waiting = asyncio.create_task(Alarm(clock).wait(None))
    await clock.advance(LOOK_EVERY_S - 1)
    assert not waiting.done()
    await clock.advance(1)
    await asyncio.wait_for(waiting, 5)
