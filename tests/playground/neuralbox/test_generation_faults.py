"""Faults of a generation: what it costs, shows and becomes."""

from typing import Any

import pytest

from playground.clock import FakeClock
from playground.neuralbox import faults
from playground.neuralbox.faults import Fault
from tests.playground.neuralbox.support import Caller


async def _ended(caller: Caller, clock: FakeClock, fault: Fault) -> tuple[str, Any]:
    """Create under a fault and let the longest usual wait pass; return the path and the answer."""
    caller.box.script(fault)
    created = await caller.create()
    await clock.advance(90)
    path = f"/generate/{created['id']}"
    return path, (await caller.get(path)).json


async def test_a_wait_is_exact_and_not_scaled(caller: Caller, clock: FakeClock) -> None:
    caller.box.wait_scale = 50
    caller.box.script(faults.wait(12.5))
    created = await caller.create()
    generation = caller.box.generations[str(created["id"])]
    assert generation.finishes_at == clock.now() + 12.5
    await clock.advance(12.5)
    assert generation.status == "completed"


async def test_a_stuck_generation_never_ends_by_itself(caller: Caller, clock: FakeClock) -> None:
    path, answer = await _ended(caller, clock, faults.stuck())
    await clock.advance(7 * 86_400)
    answer = (await caller.get(path)).json
    assert answer["status"] == "pending"
    second = (await caller.get(path.replace("generate/", "generate/status/"))).json
    assert second["status"] == "pending"
    caller.box.finish(str(answer["id"]))
    assert (await caller.get(path)).json["status"] == "completed"


async def test_a_failure_has_its_sentence_and_is_free(caller: Caller, clock: FakeClock) -> None:
    _, answer = await _ended(caller, clock, faults.fails("Content policy violation"))
    assert answer["status"] == "failed"
    assert answer["error"] == "Content policy violation"
    assert (answer["tokens_spent"], caller.box.charged_total) == (0, 0)


async def test_a_failure_may_cost_against_all_that_is_published(
    caller: Caller, clock: FakeClock
) -> None:
    _, answer = await _ended(caller, clock, faults.fails("no", cost=44))
    assert (answer["status"], answer["tokens_spent"]) == ("failed", 44)
    assert caller.box.charged_total == 44


async def test_a_whole_number_as_cost_is_shown_and_taken(caller: Caller, clock: FakeClock) -> None:
    path, answer = await _ended(caller, clock, faults.costs(88))
    assert answer["tokens_spent"] == 88
    assert caller.box.charged_total == 88
    assert (await caller.get("/user/history")).json["items"][0]["tokens_spent"] == 88
    assert path


@pytest.mark.parametrize("shown", [-1, 44.5, "44", None, [44], 10**30, True])
async def test_any_other_cost_is_shown_while_the_true_one_is_taken(
    caller: Caller, clock: FakeClock, shown: object
) -> None:
    _, answer = await _ended(caller, clock, faults.costs(shown))
    assert answer["tokens_spent"] == shown
    assert type(answer["tokens_spent"]) is type(shown)
    taken = shown if type(shown) is int and shown > 0 else 44
    assert caller.box.charged_total == taken


async def test_a_cost_may_be_missing_everywhere(caller: Caller, clock: FakeClock) -> None:
    path, answer = await _ended(caller, clock, faults.no_cost())
    assert "tokens_spent" not in answer
    assert "tokens_spent" not in (await caller.get("/user/history")).json["items"][0]
    second = (await caller.get(path.replace("generate/", "generate/status/"))).json
    assert "tokens_used" not in second
    assert caller.box.charged_total == 44


async def test_the_address_may_come_some_looks_late(caller: Caller, clock: FakeClock) -> None:
    path, answer = await _ended(caller, clock, faults.no_url(2))
    looks = [answer, *[(await caller.get(path)).json for _ in range(2)]]
    assert [look["status"] for look in looks] == ["completed"] * 3
    assert [bool(look["result_url"]) for look in looks] == [False, False, True]


async def test_the_address_may_be_any(caller: Caller, clock: FakeClock) -> None:
    _, answer = await _ended(caller, clock, faults.result_url("http://169.254.169.254/x"))
    assert answer["result_url"] == "http://169.254.169.254/x"


async def test_an_unknown_status_word_is_shown_for_some_looks(
    caller: Caller, clock: FakeClock
) -> None:
    path, answer = await _ended(caller, clock, faults.unknown_status("queued2", 2))
    assert (answer["status"], answer["result_url"], answer["tokens_spent"]) == ("queued2", None, 0)
    assert (await caller.get("/user/history")).json["items"][0]["status"] == "queued2"
    assert (await caller.get(path)).json["status"] == "completed"
    assert caller.box.charged_total == 44


async def test_history_lag_hides_one_entry_for_a_while(caller: Caller, clock: FakeClock) -> None:
    path, answer = await _ended(caller, clock, faults.history_lag(300))
    assert answer["status"] == "completed"
    assert (await caller.get("/user/history")).json["total"] == 0
    await clock.advance(210)
    assert (await caller.get("/user/history")).json["total"] == 1
    assert path


async def test_the_history_may_show_another_prompt(caller: Caller) -> None:
    caller.box.script(faults.history_prompt(lambda prompt: prompt.upper()[:7]))
    await caller.create("a paper boat")
    assert (await caller.get("/user/history")).json["items"][0]["prompt"] == "A PAPER"


@pytest.mark.parametrize("shown", ["2026-03-08 12:05:00", "yesterday", 5, ""])
async def test_the_creation_time_may_be_anything(caller: Caller, shown: object) -> None:
    caller.box.script(faults.created_at(shown))
    assert (await caller.create())["created_at"] == shown
    assert (await caller.get("/user/history")).json["items"][0]["created_at"] == shown


async def test_the_file_may_be_missing(caller: Caller, clock: FakeClock) -> None:
    _, answer = await _ended(caller, clock, faults.missing_file())
    assert (await caller.call("GET", answer["result_url"], key=None)).status == 404
    assert (await caller.call("GET", answer["thumbnail_url"], key=None)).status == 404


async def test_one_generation_may_have_an_id_of_the_second_form(caller: Caller) -> None:
    caller.box.script(faults.gen_ids())
    first, second = await caller.create(), await caller.create()
    assert first["id"].startswith("gen_")
    assert isinstance(second["id"], int)
    assert (await caller.get(f"/generate/{first['id']}")).json["id"] == first["id"]


async def test_a_fixed_id_that_is_free_is_the_generations_own(caller: Caller) -> None:
    caller.box.script(faults.fixed_id(777), faults.fixed_id("job_A-1"), faults.fixed_id(777))
    assert (await caller.create())["id"] == 777
    assert (await caller.create())["id"] == "job_A-1"
    assert (await caller.create())["id"] == 777  # again, but it belongs to the first
    assert list(caller.box.generations) == ["777", "job_A-1", "18500"]


@pytest.mark.parametrize("shown", [0, -5, 1.5, True, [], {}, "", "x" * 65, "a b", 2**80, "ü/1"])
async def test_an_id_that_no_client_may_take_is_shown_all_the_same(
    caller: Caller, shown: object
) -> None:
    caller.box.script(faults.fixed_id(shown))
    answer = await caller.create()
    assert answer["id"] == shown
    assert len(caller.box.generations) == 1


async def test_two_faults_can_be_made_one(caller: Caller, clock: FakeClock) -> None:
    caller.box.script(faults.wait(3) & faults.costs(99) & faults.error_after(502), faults.costs(1))
    assert (await caller.post("/generate", {"model": "sora-2", "prompt": "x"})).status == 502
    await clock.advance(3)
    assert caller.box.charged_total == 99
    with pytest.raises(ValueError, match="one answer"):
        _ = faults.no_id() & faults.drop_after()


async def test_what_was_completed_can_be_turned_by_hand(caller: Caller, clock: FakeClock) -> None:
    path, answer = await _ended(caller, clock, faults.wait(1))
    caller.box.generations[str(answer["id"])].status = "failed"
    caller.box.generations[str(answer["id"])].error = "Provider error: on second thoughts"
    assert (await caller.get(path)).json["status"] == "failed"
