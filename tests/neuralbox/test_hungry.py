"""Whatever NeuralBox answers, the process that reads it stays small: measured from outside."""

import asyncio
import sys
from pathlib import Path

import pytest

from playground.neuralbox import LocalNeuralBox, faults
from tests.neuralbox.hungry_process import CALLS, CAP_BYTES
from tests.neuralbox.test_bounds import MIB, bomb

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
DEEP = b"[" * (MIB - 10)
MANY = b'{"items":[' + b"{}," * (MIB // 3 - 20) + b"{}]}"
LONG_NUMBER = b'{"token_balance": ' + b"9" * (MIB - 100) + b"}"
KEYS = b"{" + b",".join(b'"k%d":[]' % number for number in range(80_000)) + b"}"
CLIP = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"


def _packed(body: bytes) -> dict[str, object]:
    return {"body": bomb("gzip", 200 * MIB, body), "headers": {"Content-Encoding": "gzip"}}


BOMBS: dict[str, dict[str, object]] = {
    "a gzip bomb that begins like a film": _packed(CLIP),
    "brackets without end": {"body": DEEP},
    "three hundred thousand entries": {"body": MANY},
    "a number of a million digits": {"body": LONG_NUMBER},
    "eighty thousand keys": {"body": KEYS},
    "8 MiB as they are": {"body": CLIP + b" " * (8 * MIB)},
}


@pytest.mark.fault("P6")
async def test_no_answer_of_the_vendor_makes_the_process_grow_by_256_mib(
    box: LocalNeuralBox, tmp_path: Path
) -> None:
    arguments = ("tests.neuralbox.hungry_process", box.base_url, box.origin, str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for name, bad in BOMBS.items():
        box.faults_left.clear()
        for on in (faults.ANY, faults.FILE):
            box.script(faults.junk(on=on, times=None, **bad))  # type: ignore[arg-type]
        process.stdin.write(b"next\n")
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        grown, *told = line.decode().split()
        assert [one.partition("=")[0] for one in told] == list(CALLS), f"{name}: {told}"
        assert int(grown) < CAP_BYTES, name
        assert not any(tmp_path.iterdir()), "nothing of it stays on the disk"
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 30) == 0
