"""No answer costs more memory or time than it was granted."""

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest

from neuralbox import NeuralBox, NeuralBoxError, NoAnswerError, UnexpectedReplyError, Unknown
from playground.neuralbox import LocalNeuralBox, faults
from tests.bombs import deflated
from tests.neuralbox.support import BOAT
from tests.neuralbox.test_create import posts

MIB = 1024 * 1024


def bomb(encoding: str, unpacked: int, head: bytes = b"") -> bytes:
    """Return about a thousandth of `unpacked` bytes that unpack to `head` and so many blanks."""
    return deflated(encoding, head, b" ", unpacked)


@pytest.mark.fault("V14")
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compression_bomb_stops_at_the_cap(
    box: LocalNeuralBox, client: NeuralBox, encoding: str
) -> None:
    body = bomb(encoding, 200 * MIB)
    assert len(body) < 300 * 1024
    fault = faults.junk(body, headers={"Content-Encoding": encoding}, on=faults.ANY)
    box.script(fault, fault)
    tracemalloc.start()
    try:
        with pytest.raises(UnexpectedReplyError):
            await client.get_balance()
        outcome = await client.create(BOAT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(outcome, Unknown)
    assert outcome.needs_attention
    assert peak < 8 * MIB
    assert posts(box) == 1


async def test_a_compressed_answer_of_honest_size_is_read(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    body = gzip.compress(b'{"token_balance": 283, "plan": "vip"}')
    box.script(faults.junk(body, headers={"Content-Encoding": "gzip"}, on=faults.BALANCE))
    assert (await client.get_balance()).tokens == 283


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "bogus"])
async def test_a_body_that_is_not_encoded_as_it_says_is_no_information(
    box: LocalNeuralBox, client: NeuralBox, encoding: str
) -> None:
    fault = faults.junk(b"\x00junk" * 50, headers={"Content-Encoding": encoding}, on=faults.ANY)
    box.script(fault, fault)
    with pytest.raises(NeuralBoxError):
        await client.get_balance()
    assert isinstance(await client.create(BOAT), Unknown)


@pytest.mark.fault("V13")
async def test_a_body_above_the_cap_is_no_information(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    padded = b'{"token_balance": 283}' + b" " * MIB
    box.script(faults.junk(padded, on=faults.BALANCE), faults.junk(padded[:MIB], on=faults.BALANCE))
    with pytest.raises(UnexpectedReplyError):
        await client.get_balance()
    assert (await client.get_balance()).tokens == 283


@pytest.mark.fault("V13")
async def test_a_dripping_body_ends_at_the_deadline(
    box: LocalNeuralBox, impatient: Callable[[], NeuralBox]
) -> None:
    box.script(faults.slow(20, on=faults.ANY, times=None))
    began = time.monotonic()
    async with impatient() as client:
        with pytest.raises(NoAnswerError):
            await asyncio.wait_for(client.list_models(), 5)
    assert time.monotonic() - began < 2


@pytest.mark.fault("V36")
@pytest.mark.parametrize(
    "headers",
    [{"X-Padding": "x" * 100 * 1024}, {f"X-Padding-{number}": "x" for number in range(200)}],
    ids=["one of 100 KiB", "two hundred"],
)
async def test_giant_headers_are_refused(
    box: LocalNeuralBox, client: NeuralBox, headers: dict[str, str]
) -> None:
    fault = faults.junk(b'{"token_balance": 1}', headers=headers, on=faults.ANY)
    box.script(fault, fault)
    with pytest.raises(UnexpectedReplyError):
        await client.get_balance()
    assert isinstance(await client.create(BOAT), Unknown)
