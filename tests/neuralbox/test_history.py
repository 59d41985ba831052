"""Many generations in one call."""

from neuralbox import (
    CreateRequest,
    NeuralBox,
    Status,
)
from playground.neuralbox import LocalNeuralBox, faults
from playground.neuralbox.profile import Dialect
from tests.neuralbox.support import created


async def test_the_history_lists_our_videos(
    box: LocalNeuralBox, client: NeuralBox, dialect: Dialect
) -> None:
    first = await created(client)
    second = await created(client, CreateRequest("luma-ray2", "a kite\nabove a field", 10, "1:1"))
    box.finish(first)
    page = await client.list_history()
    rows = {item.id: item for item in page.items}
    assert set(rows) == {first, second}
    assert rows[first].status is Status.COMPLETED
    assert rows[first].cost_tokens == 44
    assert rows[second].status is Status.PENDING
    assert rows[second].prompt == "a kite\nabove a field"
    assert rows[second].model == "luma-ray2"
    assert rows[second].created_at is not None
    assert page.is_last


async def test_the_history_is_asked_for_videos_under_both_names(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    await client.list_history(3, 50, status=Status.FAILED, model="kling-v2.1")
    assert box.requests[-1].query == {
        "page": "3",
        "limit": "50",
        "category": "video",
        "type": "video",
        "status": "failed",
        "model_slug": "kling-v2.1",
        "model": "kling-v2.1",
    }


async def test_a_service_that_ignores_filters_is_filtered_here(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    rows = [
        {"id": 1, "status": "completed", "category": "image", "model_slug": "flux"},
        {"id": 2, "status": "pending", "category": "video", "model_slug": "kling-v2.1"},
        {"id": 3, "status": "completed", "type": "video", "model": "luma-ray2-flash"},
        {"id": 4, "status": "queued2", "model": "luma-flash2"},
        {"id": 5, "status": "completed"},
    ]
    answer = {"items": rows, "total": 5, "page": 1, "limit": 100}
    box.script(faults.status(200, answer, on=faults.HISTORY, times=3))
    every = await client.list_history()
    luma = await client.list_history(model="luma-flash2")
    pending = await client.list_history(status=Status.PENDING)
    assert [item.id for item in every.items] == ["2", "3", "4", "5"]
    assert [item.id for item in luma.items] == ["3", "4", "5"]
    assert [item.id for item in pending.items] == ["2", "4"]
    assert (every.received, every.is_last) == (5, True)


async def test_the_history_comes_in_pages(box: LocalNeuralBox, client: NeuralBox) -> None:
    box.balance = 10_000
    identities = [await created(client) for _ in range(5)]
    pages = [await client.list_history(number, 2) for number in (1, 2, 3)]
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert [page.is_last for page in pages] == [False, False, True]
    assert {item.id for page in pages for item in page.items} == set(identities)
