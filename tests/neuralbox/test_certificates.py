"""A server that cannot prove who it is hears nothing: neither the key nor what is asked for."""

import aiohttp.connector
import pytest

from neuralbox import NeuralBox, NotCreated, NotSentError
from playground.clock import PlayClock
from tests.neuralbox.canary import Canary
from tests.neuralbox.certificates import BAD, GOOD, serving, trusting
from tests.neuralbox.conftest import KEY
from tests.neuralbox.support import BOAT

SAID = {
    "run out": "certificate has expired",
    "another name's": "not valid for '127.0.0.1'",
    "its own word alone": "self-signed certificate",
}


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client trust the tests' authority as it does the world's, and check as it does."""
    context = trusting()
    context.set_alpn_protocols(("http/1.1",))
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)


@pytest.mark.fault("V1")
@pytest.mark.fault("S4")
@pytest.mark.parametrize("name", BAD)
@pytest.mark.usefixtures("trust")
async def test_nothing_is_sent_to_a_server_with_a_bad_certificate(
    clock: PlayClock, name: str
) -> None:
    async with (
        Canary(tls=serving(name)) as canary,
        NeuralBox(f"https://127.0.0.1:{canary.port}/api/v2", KEY, clock=clock) as client,
    ):
        outcome = await client.create(BOAT)
        with pytest.raises(NotSentError):
            await client.get_balance()
        assert client.requests_sent == 0
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is NotSentError
    assert SAID[name] in str(outcome.error).lower()
    assert (canary.hits, canary.heard) == (0, b"")


@pytest.mark.usefixtures("trust")
async def test_a_server_with_a_good_certificate_hears_the_request(clock: PlayClock) -> None:
    async with (
        Canary(tls=serving(GOOD)) as canary,
        NeuralBox(f"https://127.0.0.1:{canary.port}/api/v2", KEY, clock=clock) as client,
    ):
        await client.create(BOAT)
    assert KEY.encode() in canary.heard
    assert b"paper boat" in canary.heard


async def test_without_anybody_to_vouch_for_it_no_certificate_is_good(clock: PlayClock) -> None:
    async with (
        Canary(tls=serving(GOOD)) as canary,
        NeuralBox(f"https://127.0.0.1:{canary.port}/api/v2", KEY, clock=clock) as client,
    ):
        assert isinstance(await client.create(BOAT), NotCreated)
    assert canary.heard == b""
