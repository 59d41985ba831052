"""The books next to the vendor's balance: what agrees, what is explained, what is missing."""

import logging

import pytest

from jobs import moves
from models import State
from playground.neuralbox import faults
from storage import claims, readings, settings
from storage.claims import Dispute, Foreign
from storage.readings import Verdict
from tests.rig import Rig

HOUR_S, DAY_S = 3600, 24 * 3600
STEP_S = 600


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def _verdicts(rig: Rig) -> list[Verdict]:
    return rig.read(lambda tx: readings.list_verdicts(tx, 0))


def _known_balance(rig: Rig) -> int:
    return rig.read(lambda tx: settings.counter(tx, moves.BALANCE))


def _disputes(rig: Rig) -> list[Dispute]:
    return rig.read(claims.list_disputes)


def _foreign(rig: Rig) -> list[Foreign]:
    return rig.read(lambda tx: claims.list_foreign(tx, 10))


async def _first_reading(rig: Rig) -> None:
    await rig.eventually(lambda: rig.read(readings.find_first) is not None)


async def _judged(rig: Rig, count: int) -> list[Verdict]:
    """Let the clock run until so many more readings are judged; return those."""
    before = len(_verdicts(rig))
    await rig.run_until(lambda: len(_verdicts(rig)) >= before + count, 2 * DAY_S, STEP_S)
    return _verdicts(rig)[before : before + count]


def _lines(caplog: pytest.LogCaptureFixture, begin: str = "books and balance") -> list[str]:
    said = [record.getMessage() for record in caplog.records if record.name == "jobs.accounting"]
    return [line for line in said if line.startswith(begin)]


def _alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "jobs.accounting" and record.levelno == logging.ERROR
    ]


async def test_days_of_quiet_are_a_line_a_day_and_four_requests(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    begun_at = play.clock.now()
    await play.run_until(lambda: len(_lines(caplog)) >= 3, 4 * DAY_S, STEP_S)
    # On a busy machine the clock runs on while answers travel, so a line may come hours late.
    assert 3 * DAY_S <= play.clock.now() - begun_at < 4 * DAY_S
    lines = _lines(caplog)
    assert all(line.startswith("books and balance agree: 0 tokens spent") for line in lines)
    asked = [seen for seen in play.box.requests if seen.path == "/balance"]
    assert len(asked) <= 1 + 4 * 4
    assert {verdict.kind for verdict in _verdicts(play)} == {"agrees"}


async def test_what_was_spent_is_what_the_balance_lost(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    await play.finished(await play.card())
    [verdict] = await _judged(play, 1)
    assert (verdict.kind, verdict.is_settled) == ("agrees", True)
    await play.run_until(lambda: bool(_lines(caplog)), 2 * DAY_S, STEP_S)
    assert f"agree: {play.box.charged_total} tokens spent since" in _lines(caplog)[0]
    assert f"balance {play.box.balance:,}" in _lines(caplog)[0]


@pytest.mark.fault("V20")
async def test_a_strangers_generation_is_listed_though_the_sum_agrees(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    await play.clock.advance(2 * HOUR_S)
    foreign = play.box.add_foreign(prompt="not ours", tokens=61)
    assert [verdict.kind for verdict in await _judged(play, 2)] == ["agrees", "agrees"]
    [listed] = _foreign(play)
    assert (listed.id, listed.tokens) == (foreign.id, 61)
    # The vendor's clock is read from an answer, and ours may take a step while that travels.
    assert abs((listed.at or 0) - foreign.created_at) <= STEP_S
    await play.run_until(lambda: bool(_lines(caplog)), 2 * DAY_S, STEP_S)
    assert "61 of it by others with the same account (1 generation)" in _lines(caplog)[0]
    assert not _alerts(caplog)


async def test_a_strangers_generation_right_before_a_reading_is_no_false_alarm(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    almost = play.clock.now() + 6 * HOUR_S - 1200
    await play.run_until(lambda: play.clock.now() >= almost, DAY_S, STEP_S)
    play.box.add_foreign(prompt="just now", tokens=61)
    first, second = await _judged(play, 2)
    assert (first.kind, first.is_settled) == ("agrees", False)
    assert (second.kind, second.is_settled) == ("agrees", True)
    assert second.since == first.since
    assert not _alerts(caplog)


async def test_the_cost_of_a_strangers_unfinished_generation_is_learned_at_its_end(
    play: Rig,
) -> None:
    foreign = play.box.add_foreign(prompt="slow", status="pending", tokens=61)
    await play.run_until(lambda: bool(_foreign(play)), 3 * HOUR_S, STEP_S)
    assert _foreign(play)[0].tokens is None
    play.box.finish(foreign.id)
    await play.run_until(lambda: _foreign(play)[0].tokens == 61, 3 * HOUR_S, STEP_S)


@pytest.mark.fault("V31")
async def test_tokens_that_nobody_booked_are_an_alert_once_and_change_nothing(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    play.box.add_foreign(prompt="not ours either", tokens=61)
    play.box.balance -= 100
    found = await _judged(play, 2)
    assert [verdict.tokens for verdict in found if verdict.kind == "missing"] == [100]
    await _judged(play, 4)
    [alert] = _alerts(caplog)
    assert "NeuralBox took 100 tokens between" in alert
    assert "1 generation for 61 tokens" in alert
    assert play.account("org").spent_tokens == 0
    await play.run_until(lambda: bool(_lines(caplog)), 2 * DAY_S, STEP_S)
    assert "books and balance differ" in _lines(caplog)[0]
    assert "100 taken that nobody here booked" in _lines(caplog)[0]


async def test_a_top_up_is_told_and_is_no_alert(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    play.box.balance += 1000
    [verdict] = await _judged(play, 1)
    assert (verdict.kind, verdict.tokens) == ("added", -1000)
    await play.eventually(lambda: bool(_lines(caplog, "1,000 tokens were added")))
    assert "may hide" in _lines(caplog, "1,000 tokens were added")[0]
    assert not _alerts(caplog)


async def test_a_job_under_way_explains_a_difference_until_it_is_booked(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    away = faults.status(503, None, html=True, on=faults.STATUS, times=None)
    play.box.script(away)
    card = await play.card()
    [verdict] = await _judged(play, 1)
    assert play.box.charged_total > 0
    assert play.job_of(card).state is State.PENDING
    assert (verdict.kind, verdict.is_settled) == ("explained", False)
    play.box.faults_left.clear()
    await play.finished(card)
    [last] = await _judged(play, 1)
    assert (last.kind, last.is_settled, last.since) == ("agrees", True, verdict.since)
    assert not _alerts(caplog)
    play.sound()


async def test_more_than_the_jobs_under_way_can_cost_is_told_at_once_and_not_twice(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await _first_reading(play)
    play.box.script(faults.status(503, None, html=True, on=faults.STATUS, times=None))
    play.box.catalogue.set_price("kling-v2.1", 40, 80)  # less than is held
    card = await play.card()
    play.box.balance -= 500
    [verdict] = await _judged(play, 1)
    await play.eventually(lambda: bool(_alerts(caplog)))
    hold = play.job_of(card).hold_tokens
    assert verdict.kind == "missing"
    assert verdict.tokens == 500 + 40 - hold
    assert "took at least" in _alerts(caplog)[0]
    play.box.faults_left.clear()
    await play.finished(card)
    later = [each for each in await _judged(play, 3) if each.kind != "agrees"]
    assert sum(each.tokens for each in (verdict, *later)) == 500
    assert later[-1].is_settled


@pytest.mark.parametrize("is_charged_first", [False, True])
async def test_a_balance_that_crosses_an_ending_is_never_too_large_and_no_reading(
    rig: Rig, is_charged_first: bool
) -> None:
    late = (
        faults.hang(900, on=faults.BALANCE)
        if is_charged_first
        else faults.hang_after(900, on=faults.BALANCE)
    )
    rig.box.script(late)
    rig.box.script(faults.wait(30))
    begun_with = rig.box.balance
    await rig.start_bot()
    await rig.eventually(lambda: any(seen.path == "/balance" for seen in rig.box.requests))
    await rig.finished(await rig.card())
    cost = rig.box.charged_total
    assert cost > 0
    assert rig.read(lambda tx: settings.counter(tx, moves.BALANCE_AT)) == 0
    await rig.run_until(lambda: _known_balance(rig) > 0)
    assert _known_balance(rig) == begun_with - cost * (2 if is_charged_first else 1)
    assert rig.read(readings.find_first) is None
    # Asked once more soon, it is exact.
    await rig.run_until(lambda: rig.read(readings.find_first) is not None, HOUR_S)
    assert _known_balance(rig) == rig.box.balance == begun_with - cost


async def test_an_outage_proves_nothing(play: Rig, caplog: pytest.LogCaptureFixture) -> None:
    await _first_reading(play)
    await play.refreshed()
    play.box.balance -= 100
    play.box.script(faults.status(503, None, html=True, on=faults.ANY, times=None))
    ends_at = play.clock.now() + 2 * DAY_S + HOUR_S
    await play.run_until(lambda: play.clock.now() >= ends_at, 3 * DAY_S, STEP_S)
    assert _verdicts(play) == []
    assert [line[:40] for line in _lines(caplog)] == [
        "books and balance were not compared toda"
    ] * 2
    play.box.faults_left.clear()
    await _judged(play, 1)
    await play.eventually(lambda: len(_alerts(caplog)) == 1)


async def test_a_restart_tells_nothing_again(play: Rig, caplog: pytest.LogCaptureFixture) -> None:
    await _first_reading(play)
    play.box.balance -= 100
    await _judged(play, 1)
    await play.eventually(lambda: bool(_alerts(caplog)))
    await play.restart_bot()
    await _judged(play, 2)
    assert len(_alerts(caplog)) == 1


@pytest.mark.fault("V29")
async def test_an_ending_that_the_vendor_tells_otherwise_later_is_reported_and_stays(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    card = await play.card()
    await play.finished(card)
    job, cost = play.job_of(card), play.box.charged_total
    told = play.box.generations[play.generation_id(card)]
    told.status, told.tokens_spent = "failed", 0
    await play.run_until(lambda: bool(_disputes(play)), 3 * HOUR_S, STEP_S)
    [dispute] = _disputes(play)
    assert (dispute.job_id, dispute.booked_tokens, dispute.told_tokens) == (job.id, cost, 0)
    assert dispute.status == "failed"
    assert play.job_of(card).state is State.COMPLETED
    assert play.account("org").spent_tokens == cost
    await play.clock.advance(2 * HOUR_S)
    said = [record for record in caplog.records if record.name == "jobs.disputes"]
    assert len(said) == 1
    assert said[0].levelno == logging.ERROR
    told.status, told.tokens_spent = "completed", cost
    await play.run_until(lambda: not _disputes(play), 3 * HOUR_S, STEP_S)
    play.sound()
