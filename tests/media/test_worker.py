"""A worker process is alone with one file: limited, without secrets, and never left behind."""

import asyncio
import contextlib
import os
import resource
import select
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media import BrokenFileError, Clip, Studio, WorkerFailedError, WorkerOverrunError
from media.process import Limits
from media.studio import LIMITS
from tests.media import clips, hostile

ROOT = Path(__file__).parent.parent.parent
MIB = 1024 * 1024
Waiting = tuple[int, asyncio.Task[Clip]]


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A file that a worker opens and then waits at for ever."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def children() -> set[int]:
    # Of this thread, where the loop starts them: another thread may end while it is read about.
    return set(map(int, Path("/proc/thread-self/children").read_text().split()))


@contextlib.asynccontextmanager
async def waiting_worker(
    pipe: Path, studio: Studio
) -> AsyncIterator[tuple[int, asyncio.Task[object]]]:
    """Have a worker wait at the pipe; yields its process id and whoever waits for it."""
    before = children()
    task = asyncio.create_task(studio.probe(pipe))
    # Opening returns when the other side has opened too, so the worker is past its limits.
    end = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)
    try:
        (pid,) = children() - before
        yield pid, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        os.close(end)


@pytest.mark.fault("D19")
@pytest.mark.fault("S1")
async def test_a_worker_knows_no_secret_and_holds_nothing_of_the_bots(
    pipe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret-token")
    held = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        async with waiting_worker(pipe, Studio()) as (pid, _):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
            names = {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry}
            open_files = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    finally:
        os.close(held)
    assert names == {b"LANG", b"MALLOC_ARENA_MAX"}
    assert b"secret" not in environment + arguments
    assert str(tmp_path) not in open_files
    assert {name for name in open_files if name.startswith("/")} == {str(pipe)}
    assert not [name for name in open_files if name.startswith("socket")]


async def test_a_worker_sets_its_own_limits(pipe: Path) -> None:
    async with waiting_worker(pipe, Studio()) as (pid, _):
        told = Path(f"/proc/{pid}/limits").read_text().splitlines()
        score = int(Path(f"/proc/{pid}/oom_score_adj").read_text())
        niceness = os.getpriority(os.PRIO_PROCESS, pid) - os.getpriority(os.PRIO_PROCESS, 0)
    rows = {line[:26].strip(): line[26:].split()[:2] for line in told[1:]}
    limits = LIMITS["probe"]
    assert rows["Max address space"] == [str(limits.memory_bytes)] * 2
    assert rows["Max cpu time"] == [str(limits.cpu_s)] * 2
    assert rows["Max file size"] == [str(limits.file_bytes)] * 2
    assert rows["Max core file size"] == ["0", "0"]
    assert (score, niceness) == (1000, limits.niceness)


async def test_cancelling_the_caller_kills_the_worker(pipe: Path) -> None:
    async with waiting_worker(pipe, Studio()) as (pid, task):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not Path(f"/proc/{pid}").exists()


async def test_a_worker_is_killed_at_its_deadline(pipe: Path) -> None:
    limits = {**LIMITS, "probe": Limits(1024 * MIB, 10, deadline_s=0.5, file_bytes=MIB)}
    before = children()
    # Opened both ways, which waits for nobody: on a busy machine the deadline may be sooner.
    end = os.open(pipe, os.O_RDWR)
    try:
        task = asyncio.create_task(Studio(limits=limits).probe(pipe))
        while not (pids := children() - before):  # noqa: ASYNC110 - a process, not an event
            await asyncio.sleep(0)
        with pytest.raises(WorkerOverrunError, match=r"not done in 0\.5 s"):
            await task
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    finally:
        os.close(end)


async def test_a_worker_that_is_killed_is_an_error_of_its_file(pipe: Path) -> None:
    async with waiting_worker(pipe, Studio()) as (pid, task):
        os.kill(pid, 9)
        with pytest.raises(WorkerOverrunError, match="signal 9"):
            await task


@pytest.mark.fault("H11")
async def test_a_picture_that_eats_memory_ends_only_its_worker(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(hostile.black_png(6_200, 6_200))
    limits = {**LIMITS, "picture": Limits(220 * MIB, 20, deadline_s=30, file_bytes=64 * MIB)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WorkerOverrunError, match="out of memory"):
        await Studio(limits=limits).picture(source, tmp_path)
    # The same picture is nothing special within the limits that are meant for it.
    picture = await Studio().picture(source, tmp_path)
    assert (picture.width, picture.height) == (2048, 2048)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["source", picture.file_name])


async def test_a_task_that_takes_too_much_time_of_the_processor_is_ended(tmp_path: Path) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=4)
    limits = {**LIMITS, "fit": Limits(2560 * MIB, 1, deadline_s=60, file_bytes=64 * MIB)}
    with pytest.raises(WorkerOverrunError, match="signal"):
        await Studio(limits=limits).fit(clip, tmp_path / "made.mp4", 800_000)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


async def test_a_file_that_grows_too_large_is_ended(tmp_path: Path) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=1)
    limits = {**LIMITS, "fit": Limits(2560 * MIB, 60, deadline_s=60, file_bytes=100_000)}
    with pytest.raises(WorkerOverrunError, match="grew too large"):
        await Studio(limits=limits).fit(clip, tmp_path / "made.mp4", 800_000)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


async def test_no_more_workers_run_than_there_are_places(tmp_path: Path) -> None:
    studio = Studio(at_once=2)
    pipes = [tmp_path / f"pipe{number}" for number in range(3)]
    for pipe in pipes:
        os.mkfifo(pipe)
    async with contextlib.AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(waiting_worker(pipe, studio)) for pipe in pipes[:2]
        ]
        third = asyncio.create_task(studio.probe(pipes[2]))
        for _ in range(20):
            await asyncio.sleep(0)
        assert children() >= {pid for pid, _ in workers}
        with pytest.raises(OSError, match="No such device"):
            os.open(pipes[2], os.O_WRONLY | os.O_NONBLOCK)
        workers[0][1].cancel()
        os.close(await asyncio.to_thread(os.open, pipes[2], os.O_WRONLY))
        with pytest.raises(BrokenFileError):
            await third


async def test_a_killed_bot_leaves_no_worker_behind(pipe: Path) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path; from media import Studio;"
        "asyncio.run(Studio().probe(Path(sys.argv[1])))"
    )
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(pipe), cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )
    end = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)
    reader_gone = select.poll()
    reader_gone.register(end, 0)
    assert reader_gone.poll(0) == []
    bot.kill()
    await bot.wait()
    assert await asyncio.to_thread(reader_gone.poll, 10_000) == [(end, select.POLLERR)]
    os.close(end)


async def test_what_is_no_file_of_its_kind_is_broken_and_what_is_missing_is_told(
    tmp_path: Path,
) -> None:
    studio = Studio()
    junk = tmp_path / "junk"
    junk.write_bytes(b"nothing of the kind" * 100)
    for task in (
        studio.probe(junk),
        studio.last_frame(junk, tmp_path),
        studio.picture(junk, tmp_path),
        studio.fit(junk, tmp_path / "made.mp4", 1_000_000),
    ):
        with pytest.raises(BrokenFileError):
            await task
    with pytest.raises(FileNotFoundError):
        await studio.probe(tmp_path / "missing")
    assert [path.name for path in tmp_path.iterdir()] == ["junk"]


async def test_a_machine_that_cannot_start_workers_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=0.2)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(WorkerFailedError, match="not started"):
        await Studio().probe(clip)
