"""Finding out about a request in doubt, whatever the history looks like: V15 to V22, V35."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from jobs.sweep import ECHOES, ECHOES_DIFFER
from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from storage import claims, settings
from tests.app.wide import all_in, all_over, held, passed, wide, widen
from tests.rig import Rig

pytestmark = pytest.mark.long

__all__ = ["wide"]

HOUR_S = 3600
# A request's deadline, the horizon behind it, and the second look.
GIVEN_BACK_S = 60 + 900 + 240


async def _in_doubt(rig: Rig, card: Message) -> None:
    await rig.eventually(lambda: "unknown" in passed(rig, rig.job_of(card)))


async def _pass(rig: Rig, seconds: float, step_s: float = 30) -> None:
    ends_at = rig.clock.now() + seconds
    await rig.run_until(lambda: rig.clock.now() >= ends_at, seconds + step_s, step_s)


@pytest.mark.fault("V15")
async def test_whenever_the_history_shows_it_each_is_found_as_what_it_is(
    wide: Rig,
) -> None:
    chance = random.Random(1)
    cards: list[Message] = []
    for number in range(12):
        lag_s = chance.uniform(0, 840) if number else 840
        wide.box.script(faults.drop_after() & faults.history_lag(lag_s))
        cards.append(await wide.card(f"boat {number}"))
        await _in_doubt(wide, cards[-1])
        # Some answers in between, so that the vendor is not taken to be down.
        await _pass(wide, 5, 5)
    await wide.run_until(all_over(wide, cards), 2 * HOUR_S, 15)
    assert all_in(wide, cards, State.COMPLETED)()
    prompts = {one.id: one.prompt for one in wide.box.generations.values()}
    assert [prompts[wide.generation_id(card)] for card in cards] == [
        f"boat {number}" for number in range(12)
    ]
    assert wide.posts() == 12


@pytest.mark.fault("V16")
async def test_equal_requests_in_doubt_stand_in_line_in_a_history_in_no_order(rig: Rig) -> None:
    widen(rig)
    rig.box.world.profile.history_order = "shuffled"
    await rig.start_bot()
    await rig.refreshed()
    rig.box.script(*[faults.drop_after() & faults.history_lag(s) for s in (300, 40, 170)])
    cards = [await rig.card("the very same", member=m) for m in ("Ada", "Ben", "Cleo")]
    most_in_doubt = 0

    def over() -> bool:
        nonlocal most_in_doubt
        in_doubt = rig.jobs_in(State.SUBMITTING, State.UNKNOWN)
        most_in_doubt = max(most_in_doubt, len(in_doubt))
        return all_over(rig, cards)()

    await rig.run_until(over, 2 * HOUR_S)
    assert most_in_doubt == 1
    assert all_in(rig, cards, State.COMPLETED)()
    assert len({rig.generation_id(card) for card in cards}) == rig.posts() == 3
    rig.sound()


@pytest.mark.fault("V17")
async def test_a_history_that_does_not_reach_back_far_enough_proves_nothing(wide: Rig) -> None:
    def three(answer: dict[str, Any]) -> None:
        answer |= {"items": answer["items"][:3], "limit": 3, "total": 500}

    # What was made stands behind the first three, and there is no second page.
    wide.box.script(faults.edited(three, on=faults.HISTORY, times=None))
    wide.box.script(faults.drop_after(), faults.drop_before())
    cards = [await wide.card("made"), await wide.card("not made", member="Cleo")]
    for n in range(5):
        wide.box.add_foreign(prompt=f"newer {n}", tokens=0, created_at=wide.clock.now() + n)
    await wide.run_until(all_in(wide, cards, State.UNKNOWN), 600)
    await _pass(wide, 3 * GIVEN_BACK_S)
    assert all_in(wide, cards, State.UNKNOWN)()
    assert all(held(wide, card) == wide.job_of(card).hold_tokens for card in cards)
    wide.box.faults_left.clear()
    await wide.run_until(all_over(wide, cards), HOUR_S, 15)
    assert [wide.job_of(card).state for card in cards] == [State.COMPLETED, State.NOT_SUBMITTED]


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def edit(answer: dict[str, Any]) -> None:
        for item in answer["items"]:
            item.pop(name, None)

    return edit


def _ids_of_another_form(answer: dict[str, Any]) -> None:
    for item in answer["items"]:
        item["id"] = f"gen_01j9x2v{item['id']}"


def _repeated(answer: dict[str, Any]) -> None:
    answer["items"] = answer["items"][:1] * 2


@pytest.mark.fault("V18")
async def test_no_broken_history_is_taken_for_an_empty_one(wide: Rig) -> None:
    await wide.finished(await wide.card("so that the history is not empty"))
    wide.box.script(faults.drop_before())
    always: dict[str, Any] = {"on": faults.HISTORY, "times": None}
    broken = [
        faults.status(503, html=True, **always),
        faults.drop_before(**always),
        faults.half_body(**always),
        faults.junk(b"[]", **always),
        faults.junk(b'{"items": []}', code=404, **always),
        faults.junk(b'{"items": null, "total": 0}', **always),
        faults.junk(b'{"items": [], "total": 7, "page": 1, "limit": 100}', **always),
        faults.edited(_ids_of_another_form, **always),
        faults.edited(_without("prompt"), **always),
        faults.edited(_without("model_slug"), **always),
        faults.edited(_without("status"), **always),
        faults.edited(_repeated, **always),
    ]
    wide.box.script(broken[0])
    card = await wide.card("not made")
    await _in_doubt(wide, card)
    for fault in broken:
        wide.box.faults_left.clear()
        wide.box.script(fault)
        await _pass(wide, GIVEN_BACK_S, 60)
        job = wide.job_of(card)
        assert (job.state, job.absent_seen) == (State.UNKNOWN, False)
        assert held(wide, card) == job.hold_tokens
    wide.box.faults_left.clear()
    await wide.run_until(all_over(wide, [card]), HOUR_S, 15)
    assert wide.job_of(card).state is State.NOT_SUBMITTED


DRESSES: dict[str, Callable[[str], str]] = {
    "trimmed": lambda prompt: f"  {prompt.strip()} \n",
    "in small letters": str.lower,
    "with other blanks": lambda prompt: prompt.replace(" ", "\u00a0 "),
    "cut at 500": lambda prompt: prompt[:500],
    "as it is": str,
}


@pytest.mark.fault("V21")
async def test_a_prompt_is_recognised_however_the_history_dresses_it(wide: Rig) -> None:
    cards: list[Message] = []
    for number, change in enumerate(DRESSES.values()):
        wide.box.script(faults.drop_after() & faults.history_prompt(change))
        prompt = f"{number}: A Boat of “Paper”, naïve and Brave, " + "in the Rain and Wind " * 60
        cards.append(await wide.card(prompt.strip()))
        await _in_doubt(wide, cards[-1])
        await _pass(wide, 5, 5)
    await wide.run_until(all_over(wide, cards), HOUR_S, 15)
    assert all_in(wide, cards, State.COMPLETED)()
    assert wide.posts() == len(wide.box.generations) == len(cards)


@pytest.mark.fault("V21")
async def test_how_often_the_history_shows_something_else_is_counted_once_each(
    wide: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    wide.box.script(faults.history_prompt(lambda prompt: f"A film of {prompt}"))
    cards = [await wide.card("a boat"), await wide.card("a kite", member="Cleo")]
    await wide.run_until(all_over(wide, cards))
    await wide.run_until(lambda: _echoes(wide) == (2, 1), 2 * HOUR_S, 30)
    await wide.restart_bot()  # what was compared before is shown once more
    app = wide.app
    assert app is not None
    await wide.eventually(lambda: "recovery" not in app.intake.reasons)
    await _pass(wide, 2 * HOUR_S, 60)
    assert _echoes(wide) == (2, 1)
    [told] = [one.getMessage() for one in caplog.records if "otherwise than" in one.getMessage()]
    assert told.startswith(f"job {wide.job_of(cards[0]).id}: ")


def _echoes(rig: Rig) -> tuple[int, int]:
    return rig.read(lambda tx: (settings.counter(tx, ECHOES), settings.counter(tx, ECHOES_DIFFER)))


NO_TIMES: list[Any] = [
    "2027-01-15T08:00:30",
    "15.01.2027 08:00:30",
    "yesterday",
    "",
    "2027-01-15T08:00:30+99:00",
    "9999-12-31T23:59:59Z",
    1_800_000_030,
    1_800_000_030.5,
    True,
    {"at": 1_800_000_030},
]


@pytest.mark.fault("V22")
async def test_what_is_no_time_says_nothing(wide: Rig) -> None:
    for number, value in enumerate(NO_TIMES):
        wide.box.script(faults.drop_after() & faults.created_at(value))
        card = await wide.card(f"boat {number}")
        await _in_doubt(wide, card)
        await _pass(wide, GIVEN_BACK_S, 60)
        assert wide.job_of(card).state is State.UNKNOWN, value
        assert held(wide, card) == wide.job_of(card).hold_tokens
        for generation in wide.box.generations.values():
            generation.twist = replace(generation.twist, created_at=None)
        await wide.run_until(all_over(wide, [card]), HOUR_S, 15)
        assert wide.job_of(card).state is State.COMPLETED
    assert wide.posts() == len(NO_TIMES)


@pytest.mark.fault("V22")
async def test_a_time_in_any_zone_is_that_moment(wide: Rig) -> None:
    forms: list[Callable[[datetime], str]] = [
        lambda at: at.isoformat(),
        lambda at: at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        lambda at: at.astimezone(timezone(timedelta(hours=5, minutes=45))).isoformat(),
        lambda at: at.astimezone(timezone(timedelta(hours=-11))).isoformat(" "),
    ]
    cards: list[Message] = []
    for number, form in enumerate(forms):
        shown = form(datetime.fromtimestamp(wide.clock.now(), UTC))
        wide.box.script(faults.drop_after() & faults.created_at(shown))
        cards.append(await wide.card(f"boat {number}"))
        await _in_doubt(wide, cards[-1])
        await _pass(wide, 5, 5)
    await wide.run_until(all_over(wide, cards), HOUR_S, 15)
    assert all_in(wide, cards, State.COMPLETED)()


@pytest.mark.fault("V22")
@pytest.mark.parametrize("skew_s", [-7200, 90, 7200])
async def test_a_vendors_clock_that_is_off_is_allowed_for(rig: Rig, skew_s: int) -> None:
    widen(rig)
    rig.box.skew_s = skew_s
    await rig.start_bot()
    await rig.refreshed()
    rig.box.script(faults.drop_after() & faults.history_lag(200), faults.drop_before())
    cards = [await rig.card("made"), await rig.card("not made", member="Cleo")]
    await rig.run_until(all_over(rig, cards), HOUR_S, 15)
    assert [rig.job_of(card).state for card in cards] == [State.COMPLETED, State.NOT_SUBMITTED]
    rig.sound()


@pytest.mark.fault("V22")
async def test_what_is_shown_as_made_in_the_future_is_booked_when_that_has_come(
    wide: Rig,
) -> None:
    shown = datetime.fromtimestamp(wide.clock.now() + 2 * HOUR_S, UTC).isoformat()
    wide.box.script(faults.drop_after() & faults.created_at(shown))
    card = await wide.card("from the future")
    await wide.finished(card, HOUR_S, 15)
    assert wide.job_of(card).state is State.NOT_SUBMITTED
    await wide.run_until(lambda: wide.job_of(card).attention == "made after all", 5 * HOUR_S, 60)
    assert wide.guild_account().spent_tokens == wide.box.charged_total > 0


@pytest.mark.fault("V20")
@pytest.mark.fault("V35")
async def test_of_a_crowd_of_strangers_none_is_taken_for_ours(wide: Rig) -> None:
    prompt, model = "A boat in the rain", "kling-v2.1"
    wide.box.script(faults.drop_before(), faults.drop_after() & faults.history_lag(120))
    lost = await wide.card(prompt, model=model)
    await _in_doubt(wide, lost)
    made = await wide.card(f"{prompt}, at dusk", model=model, member="Cleo")
    await _in_doubt(wide, made)
    own = {one.id for one in wide.box.generations.values()}
    now = wide.clock.now()
    strangers: list[dict[str, Any]] = [
        {"prompt": prompt, "model": "luma-flash2"},
        {"prompt": prompt, "model": "kling-v2.1-pro"},
        {"prompt": prompt, "model": model, "created_at": now - 1500},
        *({"prompt": near, "model": model} for near in (f"{prompt}.", prompt[:-1], f"x{prompt}")),
        {"prompt": prompt.replace("a", "\N{CYRILLIC SMALL LETTER A}"), "model": model},
        *({"prompt": f"theirs {n}"} for n in range(130)),
    ]
    for stranger in strangers:
        wide.box.add_foreign(**{"tokens": 0, "created_at": now, **stranger})
    wide.box.add_foreign(prompt=prompt, model=model, category="image", tokens=0, created_at=now)
    await wide.run_until(all_over(wide, [lost, made]), HOUR_S, 15)
    assert wide.job_of(lost).state is State.NOT_SUBMITTED
    assert wide.job_of(lost).generation_id is None
    assert {wide.generation_id(made)} == own
    await wide.run_until(lambda: len(_foreign(wide)) == len(strangers), 3 * HOUR_S, 60)
    assert not _foreign(wide) & own


def _foreign(rig: Rig) -> set[str]:
    return {one.id for one in rig.read(lambda tx: claims.list_foreign(tx, 500))}
