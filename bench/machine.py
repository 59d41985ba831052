"""On what the figures were measured: without that, none of them means anything."""

import os
import platform
import sqlite3
import sys
import time
from pathlib import Path

import aiohttp
import discord

from bench.figures import percentile

FSYNCS = 200
PAGE_BYTES = 4096


def facts(directory: Path) -> dict[str, object]:
    """Return what tells this machine from another; `directory` is where the databases lie."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "discord.py": discord.__version__,
        "aiohttp": aiohttp.__version__,
        "fsync_ms_p50": round(percentile(fsync_ms(directory), 0.5), 3),
    }


def fsync_ms(directory: Path) -> list[float]:
    """Append a page and sync it, many times over; return how long each took in milliseconds."""
    path = directory / "fsync"
    taken = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for _ in range(FSYNCS):
            started = time.perf_counter()
            os.write(descriptor, b"\0" * PAGE_BYTES)
            os.fsync(descriptor)
            taken.append((time.perf_counter() - started) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    return taken


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or sys.platform
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
