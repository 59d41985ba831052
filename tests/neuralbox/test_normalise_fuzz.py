"""Whatever a parsed answer holds, it becomes a sound record or UnexpectedReplyError."""

import contextlib
import dataclasses
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralbox import Generation, HistoryPage, UnexpectedReplyError, normalise
from neuralbox.strictjson import parse
from tests.neuralbox.support import patient

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=40)
    | st.sampled_from(["pending", "completed", "failed", "video", "2026-03-08T12:05:00Z"])
    | st.sampled_from(["https://storage.neuralbox.top/1.mp4", "kling-v2.1", "gen_1"])
)
NAMES = st.sampled_from(
    [
        *("id", "status", "model_slug", "model", "prompt", "result_url", "url", "thumbnail_url"),
        *("error", "tokens_spent", "tokens_used", "processing_ms", "result_metadata", "width"),
        *("height", "duration", "created_at", "completed_at", "progress", "eta_seconds"),
        *("category", "type", "items", "total", "page", "limit", "token_balance", "plan"),
        *("rate_limit_hourly", "slug", "token_cost", "models", "data", "min_token_cost"),
    ]
)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=12),
    max_leaves=20,
)
IDS = st.integers(1, 2**63 - 1) | st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
GENERATIONS = st.builds(
    lambda rest, identity, status: rest | {"id": identity, "status": status},
    st.dictionaries(NAMES, SCALARS, max_size=15),
    IDS,
    st.sampled_from(["pending", "completed", "failed", "queued2"]),
)


def as_page(answer: object) -> HistoryPage:
    return normalise.history_page(answer, page=1, limit=100)


@pytest.mark.parametrize(
    "read",
    [
        normalise.generation,
        normalise.accepted_generation,
        as_page,
        normalise.balance,
        normalise.profile,
        normalise.model,
        normalise.models,
        normalise.price,
    ],
)
@given(answer=ANSWERS)
@settings(patient, max_examples=60)
def test_no_answer_raises_anything_but_unexpected_reply(
    read: Callable[[object], object], answer: object
) -> None:
    with contextlib.suppress(UnexpectedReplyError):
        read(answer)


@patient
@given(GENERATIONS)
def test_every_fact_of_a_readable_generation_can_be_stored(answer: dict[str, object]) -> None:
    told = normalise.generation(answer)
    assert told.id == str(answer["id"])
    for field in dataclasses.fields(Generation):
        value = getattr(told, field.name)
        if isinstance(value, str):
            assert "\x00" not in value
            assert value.encode("utf-8").decode("utf-8") == value
        elif value is not None:
            assert type(value) is int
            assert 0 <= value < 2**63


@patient
@given(st.lists(GENERATIONS, max_size=6))
def test_a_page_survives_the_wire_with_every_row(rows: list[dict[str, object]]) -> None:
    wire = json.dumps({"items": rows, "total": len(rows), "page": 1, "limit": 100}).encode()
    ids = [str(row["id"]) for row in rows]
    if len(set(ids)) == len(ids):
        assert [item.id for item in as_page(parse(wire)).items] == ids
    else:
        with pytest.raises(UnexpectedReplyError):
            as_page(parse(wire))
