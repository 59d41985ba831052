"""The bot's processes, made in a moment: one Python imports everything, each start is a fork of it.

Starting Python and importing the bot takes more than a second of processor time, a fork a few
milliseconds. What is forked runs a module as `python -m` would, in a process of its own with its
own arguments, environment, output and exit code; signals reach it as they reach any other.
"""

import asyncio
import atexit
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
MESSAGE_BYTES = 256 * 1024
INHERITED = 2  # what is not read goes where the errors of the tests go
LOST = -1000


class Born:
    """A process, to be treated as one of asyncio's; `returncode` is negative for a signal."""

    def __init__(
        self, pid: int, end: asyncio.StreamReader, *outputs: asyncio.StreamReader | None
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = outputs
        self._ends = asyncio.create_task(self._watch(end), name=f"end of {pid}")

    async def wait(self) -> int:
        """Return the exit code when it has ended."""
        return await asyncio.shield(self._ends)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Return what it wrote and was not read yet, when it has ended."""
        written, errors = await asyncio.gather(_rest(self.stdout), _rest(self.stderr))
        await self.wait()
        return written, errors

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    async def _watch(self, end: asyncio.StreamReader) -> int:
        try:
            self.returncode = int(await end.read() or LOST)
            await asyncio.sleep(0)  # the pipe is closed by then
        except asyncio.CancelledError:  # a test that failed waits for nobody
            self.kill()
            raise
        return self.returncode


async def start(
    program: str, *arguments: str, env: dict[str, str] | None = None, with_errors: bool = False
) -> Born:
    """Run a module in a process of its own; its errors can be read where that is asked for."""
    (end, theirs), (out, written) = await _pipe(), await _pipe()
    errors, failed = await _pipe() if with_errors else (None, os.dup(INHERITED))
    given = {"program": program, "arguments": arguments, "env": {**os.environ, **(env or {})}}
    try:
        socket.send_fds(_server(), [json.dumps(given).encode()], [written, failed, theirs])
    finally:
        for descriptor in (written, failed, theirs):
            os.close(descriptor)
    return Born(int(await end.readline()), end, out, errors)


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    """Return an end to read from, and the descriptor of the other one."""
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    return reader, theirs


async def _rest(reader: asyncio.StreamReader | None) -> bytes:
    return b"" if reader is None else await reader.read()


_servers: list[socket.socket] = []


def _server() -> socket.socket:
    """Return the way to the server of this process, which ends when this process does."""
    if not _servers:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.nursery"],
            cwd=ROOT,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        _servers.append(ours)
        for last in (server.wait, server.terminate, ours.close):  # called from the last one on
            atexit.register(last)
    return _servers[0]


def _serve(requests: socket.socket) -> dict[str, object] | None:
    """Fork for each request; returns it in the child, and None when there will be no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not message:
            return None
        if not os.fork():
            requests.close()
            written, failed, end = descriptors
            if pid := os.fork():
                _wait_for(pid, end)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.close(end)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(written, 1)
            os.dup2(failed, 2)
            os.closerange(3, max(descriptors) + 1)
            given: dict[str, object] = json.loads(message)
            return given
        for descriptor in descriptors:
            os.close(descriptor)


def _wait_for(pid: int, end: int) -> None:
    """Tell the pid and, in the end, the exit code; keep nothing of the child's open."""
    os.write(end, f"{pid}\n".encode())
    os.closerange(0, end)
    _, status = os.waitpid(pid, 0)
    os.write(end, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _run(program: str, arguments: list[str], env: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [program, *arguments]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    import bot  # noqa: F401 - what every start would import
    from storage import schema
    from tests.unhurried import WAITS_S

    for module, name, seconds in WAITS_S:
        setattr(module, name, seconds)
    schema._expected_fingerprint(schema.newest_version())  # and what each would work out
    os.umask(0o022)  # whatever the test has that needed one first
    gc.collect()
    gc.freeze()  # what is shared stays shared
    if given := _serve(socket.socket(fileno=os.dup(0))):
        _run(**given)  # type: ignore[arg-type]
