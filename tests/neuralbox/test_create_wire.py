"""What is certain after a creation that got no whole answer."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from neuralbox import (
    Created,
    CreateOutcome,
    CreateRequest,
    NeuralBox,
    NotCreated,
    NotSentError,
    Unknown,
)
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox, faults
from tests.neuralbox.canary import Canary
from tests.neuralbox.conftest import KEY
from tests.neuralbox.support import BOAT
from tests.neuralbox.test_create import posts

Impatient = Callable[[], NeuralBox]


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port where nobody listens; it is held, or a server of another test might get it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue is full, so that connecting to it hangs."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = int(listener.getsockname()[1])
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


async def create_at(base_url: str, clock: PlayClock) -> CreateOutcome:
    # Half of it is for connecting, so that a busy machine does not let both halves pass at once.
    async with NeuralBox(base_url, KEY, clock=clock, post_timeout_s=2) as client:
        outcome = await client.create(BOAT)
        assert client.requests_sent == 0
        return outcome


@pytest.mark.fault("V1")
async def test_a_refused_connection_is_certainly_not_sent(clock: PlayClock) -> None:
    with refusing_port() as port:
        outcome = await create_at(f"http://127.0.0.1:{port}/api/v2", clock)
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is NotSentError


@pytest.mark.fault("V1")
async def test_a_name_that_does_not_resolve_is_certainly_not_sent(clock: PlayClock) -> None:
    # Too long for the resolver to ask anyone about it.
    outcome = await create_at(f"https://{'a.' * 127}invalid/api/v2", clock)
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is NotSentError


@pytest.mark.fault("V1")
async def test_a_failed_tls_handshake_is_certainly_not_sent(clock: PlayClock) -> None:
    async with Canary() as canary:
        outcome = await create_at(f"https://127.0.0.1:{canary.port}/api/v2", clock)
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is NotSentError
    assert canary.hits == 1
    assert KEY.encode() not in canary.heard
    assert b"paper boat" not in canary.heard


@pytest.mark.fault("V1")
async def test_a_connection_that_never_comes_about_is_certainly_not_sent(clock: PlayClock) -> None:
    with deaf_port() as port:
        outcome = await create_at(f"http://127.0.0.1:{port}/api/v2", clock)
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is NotSentError


@pytest.mark.fault("V2")
@pytest.mark.parametrize(
    ("fault", "made"),
    [
        (faults.drop_before(), 0),
        (faults.drop_after(), 1),
        (faults.half_body(), 1),
    ],
    ids=["dropped unread", "dropped after", "half answered"],
)
async def test_after_a_lost_connection_the_outcome_is_unknown_and_nothing_is_repeated(
    box: LocalNeuralBox, client: NeuralBox, fault: faults.Fault, made: int
) -> None:
    box.script(fault)
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert not outcome.needs_attention
    assert (posts(box), len(box.generations)) == (1, made)
    assert client.requests_sent == 1


@pytest.mark.fault("V2")
async def test_after_a_reset_connection_the_outcome_is_unknown(clock: PlayClock) -> None:
    async with Canary(resets=True) as canary:
        base_url = f"http://127.0.0.1:{canary.port}/api/v2"
        async with NeuralBox(base_url, KEY, clock=clock) as client:
            outcome = await client.create(BOAT)
            assert client.requests_sent == 1
    assert isinstance(outcome, Unknown)
    assert canary.hits == 1
    assert b"paper boat" in canary.heard


@pytest.mark.fault("V3")
@pytest.mark.fault("V13")
@pytest.mark.parametrize(
    "fault",
    [faults.hang(30), faults.hang_after(30), faults.slow(30)],
    ids=["silent before", "silent after", "dripping"],
)
async def test_after_the_deadline_the_outcome_is_unknown(
    box: LocalNeuralBox, impatient: Impatient, fault: faults.Fault
) -> None:
    box.script(fault)
    async with impatient() as client:
        outcome = await asyncio.wait_for(client.create(BOAT), 3)
    assert isinstance(outcome, Unknown)
    assert not outcome.needs_attention
    assert posts(box) == 1


@pytest.mark.fault("V9")
@pytest.mark.parametrize("code", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_never_followed_and_needs_attention(
    box: LocalNeuralBox, client: NeuralBox, code: int
) -> None:
    async with Canary() as canary:
        location = f"http://127.0.0.1:{canary.port}/api/v2/generate"
        box.script(faults.status(code, "", headers={"Location": location}))
        outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert outcome.needs_attention
    assert (canary.hits, posts(box)) == (0, 1)


@pytest.mark.fault("V9")
async def test_a_redirect_within_the_service_is_not_followed_either(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    box.script(faults.status(307, "", headers={"Location": "/api/v2/generate"}))
    assert isinstance(await client.create(BOAT), Unknown)
    assert (posts(box), len(box.generations)) == (1, 0)


@pytest.mark.fault("V37")
async def test_a_server_that_closes_after_each_answer_makes_no_creation_doubtful(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    box.script(faults.closes(on=faults.ANY, times=None))
    for _ in range(3):
        assert isinstance(await client.create(BOAT), Created)
        await client.get_balance()
    assert posts(box) == 3


@pytest.mark.fault("V37")
async def test_each_creation_has_a_connection_of_its_own(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    await client.create(BOAT)
    await client.get_balance()
    creation, read = (
        {name.lower(): value for name, value in seen.headers.items()} for seen in box.requests
    )
    assert creation["connection"] == "close"
    assert "connection" not in read


async def test_a_surprise_of_our_own_leaves_the_outcome_unknown(client: NeuralBox) -> None:
    def surprise() -> None:
        raise RuntimeError("not foreseen")

    client.on_request = surprise
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert "RuntimeError" in outcome.reason


async def test_cancellation_travels_on(box: LocalNeuralBox, client: NeuralBox) -> None:
    box.script(faults.hang_after(30))
    sent = asyncio.Event()
    client.on_request = sent.set
    task = asyncio.create_task(client.create(BOAT))
    await sent.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_prompt_that_is_no_text_is_not_sent(box: LocalNeuralBox, client: NeuralBox) -> None:
    outcome = await client.create(CreateRequest("kling-v2.1", "boat \ud800", 5, "16:9"))
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is NotSentError
    assert posts(box) == 0


async def test_a_client_that_is_not_open_sends_nothing(
    box: LocalNeuralBox, clock: PlayClock
) -> None:
    client = NeuralBox(box.base_url, KEY, clock=clock)
    before = await client.create(BOAT)
    async with client:
        pass
    after = await client.create(BOAT)
    for outcome in (before, after):
        assert isinstance(outcome, NotCreated)
        assert type(outcome.error) is NotSentError
    assert posts(box) == 0
