"""What the answer to the one request that costs may be, and what follows: V1 to V14, V33, V37."""

import json
import logging
from contextlib import AsyncExitStack
from email.utils import formatdate
from functools import partial
from typing import Any

import aiohttp.connector
import pytest

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from playground.neuralbox.faults import Fault, Match
from tests.app.hands import reprice
from tests.app.wide import all_in, all_over, held, passed, wide
from tests.neuralbox.canary import Canary
from tests.neuralbox.certificates import serving, trusting
from tests.neuralbox.test_corpus import BODIES
from tests.neuralbox.test_create import UNUSABLE_IDS
from tests.neuralbox.test_create_wire import deaf_port, refusing_port
from tests.rig import Rig

pytestmark = pytest.mark.long

__all__ = ["wide"]

DAY_S, GIVEN_BACK_S = 86_400, 15 * 60
PROMPT = "a paper boat in the rain"


@pytest.mark.fault("V1")
@pytest.mark.parametrize(
    "how", ["refused", "no TLS", "a certificate that has run out", "no answer to connecting"]
)
async def test_what_cannot_be_connected_to_costs_a_quarter_of_an_hour_and_nothing_else(
    rig: Rig, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Trusted but for the one thing that is wrong with it.
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting())
    async with AsyncExitStack() as stack:
        tls = serving("run out") if how.startswith("a certificate") else None
        canary = await stack.enter_async_context(Canary(tls=tls))
        rig.configure(
            "neuralbox",
            post_timeout_s=5,
            base_url={
                "refused": f"http://127.0.0.1:{stack.enter_context(refusing_port())}/api/v2",
                "no TLS": f"https://127.0.0.1:{canary.port}/api/v2",
                "a certificate that has run out": f"https://127.0.0.1:{canary.port}/api/v2",
                "no answer to connecting": (
                    f"http://127.0.0.1:{stack.enter_context(deaf_port())}/api/v2"
                ),
            }[how],
        )
        await rig.start_bot()
        card = await rig.card(PROMPT)
        await rig.eventually(lambda: rig.job_of(card).tried_at is not None)
        tried_at = rig.job_of(card).tried_at
        assert tried_at is not None
        await rig.eventually(lambda: rig.job_of(card).state is State.QUEUED)
        assert rig.guild_account().held_tokens == rig.job_of(card).hold_tokens > 0
        await rig.run_until(lambda: rig.clock.now() >= tried_at + GIVEN_BACK_S - 60, DAY_S, 60)
        assert rig.job_of(card).state in (State.QUEUED, State.SUBMITTING)
        await rig.run_until(lambda: rig.job_of(card).state.is_final, DAY_S, 30)
        assert rig.job_of(card).state is State.CANCELLED
        assert set(passed(rig, rig.job_of(card))) <= {"queued", "submitting", "cancelled"}
        assert rig.guild_account().held_tokens == 0
        await rig.finished(card)
        assert "could not be reached" in rig.fields(rig.shown(card))["Why, and what next"]
        await rig.stop_bot()
    assert PROMPT.encode() not in canary.heard
    assert rig.box.key.encode() not in canary.heard
    assert rig.posts() == 0


@pytest.mark.fault("V3")
@pytest.mark.fault("V13")
async def test_no_answer_and_half_an_answer_for_ever_both_end_at_one_deadline(rig: Rig) -> None:
    rig.configure("neuralbox", post_timeout_s=5)
    await rig.start_bot()
    await rig.refreshed()
    rig.box.script(faults.hang_after(10 * DAY_S), faults.slow(10 * DAY_S))
    cards = [await rig.card(f"boat {n}", member=name) for n, name in enumerate(("Ben", "Cleo"))]
    await rig.eventually(lambda: all(_was_unknown(rig, card) for card in cards))
    assert all(held(rig, card) == rig.job_of(card).hold_tokens for card in cards)
    for card in cards:
        await rig.finished(card)
    assert all_in(rig, cards, State.COMPLETED)()
    assert rig.posts() == len(rig.box.generations) == 2
    rig.sound()


@pytest.mark.fault("V4")
async def test_every_5xx_leaves_it_open_whether_there_is_a_video(wide: Rig) -> None:
    made: list[Message] = []
    unmade: list[Message] = []
    for code in (500, 502, 503, 504, 520, 524):
        for kind, cards in ((faults.error_after, made), (faults.status, unmade)):
            wide.box.script(kind(code, html=code > 503))
            cards.append(await wide.card(f"{code} {kind.__name__}"))
            # The breaker may open between them, and a look closes it again.
            await wide.run_until(partial(_was_unknown, wide, cards[-1]), 600, 5)
    assert [held(wide, card) > 0 for card in unmade] == [True] * len(unmade)
    await wide.run_until(all_over(wide, [*made, *unmade]), 3 * 3600, 15)
    assert all_in(wide, made, State.COMPLETED)()
    assert all_in(wide, unmade, State.NOT_SUBMITTED)()
    assert wide.posts() == len(made) + len(unmade)
    assert len(wide.box.generations) == len(made)


def _was_unknown(rig: Rig, card: Message) -> bool:
    return "unknown" in passed(rig, rig.job_of(card))


WAITS: dict[str, tuple[Any, tuple[int, int]]] = {
    "seconds": ("120", (118, 122)),
    "a date": (400, (395, 405)),
    "a date long ago": (-4000, (1, 2)),
    "zero": ("0", (1, 2)),
    "nonsense": ("in a while", (1, 3600)),
    "negative": ("-5", (1, 3600)),
    "a billion": ("1000000000", (DAY_S - 2, DAY_S)),
    "a number of 400 digits": ("9" * 400, (1, DAY_S)),
}


@pytest.mark.fault("V5")
async def test_a_429_is_waited_for_within_bounds_whatever_it_says(wide: Rig) -> None:
    body = {"error": "rate_limit_exceeded", "message": "slow down"}
    for number, (told, (least, most)) in enumerate(WAITS.values(), start=1):
        header = formatdate(wide.clock.now() + told, usegmt=True) if type(told) is int else told
        wide.box.script(faults.status(429, body, headers={"Retry-After": header}))
        posts, refused_at = wide.posts(), int(wide.clock.now())
        card = await wide.card(f"boat {number}")
        await wide.eventually(partial(_was_requeued, wide, card))
        job = wide.job_of(card)
        assert least <= job.next_at - refused_at <= most, told
        assert held(wide, card) == job.hold_tokens
        assert wide.posts() == posts + 1
        await wide.finished(card, 2 * DAY_S, max(10.0, (job.next_at - refused_at) / 20))
        assert wide.job_of(card).state is State.COMPLETED
        sent = [seen.at for seen in wide.box.requests if seen.path == "/generate"]
        assert len(sent) == posts + 2
        assert sent[-1] - refused_at >= least, told


def _was_requeued(rig: Rig, card: Message) -> bool:
    return passed(rig, rig.job_of(card)) == ["queued", "submitting", "queued"]


@pytest.mark.fault("V7")
async def test_the_word_of_somebody_in_between_proves_nothing(wide: Rig) -> None:
    portal = b"<html><h1>Welcome to the hotel</h1>Please sign in</html>"
    kinds: list[tuple[Fault, bool]] = [
        (faults.status(404, b""), False),
        (faults.status(403, html=True), False),
        (faults.status(402, html=True), False),
        (faults.status(407, html=True), False),
        (faults.status(429, html=True, headers={"Retry-After": "5"}), False),
        (faults.status(422, {"detail": [{"msg": "field required"}]}), False),
        (faults.junk(portal, content_type="text/html", made=False), True),
    ]
    cards = []
    for number, (fault, _needs_person) in enumerate(kinds):
        wide.box.script(fault)
        cards.append(await wide.card(f"boat {number}"))
        await wide.eventually(all_in(wide, cards, State.UNKNOWN))
    for card, (_fault, needs_person) in zip(cards, kinds, strict=True):
        assert (wide.job_of(card).attention is not None) is needs_person
        assert held(wide, card) == wide.job_of(card).hold_tokens
    await wide.run_until(all_over(wide, cards), 3600, 15)
    assert all_in(wide, cards, State.NOT_SUBMITTED)()
    assert wide.posts() == len(kinds)


@pytest.mark.fault("V8")
async def test_a_refused_key_is_told_once_and_tried_once_a_minute(
    wide: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    refused = {"error": "not_authenticated", "message": "who are you"}
    wide.box.script(faults.status(401, refused, on=faults.ANY, times=None))
    card = await wide.card()
    await wide.run_until(lambda: wide.app is not None and "key" in wide.app.intake.reasons)
    seen, began = len(wide.box.requests), wide.clock.now()
    await wide.run_until(lambda: wide.clock.now() >= began + 600, 700)
    assert len(wide.box.requests) - seen <= 30
    told = [record for record in caplog.records if "intake closed (key)" in record.getMessage()]
    assert len(told) == 1
    assert wide.job_of(card).state is State.QUEUED
    assert held(wide, card) > 0
    wide.box.faults_left.clear()
    await wide.finished(card)


@pytest.mark.fault("V9")
async def test_no_redirect_leads_the_request_anywhere(wide: Rig) -> None:
    cards: list[Message] = []
    async with Canary() as canary:
        for code in (301, 302, 303, 307, 308):
            for target in (f"http://127.0.0.1:{canary.port}/generate", "/api/v2/generate"):
                wide.box.script(faults.status(code, "", headers={"Location": target}))
                cards.append(await wide.card(f"{code} to {len(cards)}"))
                await wide.eventually(all_in(wide, cards, State.UNKNOWN))
        assert all(wide.job_of(card).attention for card in cards)
        await wide.run_until(all_over(wide, cards), 3600, 15)
        assert canary.hits == 0
    assert all_in(wide, cards, State.NOT_SUBMITTED)()
    assert wide.posts() == len(cards)
    assert wide.box.generations == {}


@pytest.mark.fault("V10")
async def test_a_success_without_a_usable_id_is_looked_up_and_before_the_host(wide: Rig) -> None:
    cards: list[Message] = []
    # Found at once, they would be adopted before anybody could look.
    wide.box.script(faults.junk(b"[]", on=faults.HISTORY, times=None))
    for number, value in enumerate(UNUSABLE_IDS):
        answered = Match("POST", "/generate", prompt=f"boat {number}.")
        wide.box.script(faults.edited(partial(_with_id, value), on=answered))
        cards.append(await wide.card(f"boat {number}."))
    await wide.eventually(all_in(wide, cards, State.UNKNOWN))
    assert all(wide.job_of(card).attention is not None for card in cards)
    assert all(held(wide, card) == wide.job_of(card).hold_tokens for card in cards)
    wide.box.faults_left.clear()
    await wide.run_until(all_over(wide, cards), 3600, 15)
    assert all_in(wide, cards, State.COMPLETED)()
    assert wide.posts() == len(wide.box.generations) == len(cards)


def _with_id(value: object, answer: dict[str, Any]) -> None:
    answer["id"] = value


@pytest.mark.fault("V12")
async def test_hundreds_of_wrong_bodies_at_every_call_break_no_loop(
    wide: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(BODIES) >= 200
    # A body that is a proper answer to some call would be believed, and rightly so.
    wrong = [body for body in BODIES if not _is_answer(body)]
    wide.box.script(*[faults.junk(body, made=False, on=faults.ANY) for body in wrong])
    card = await wide.card("asked among them")
    await wide.run_until(lambda: len(wide.box.faults_left) == 0, 30 * DAY_S, 300)
    assert {seen.path.split("/")[1] for seen in wide.box.requests} >= {"generate", "user"}
    await wide.run_until(all_over(wide, [card]), DAY_S, 60)
    assert wide.posts() == 1
    other = await wide.card("asked after them")
    await wide.finished(other, 7200, 15)
    assert wide.job_of(other).state is State.COMPLETED
    broken = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert [line for line in broken if "broke" in line or "unforeseen" in line] == []


def _is_answer(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and ("id" in answer or answer.get("items") == [])


@pytest.mark.fault("V33")
async def test_a_price_that_went_up_in_the_queue_is_not_paid_from_too_small_a_hold(
    wide: Rig,
) -> None:
    wide.box.script(faults.rate_limited(120), faults.rate_limited(120))
    dearer = await wide.card("dearer soon", model="kling-v2.1")
    await wide.eventually(lambda: wide.posts() == 1)
    cheaper = await wide.card("cheaper soon", model="luma-flash2")
    await wide.eventually(all_in(wide, [dearer, cheaper], State.QUEUED))
    await reprice(wide, "kling-v2.1", 5, wide.job_of(dearer).hold_tokens + 1)
    await reprice(wide, "luma-flash2", 5, wide.job_of(cheaper).hold_tokens - 1)
    await wide.run_until(all_over(wide, [dearer, cheaper]), 1800)
    assert wide.job_of(dearer).state is State.CANCELLED
    assert wide.job_of(cheaper).state is not State.CANCELLED
    assert held(wide, dearer) == 0
    await wide.finished(dearer)
    assert "went up" in wide.fields(wide.shown(dearer))["Why, and what next"]
    assert not any("dearer" in str(one.prompt) for one in wide.box.generations.values())


@pytest.mark.fault("V37")
async def test_a_vendor_that_hangs_up_after_every_answer_makes_nothing_doubtful(
    wide: Rig,
) -> None:
    wide.box.script(faults.closes(on=faults.ANY, times=None))
    cards = []
    for number in range(5):
        cards.append(await wide.card(f"boat {number}"))
        await wide.eventually(all_in(wide, cards, State.PENDING))
    await wide.run_until(all_over(wide, cards), 1800)
    assert all(
        passed(wide, wide.job_of(card)) == ["queued", "submitting", "pending", "completed"]
        for card in cards
    )
    assert wide.posts() == 5
