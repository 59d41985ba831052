"""The fork server: a process with everything imported, no loop and no threads, that makes bots.

Starting Python and importing the bot takes a second; a fork takes a few milliseconds. The server
lives the first life itself: whatever Python and the libraries work out when something is done for
the first time is then inherited, and a life costs a third.
"""

import gc
import importlib.readers
import importlib.resources  # noqa: F401
import json
import os
import selectors
import signal
import socket
import threading
import time
import traceback
from dataclasses import dataclass
from zoneinfo import available_timezones

import config
from storage import schema
from tests.harness import victim
from tests.harness.board import Board

MESSAGE_BYTES = 64 * 1024
THREAD_ENDS_S = 30.0


@dataclass(slots=True)
class _Child:
    slot: int
    pid: int
    descriptor: int
    kill_at: float


def begin(board: Board) -> tuple[socket.socket, int]:
    """Fork the server; returns the socket to it, and its process. Before any loop or thread is."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    _warm_up()
    gc.collect()
    gc.freeze()  # what is shared stays shared
    pid = os.fork()
    if pid == 0:
        ours.close()
        try:
            _serve(board, theirs)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    theirs.close()
    return ours, pid


def _warm_up() -> None:
    """Work out once what every start of the bot would work out anew."""
    schema._expected_fingerprint(schema.newest_version())
    zones = available_timezones()
    vars(config)["available_timezones"] = lambda: zones


def _serve(board: Board, server: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: dict[int, _Child] = {}
    with selectors.DefaultSelector() as waiting:
        waiting.register(server, selectors.EVENT_READ)
        while True:
            kills = [child.kill_at for child in children.values() if child.kill_at]
            wait_s = max(0.0, min(kills) - time.monotonic()) if kills else None
            for key, _ in waiting.select(wait_s):
                if key.fileobj is not server:
                    child = children.pop(key.fd)
                    waiting.unregister(key.fd)
                    _bury(server, child)
                    continue
                message, descriptors, _, _ = socket.recv_fds(server, MESSAGE_BYTES, 1)
                if not message:
                    for child in children.values():
                        os.kill(child.pid, signal.SIGKILL)
                        os.waitpid(child.pid, 0)
                    return
                life = victim.Life(**json.loads(message))
                if life.is_first:
                    _live_it_here(board, server, life, descriptors[0])
                    continue
                child = _fork(board, server, life, descriptors[0])
                children[child.descriptor] = child
                waiting.register(child.descriptor, selectors.EVENT_READ)
            for child in children.values():
                if child.kill_at and time.monotonic() >= child.kill_at:
                    child.kill_at = 0.0
                    os.kill(child.pid, signal.SIGKILL)


def _live_it_here(board: Board, server: socket.socket, life: victim.Life, descriptor: int) -> None:
    server.send(json.dumps({"slot": life.slot, "pid": os.getpid()}).encode())
    with socket.socket(fileno=descriptor) as channel:
        code = victim.live(board, life, channel)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(THREAD_ENDS_S)
    # No fork would take them along, and nobody knows what they hold just then.
    if threading.active_count() > 1:
        raise RuntimeError(f"still there after the first life: {threading.enumerate()}")
    gc.collect()
    gc.freeze()
    server.send(json.dumps({"slot": life.slot, "pid": os.getpid(), "code": code}).encode())


def _fork(board: Board, server: socket.socket, life: victim.Life, descriptor: int) -> _Child:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            server.close()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            gc.disable()  # a life is too short for it, and too much memory is shared
            channel = socket.socket(fileno=descriptor)
            code = victim.live(board, life, channel)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(descriptor)
    server.send(json.dumps({"slot": life.slot, "pid": pid}).encode())
    kill_at = time.monotonic() + life.kill_after_s if life.kill_after_s else 0.0
    return _Child(life.slot, pid, os.pidfd_open(pid), kill_at)


def _bury(server: socket.socket, child: _Child) -> None:
    _, status = os.waitpid(child.pid, 0)
    os.close(child.descriptor)
    code = os.waitstatus_to_exitcode(status)
    server.send(json.dumps({"slot": child.slot, "pid": child.pid, "code": code}).encode())
