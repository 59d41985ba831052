"""The key goes to one origin, and nowhere else."""

import logging

import pytest

from neuralbox import NeuralBox, NeuralBoxError, NotFoundError
from neuralbox.transport import checked_base
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox, faults
from tests.neuralbox.canary import Canary
from tests.neuralbox.conftest import KEY
from tests.neuralbox.support import BOAT

PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY")


async def test_the_key_travels_in_its_header_only(box: LocalNeuralBox, client: NeuralBox) -> None:
    await client.get_balance()
    seen = box.requests[-1]
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers.pop("authorization") == f"Bearer {KEY}"
    assert headers["user-agent"] == "Reelbox"
    assert KEY not in str(headers) + str(seen.query) + seen.path


@pytest.mark.fault("S4")
async def test_proxies_of_the_environment_are_ignored(
    box: LocalNeuralBox, clock: PlayClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Canary() as canary:
        for name in PROXY_VARIABLES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with NeuralBox(box.base_url, KEY, clock=clock) as client:
            await client.get_balance()
            await client.create(BOAT)
    assert canary.hits == 0
    assert len(box.requests) == 2


@pytest.mark.fault("S4")
async def test_the_key_does_not_follow_a_redirect(box: LocalNeuralBox, client: NeuralBox) -> None:
    async with Canary() as canary:
        headers = {"Location": f"http://127.0.0.1:{canary.port}/api/v2/balance"}
        box.script(faults.status(302, "", headers=headers, on=faults.ANY))
        with pytest.raises(NeuralBoxError):
            await client.get_balance()
    assert canary.hits == 0


@pytest.mark.fault("V36")
async def test_cookies_are_not_kept(box: LocalNeuralBox, clock: PlayClock) -> None:
    # By name: a cookie jar would ignore what an address in numbers wants to set.
    by_name = box.base_url.replace("127.0.0.1", "localhost")
    headers = {"Set-Cookie": "session=tracked; Path=/"}
    box.script(faults.junk(b'{"token_balance": 1}', headers=headers, on=faults.BALANCE))
    async with NeuralBox(by_name, KEY, clock=clock) as client:
        await client.get_balance()
        await client.get_balance()
    assert "cookie" not in {name.lower() for name in box.requests[-1].headers}


@pytest.mark.fault("S1")
async def test_a_key_that_is_echoed_reaches_no_error_and_no_log(
    box: LocalNeuralBox, client: NeuralBox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"error": "not_found", "message": f"no model for {KEY}", "details": {"key": KEY}}
    box.script(faults.status(404, body, on=faults.ANY))
    with pytest.raises(NotFoundError) as raised:
        await client.get_model("kling-v2.1")
    assert KEY not in f"{raised.value!r} {raised.value.details}"
    assert "[key]" in raised.value.message
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "base_url",
    [
        "http://neuralbox.top/api/v2",
        "ftp://neuralbox.top/api/v2",
        "neuralbox.top/api/v2",
        "https://user:pw@neuralbox.top/api/v2",
        "https://neuralbox.top/api/v2?x=1",
        "https://neuralbox.top/api/v2#x",
        "https:///api/v2",
        "http://127.0.0.1.example.com/api/v2",
        "",
    ],
)
def test_an_address_unfit_for_the_key_is_refused(base_url: str, clock: PlayClock) -> None:
    with pytest.raises(ValueError, match="NeuralBox address"):
        NeuralBox(base_url, KEY, clock=clock)


@pytest.mark.parametrize("key", ["", " ", "nb key", "nb_key\r\nX-Header: 1", "nb_ключ", "x" * 513])
def test_a_key_that_is_no_header_value_is_refused_without_being_shown(
    key: str, clock: PlayClock
) -> None:
    with pytest.raises(ValueError, match="key must be") as raised:
        NeuralBox("https://neuralbox.top/api/v2", key, clock=clock)
    assert not key.strip() or key not in str(raised.value)


def test_a_trailing_slash_of_the_address_makes_no_difference() -> None:
    assert checked_base("https://neuralbox.top/api/v2/") == checked_base(
        "https://neuralbox.top/api/v2"
    )
