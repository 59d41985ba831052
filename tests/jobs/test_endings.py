"""Ending tasks: all of them, soon, and none of them twice."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from jobs import endings


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _waits_on_when_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.Event().wait()


async def _breaks_when_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise RuntimeError


@pytest.mark.parametrize("what", [_for_ever, _waits_on_when_cancelled, _breaks_when_cancelled])
async def test_whatever_a_task_does_when_it_is_cancelled_it_ends(
    what: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "PATIENCE_S", 0.01)
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, facts: heard.append(facts))
    tasks = [asyncio.ensure_future(what()) for _ in range(3)]
    await asyncio.wait(tasks, timeout=0)
    async with asyncio.timeout(5):
        await endings.end(tasks)
    assert all(task.done() for task in tasks)
    del tasks
    assert heard == []


async def test_what_tidies_up_within_the_patience_is_let_finish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endings, "PATIENCE_S", 60)  # so many threads take a while when it is busy
    tidied: list[int] = []

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for number in range(20):
                await asyncio.to_thread(tidied.append, number)

    task = asyncio.create_task(tidy())
    await asyncio.wait([task], timeout=0)
    await endings.end([task])
    assert tidied == list(range(20))


async def test_of_no_tasks_there_is_nothing_to_wait_for() -> None:
    await endings.end([])
