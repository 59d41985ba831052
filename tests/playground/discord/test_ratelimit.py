import asyncio
import time

import pytest

from playground.discord import LocalDiscord, fault, ratelimit
from tests.playground.discord.client import Api


class Standing:
    """The module `time` for the limits: a busy machine lets no window pass before its test."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def time(self) -> float:
        return time.time()


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Standing:
    made = Standing()
    monkeypatch.setattr(ratelimit, "time", made)
    return made


async def test_the_sixth_message_in_five_seconds_is_refused(local: LocalDiscord, api: Api) -> None:
    left = [(await api.send(content=str(n))).headers["X-RateLimit-Remaining"] for n in range(5)]
    assert left == ["4", "3", "2", "1", "0"]
    got = await api.send(content="six")
    assert got.status == 429
    assert 0 < got.json["retry_after"] <= 5
    assert got.json["global"] is False
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Via"]
    assert got.headers["X-RateLimit-Scope"] == "user"
    assert got.headers["X-RateLimit-Limit"] == "5"
    assert int(got.headers["Retry-After"]) >= got.json["retry_after"]
    assert len(local.messages()) == 5


async def test_each_channel_and_each_route_has_its_own_window(
    local: LocalDiscord, api: Api
) -> None:
    for number in range(5):
        sent = await api.send(content=str(number))
    assert (await api.send("general", content="elsewhere")).status == 200
    assert (await api.edit(sent.json["id"], content="edit")).status == 200


async def test_a_window_opens_again(local: LocalDiscord, api: Api, standing: Standing) -> None:
    message = (await api.send(content="x")).json
    path = f"/channels/{message['channel_id']}/messages"
    for _ in range(5):
        await api.ask("DELETE", f"{path}/5")
    got = await api.ask("DELETE", f"{path}/5")
    assert got.status == 429
    standing.passed += got.json["retry_after"]
    assert (await api.ask("DELETE", f"{path}/{message['id']}")).status == 204


@pytest.mark.usefixtures("standing")
async def test_an_interactions_token_has_five_requests_in_two_seconds(
    local: LocalDiscord, api: Api
) -> None:
    await api.register({"name": "hi", "description": "Hi"})
    sent, other = await local.slash("hi"), await local.slash("hi")
    first = await api.answer(sent, 4, {"content": "x"})
    assert not any(name.startswith("X-RateLimit") for name in first.headers)
    statuses = [(await api.ask("GET", api.hook(sent, "@original"))).status for _ in range(6)]
    assert statuses == [200, 200, 200, 200, 200, 429]
    assert (await api.answer(other, 4, {"content": "x"})).status == 200


async def test_the_bot_has_fifty_requests_a_second_without_interactions(
    local: LocalDiscord, api: Api, standing: Standing
) -> None:
    got = await asyncio.gather(*(api.ask("GET", f"/channels/{n}") for n in range(1, 52)))
    (refused,) = [one for one in got if one.status == 429]
    assert refused.json["global"] is True
    assert refused.headers["X-RateLimit-Global"] == "true"
    assert refused.headers["X-RateLimit-Scope"] == "global"
    standing.passed += 1
    await api.register({"name": "hi", "description": "Hi"})
    sent = [await local.slash("hi") for _ in range(60)]
    answers = await asyncio.gather(*(api.answer(one, 4, {"content": "x"}) for one in sent))
    assert {answer.status for answer in answers} == {200}


async def test_refusals_are_counted_and_too_many_ban_the_address(
    local: LocalDiscord, api: Api
) -> None:
    for _ in range(3):
        await api.ask("GET", "/users/@me", token="wrong")
    assert (await api.send("quiet", content="x")).status == 403
    assert local.invalid_requests == 4
    local.parts.limits.invalid_limit = 4
    banned = await api.ask("GET", "/users/@me")
    assert banned.status == 429
    assert "Via" not in banned.headers
    assert banned.headers["Content-Type"].startswith("text/html")


async def test_limits_that_are_switched_off_are_not_told_either(
    local: LocalDiscord, api: Api
) -> None:
    local.rate_limits = False
    answers = [await api.send(content=str(n)) for n in range(8)]
    assert {answer.status for answer in answers} == {200}
    assert not any(name.startswith("X-RateLimit") for name in answers[-1].headers)


async def test_a_scripted_429_looks_like_a_real_one(local: LocalDiscord, api: Api) -> None:
    local.script(fault("GET", "/users/@me", status=429, body={"retry_after": 1.5}))
    got = await api.ask("GET", "/users/@me")
    assert (got.status, got.json["retry_after"]) == (429, 1.5)
    assert got.headers["Via"]
    assert got.headers["Retry-After"] == "2"
    assert (await api.ask("GET", "/users/@me")).status == 200
