"""The published variants of each answer."""

from typing import Any

import pytest

from playground.clock import FakeClock
from playground.neuralbox import Dialect, Profile, faults
from tests.playground.neuralbox.support import Caller, running_box


async def _completed(caller: Caller, clock: FakeClock) -> tuple[Any, Any, Any]:
    caller.box.script(faults.wait(55))
    created = await caller.create()
    await clock.advance(11)
    pending = (await caller.get(f"/generate/{created['id']}")).json
    await clock.advance(44)
    return created, pending, (await caller.get(f"/generate/{created['id']}")).json


async def test_the_dated_form_has_timestamps_instead_of_thumbnail_and_processing_time(
    clock: FakeClock,
) -> None:
    async with running_box(Profile(dialect=Dialect(fields="dated")), clock=clock) as caller:
        _, _, done = await _completed(caller, clock)
        assert done == {
            "id": 18500,
            "status": "completed",
            "model_slug": "kling-v2.1",
            "result_url": f"{caller.box.origin}/generations/18500.mp4",
            "tokens_spent": 44,
            "result_metadata": {"duration": 5, "width": 320, "height": 180},
            "created_at": "2027-01-15T08:00:00Z",
            "completed_at": "2027-01-15T08:00:55Z",
        }


async def test_the_poor_form_has_only_what_no_page_leaves_out(clock: FakeClock) -> None:
    async with running_box(Profile(dialect=Dialect(fields="poor")), clock=clock) as caller:
        created, pending, done = await _completed(caller, clock)
        assert created == {"id": 18500, "status": "pending"}
        assert pending == {"id": 18500, "status": "pending", "result_url": None, "tokens_spent": 0}
        assert sorted(done) == ["id", "processing_ms", "result_url", "status", "tokens_spent"]


async def test_the_full_form_has_every_field_and_nulls(clock: FakeClock) -> None:
    async with running_box(Profile(dialect=Dialect(fields="full")), clock=clock) as caller:
        created, pending, done = await _completed(caller, clock)
        for answer in (created, pending):
            assert answer["result_url"] is None
            assert answer["error"] is None
            assert answer["result_metadata"] is None
            assert answer["tokens_spent"] == 0
        assert done["error"] is None
        assert done["result_text"] is None
        caller.box.script(faults.wait(0) & faults.fails("no"))
        failed = await caller.create()
        shown = (await caller.get(f"/generate/{failed['id']}")).json
        assert (shown["error"], shown["result_url"]) == ("no", None)


async def test_the_whole_second_form_renames_flattens_and_adds(clock: FakeClock) -> None:
    async with running_box(Profile(dialect=Dialect.second_form()), clock=clock) as caller:
        created, pending, done = await _completed(caller, clock)
        name = created["id"]
        assert name.startswith("gen_")
        assert created["model"] == "kling-v2.1"
        assert (pending["progress"], pending["eta_seconds"], pending["tokens_used"]) == (20, 44, 0)
        assert done == {
            "id": name,
            "status": "completed",
            "model": "kling-v2.1",
            "url": f"{caller.box.origin}/generations/{name}.mp4",
            "duration": 5,
            "width": 320,
            "height": 180,
            "tokens_used": 44,
            "balance_remaining": 1456,
            "created_at": "2027-01-15T08:00:00Z",
            "completed_at": "2027-01-15T08:00:55Z",
        }
        page = (await caller.get("/user/history?limit=1")).json
        assert page == {
            "items": [
                {
                    "id": name,
                    "type": "video",
                    "model": "kling-v2.1",
                    "status": "completed",
                    "prompt": "a paper boat",
                    "url": f"{caller.box.origin}/generations/{name}.mp4",
                    "tokens_used": 44,
                    "created_at": "2027-01-15T08:00:00Z",
                }
            ],
            "total": 1,
            "page": 1,
            "limit": 1,
            "pages": 1,
        }
        assert (await caller.call("GET", done["url"])).status == 200


async def test_a_single_field_may_differ(clock: FakeClock) -> None:
    async with running_box(clock=clock) as caller:
        dialect = caller.box.profile.dialect
        dialect.cost_field, dialect.dimensions, dialect.progress = "tokens_used", "flat", True
        _, pending, done = await _completed(caller, clock)
        assert pending["eta_seconds"] == 44
        assert (done["tokens_used"], done["width"]) == (44, 320)
        assert "tokens_spent" not in done
        assert "result_metadata" not in done
        assert done["result_url"]


@pytest.mark.parametrize("envelope", ["items", "models", "data"])
async def test_the_list_of_models_may_come_in_an_envelope(envelope: Any) -> None:
    async with running_box(Profile(dialect=Dialect(models_envelope=envelope))) as caller:
        got = await caller.get("/models")
        assert list(got.json) == [envelope]
        assert len(got.json[envelope]) == 13


async def test_balance_may_be_served_at_one_path_only() -> None:
    async with running_box(Profile(dialect=Dialect(balance_paths="user"))) as caller:
        assert (await caller.get("/balance")).status == 404
        assert (await caller.get("/user/balance")).status == 200
        caller.box.profile.dialect.balance_paths = "short"
        assert (await caller.get("/balance")).status == 200
        assert (await caller.get("/user/balance")).status == 404


async def test_the_other_profile_form_has_no_limits() -> None:
    async with running_box(Profile(dialect=Dialect(profile="second"))) as caller:
        got = await caller.get("/user/me")
        assert sorted(got.json) == [
            "created_at",
            "email",
            "id",
            "plan",
            "plan_expires_at",
            "token_balance",
            "username",
        ]
