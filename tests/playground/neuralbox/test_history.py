"""GET /user/history: shape, order, paging, filters under both names, and other people's entries."""

import pytest

from playground.clock import FakeClock
from playground.neuralbox import Profile, faults
from tests.playground.neuralbox.support import Caller, running_box


async def _ids(caller: Caller, query: str) -> list[int]:
    got = await caller.get(f"/user/history?{query}")
    assert got.status == 200, got
    return [item["id"] for item in got.json["items"]]


async def test_a_page_has_the_published_shape(caller: Caller, clock: FakeClock) -> None:
    caller.box.script(faults.wait(20))
    await caller.create("a paper boat")
    await clock.advance(20)
    await caller.create("a kite")
    got = await caller.get("/user/history")
    assert got.json == {
        "items": [
            {
                "id": 18501,
                "model_slug": "kling-v2.1",
                "model_name": "Kling 2.1",
                "category": "video",
                "prompt": "a kite",
                "status": "pending",
                "result_text": None,
                "result_url": None,
                "tokens_spent": 0,
                "is_favorited": False,
                "user_rating": None,
                "created_at": "2027-01-15T08:00:20Z",
            },
            {
                "id": 18500,
                "model_slug": "kling-v2.1",
                "model_name": "Kling 2.1",
                "category": "video",
                "prompt": "a paper boat",
                "status": "completed",
                "result_text": None,
                "result_url": f"{caller.box.origin}/generations/18500.mp4",
                "tokens_spent": 44,
                "is_favorited": False,
                "user_rating": None,
                "created_at": "2027-01-15T08:00:00Z",
            },
        ],
        "total": 2,
        "page": 1,
        "limit": 20,
    }


async def test_pages_hold_twenty_unless_asked_and_a_hundred_at_most(caller: Caller) -> None:
    for number in range(130):
        caller.box.add_foreign(prompt=f"no {number}", tokens=0)
    newest = list(range(18629, 18499, -1))
    assert await _ids(caller, "") == newest[:20]
    assert await _ids(caller, "limit=100") == newest[:100]
    assert await _ids(caller, "limit=100&page=2") == newest[100:]
    assert await _ids(caller, "limit=7&page=3") == newest[14:21]
    assert await _ids(caller, "page=8") == []
    for query in ("limit=101", "limit=0", "page=0", "page=-1", "page=x", "limit=٣", "limit=1.5"):
        assert (await caller.get(f"/user/history?{query}")).status == 422


async def test_filters_work_under_both_published_names(caller: Caller, clock: FakeClock) -> None:
    box = caller.box
    box.add_foreign(prompt="a text", model="gpt-4o-mini", category="text", tokens=1)
    box.add_foreign(prompt="a picture", model="flux-1.1-pro", category="image", tokens=8)
    box.script(faults.wait(5), faults.wait(5) & faults.fails("no"))
    await caller.create()
    await caller.create()
    await caller.create(model="luma-ray2")
    await clock.advance(5)
    assert await _ids(caller, "category=video") == [18504, 18503, 18502]
    assert await _ids(caller, "type=video") == [18504, 18503, 18502]
    assert await _ids(caller, "category=video&type=video&page=1&limit=2") == [18504, 18503]
    assert await _ids(caller, "category=video&type=image") == []
    assert await _ids(caller, "type=audio") == []
    assert await _ids(caller, "model_slug=luma-ray2") == [18504]
    assert await _ids(caller, "model=flux-1.1-pro") == [18501]
    assert await _ids(caller, "status=failed") == [18503]
    assert await _ids(caller, "status=pending&category=video") == [18504]
    assert await _ids(caller, "status=completed&type=text") == [18500]
    assert await _ids(caller, "since=yesterday&limit=1") == [18504]
    for query in ("category=films", "status=queued", "favorites_only=maybe"):
        assert (await caller.get(f"/user/history?{query}")).status == 422


async def test_favourites_ratings_and_deletion(caller: Caller) -> None:
    first, second = await caller.create(), await caller.create()
    path = f"/user/history/{first['id']}"
    assert (await caller.post(f"{path}/favorite")).json == {"id": 18500, "is_favorited": True}
    assert await _ids(caller, "favorites_only=true") == [18500]
    assert (await caller.post(f"{path}/rate", {"rating": 4})).json["user_rating"] == 4
    assert (await caller.post(f"{path}/rate", {"rating": 6})).status == 422
    assert (await caller.post(f"{path}/favorite")).json["is_favorited"] is False
    assert await _ids(caller, "favorites_only=true") == []
    assert (await caller.call("DELETE", path)).status == 200
    assert await _ids(caller, "") == [second["id"]]
    # It is out of the list, and that is all.
    assert (await caller.get(f"/generate/{first['id']}")).json["status"] == "pending"
    assert (await caller.call("DELETE", "/user/history/7")).status == 404


async def test_entries_may_appear_late(clock: FakeClock) -> None:
    async with running_box(Profile(history_lag_s=10), clock=clock) as caller:
        caller.box.script(faults.history_lag(60))
        slow, usual = await caller.create(), await caller.create()
        assert await _ids(caller, "") == []
        await clock.advance(10)
        assert await _ids(caller, "") == [usual["id"]]
        assert (await caller.get("/user/history")).json["total"] == 1
        assert (await caller.get(f"/generate/{slow['id']}")).status == 200
        await clock.advance(50)
        assert await _ids(caller, "") == [usual["id"], slow["id"]]


async def test_entries_may_come_in_no_order() -> None:
    async with running_box(Profile(history_order="shuffled", balance=9999)) as caller:
        ids = [(await caller.create())["id"] for _ in range(12)]
        seen = await _ids(caller, "")
        assert sorted(seen) == ids
        assert seen != sorted(seen, reverse=True)


async def test_entries_of_others_stand_where_their_time_puts_them_and_are_charged(
    caller: Caller, clock: FakeClock
) -> None:
    await clock.advance(1000)
    mine = await caller.create()
    old = caller.box.add_foreign(prompt="older", created_at=clock.now() - 500, tokens=30)
    new = caller.box.add_foreign(prompt="newer", status="failed")
    still = caller.box.add_foreign(prompt="open", status="pending", tokens=50)
    expected = [int(still.id), int(new.id), mine["id"], int(old.id)]
    assert await _ids(caller, "") == expected
    assert caller.box.charged_total == 30
    assert old.is_foreign
    caller.box.finish(still.id)
    assert caller.box.charged_total == 80
    assert (await caller.get(f"/generate/{old.id}")).json["tokens_spent"] == 30


@pytest.mark.parametrize("path", ["/user/history", "/user/history?category=video"])
async def test_a_thousand_entries_are_listed_quickly(caller: Caller, path: str) -> None:
    caller.box.allowance.limit_hour = None
    for number in range(1000):
        caller.box.add_foreign(prompt=f"no {number}", tokens=0)
    got = await caller.get(f"{path}{'&' if '?' in path else '?'}limit=100&page=10")
    assert [item["prompt"] for item in got.json["items"]][-1] == "no 0"
    assert got.json["total"] == 1000
