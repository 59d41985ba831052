"""A history page is whole and consistent, or no information at all."""

from typing import Any

import pytest

from neuralbox import HistoryPage, Status, UnexpectedReplyError, normalise


def row(identity: object = 1, status: object = "completed") -> dict[str, object]:
    return {"id": identity, "status": status, "category": "video"}


def page(*rows: object, asked_page: int = 1, asked_limit: int = 10, **envelope: Any) -> HistoryPage:
    answer = {"items": list(rows), "total": len(rows), "page": 1, "limit": 10} | envelope
    return normalise.history_page(answer, page=asked_page, limit=asked_limit)


def test_a_page_is_read_in_its_order() -> None:
    told = page(row(9), row(7, "pending"), total=142, pages=15)
    assert [item.id for item in told.items] == ["9", "7"]
    assert told.items[1].status is Status.PENDING
    assert (told.page, told.limit, told.total, told.received) == (1, 10, 142, 2)
    assert not told.is_last


def test_the_end_is_told_by_the_total() -> None:
    assert page(row(), total=1).is_last
    assert not page(*[row(number) for number in range(1, 11)], total=11).is_last
    assert page(row(), page=2, asked_page=2, total=11).is_last


def test_an_account_without_videos_has_an_empty_last_page() -> None:
    assert page(total=0).is_last


@pytest.mark.fault("V17")
def test_a_short_page_without_a_total_is_not_believed_to_be_the_last() -> None:
    assert not page(row(), total=None).is_last
    assert page(total=None).is_last


def test_a_smaller_page_size_than_asked_is_taken_as_told() -> None:
    told = page(*[row(number) for number in range(1, 21)], asked_limit=100, limit=20, total=30)
    assert told.limit == 20
    assert not told.is_last


def test_an_envelope_without_page_and_limit_is_taken_as_asked() -> None:
    told = page(row(), page=None, limit=None, total=1, asked_limit=50)
    assert (told.page, told.limit) == (1, 50)


@pytest.mark.fault("V18")
@pytest.mark.parametrize(
    "envelope",
    [
        {"items": None},
        {"items": {}},
        {"items": "none"},
        {"items": [row(), None]},
        {"items": [row(), 5]},
        {"items": [row(None)]},
        {"items": [row(1.5)]},
        {"items": [row(True)]},
        {"items": [row(status=None)]},
        {"items": [row(status=1)]},
        {"items": [row(1), row(1)]},
        {"items": [row(1), row("1")]},
        {"total": "1"},
        {"total": -1},
        {"total": 0},
        {"total": True},
        {"items": [], "total": 5},
        {"page": 2},
        {"page": "1"},
        {"page": 0},
        {"limit": 0},
        {"limit": 101},
        {"limit": 1.0},
        {"limit": 2, "items": [row(1), row(2), row(3)], "total": 3},
    ],
)
def test_a_malformed_or_contradicting_page_is_never_a_short_one(
    envelope: dict[str, Any],
) -> None:
    with pytest.raises(UnexpectedReplyError):
        page(row(), **envelope)


@pytest.mark.fault("V18")
@pytest.mark.parametrize("answer", [None, [], [row()], {}, "x", {"error": "x"}])
def test_what_is_no_history_is_never_an_empty_one(answer: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        normalise.history_page(answer, page=1, limit=100)
