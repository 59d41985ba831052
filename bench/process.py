"""A bot's process from outside: starting, killing, and what the kernel says it uses."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Literal, Self

ROOT = Path(__file__).resolve().parents[1]
READY_S = 30.0
STOP_S = 20.0
LOG_TAIL_CHARS = 2000
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

Kind = Literal["bot", "bare"]


class Child:
    """One bot in a process of its own; its log is a file, as a supervisor would keep it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, began_at: float) -> None:
        self._process = process
        self._log = log
        self.began_at = began_at
        """Epoch seconds just before the process was made."""

    @classmethod
    async def start(cls, kind: Kind, mapping: dict[str, dict[str, Any]], log: Path) -> Self:
        """Make the process; it may not be ready yet."""
        with log.open("ab") as out:
            began_at = time.time()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.child", kind, json.dumps(mapping)),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=out,
            )
        return cls(process, log, began_at)

    async def ready(self) -> None:
        """Return when it is connected; raises RuntimeError with the log's end when it is not."""
        assert self._process.stdout is not None
        said = await asyncio.wait_for(self._process.stdout.readline(), READY_S)
        if said != b"ready\n":
            tail = self._log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARS:]
            raise RuntimeError(f"the bot did not start:\n{tail}")

    async def stop(self) -> None:
        """End it in order when it still runs."""
        if self._process.returncode is None:
            self._process.terminate()
            await asyncio.wait_for(self._process.communicate(), STOP_S)

    async def kill(self) -> None:
        """SIGKILL: no handler, no finally, no flush."""
        self._process.kill()
        await self._process.communicate()

    def resident_mib(self) -> float:
        """Return the memory that the kernel counts as resident now."""
        return self._status_kib("VmRSS:") / 1024

    def peak_mib(self) -> float:
        """Return the most that ever was resident."""
        return self._status_kib("VmHWM:") / 1024

    def cpu_s(self) -> float:
        """Return the processor time of all its threads so far, user and system."""
        # The second field is the name in brackets and may hold anything; count from behind it.
        stat = self._proc("stat").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS_A_SECOND

    def _status_kib(self, key: str) -> int:
        line = next(line for line in self._proc("status").splitlines() if line.startswith(key))
        return int(line.split()[1])

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")
