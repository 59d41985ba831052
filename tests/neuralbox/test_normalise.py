"""Every published shape of an answer becomes the same record."""

from datetime import UTC, datetime

import pytest

from neuralbox import (
    Balance,
    Generation,
    ModelInfo,
    Price,
    Profile,
    Status,
    UnexpectedReplyError,
    normalise,
)

STORAGE = "https://storage.neuralbox.top"
CREATED = int(datetime(2026, 3, 8, 12, 5, tzinfo=UTC).timestamp())

PUBLISHED = {
    "creation": (
        {
            "id": 18500,
            "status": "pending",
            "model_slug": "kling-v2.1",
            "processing_ms": None,
            "created_at": "2026-03-08T12:05:00Z",
        },
        Generation("18500", Status.PENDING, "kling-v2.1", created_at=CREATED),
    ),
    "pending": (
        {
            "id": 18502,
            "status": "pending",
            "model_slug": "kling-v2.1",
            "result_url": None,
            "tokens_spent": 0,
        },
        Generation("18502", Status.PENDING, "kling-v2.1", cost_tokens=0),
    ),
    "completed, richest": (
        {
            "id": 18502,
            "status": "completed",
            "model_slug": "kling-v2.1",
            "result_url": f"{STORAGE}/generations/18502.mp4",
            "thumbnail_url": f"{STORAGE}/thumbnails/18502.jpg",
            "tokens_spent": 44,
            "processing_ms": 67420,
            "result_metadata": {"duration": 5, "width": 1920, "height": 1080},
        },
        Generation(
            "18502",
            Status.COMPLETED,
            "kling-v2.1",
            result_url=f"{STORAGE}/generations/18502.mp4",
            thumbnail_url=f"{STORAGE}/thumbnails/18502.jpg",
            cost_tokens=44,
            processing_ms=67420,
            width=1920,
            height=1080,
            duration_s=5,
        ),
    ),
    "completed, video page": (
        {
            "id": 18500,
            "status": "completed",
            "model_slug": "kling-v2.1",
            "result_url": f"{STORAGE}/generations/18500.mp4",
            "tokens_spent": 26,
            "result_metadata": {"duration": 5, "width": 1920, "height": 1080},
            "created_at": "2026-03-08T12:05:00Z",
            "completed_at": "2026-03-08T12:05:55Z",
        },
        Generation(
            "18500",
            Status.COMPLETED,
            "kling-v2.1",
            result_url=f"{STORAGE}/generations/18500.mp4",
            cost_tokens=26,
            width=1920,
            height=1080,
            duration_s=5,
            created_at=CREATED,
            completed_at=CREATED + 55,
        ),
    ),
    "completed, poorest": (
        {
            "id": 7,
            "status": "completed",
            "result_url": f"{STORAGE}/generations/7.mp4",
            "tokens_spent": 60,
            "processing_ms": 87420,
        },
        Generation(
            "7",
            Status.COMPLETED,
            result_url=f"{STORAGE}/generations/7.mp4",
            cost_tokens=60,
            processing_ms=87420,
        ),
    ),
    "failed": (
        {
            "id": 18503,
            "status": "failed",
            "error": "Provider error: content policy violation",
            "tokens_spent": 0,
        },
        Generation(
            "18503",
            Status.FAILED,
            error="Provider error: content policy violation",
            cost_tokens=0,
        ),
    ),
    "second form, pending": (
        {
            "id": "gen_01j9x2vid001",
            "status": "pending",
            "model": "kling-v2.1-pro",
            "progress": 45,
            "eta_seconds": 32,
            "created_at": "2026-03-08T12:05:00Z",
        },
        Generation(
            "gen_01j9x2vid001",
            Status.PENDING,
            "kling-v2.1-pro",
            created_at=CREATED,
            progress=45,
            eta_s=32,
        ),
    ),
    "second form, completed": (
        {
            "id": "gen_01j9x2vid001",
            "status": "completed",
            "model": "kling-v2.1-pro",
            "url": f"{STORAGE}/generations/gen_01j9x2vid001.mp4",
            "duration": 5,
            "width": 1920,
            "height": 1080,
            "tokens_used": 60,
            "balance_remaining": 229,
            "created_at": "2026-03-08T12:05:00Z",
            "completed_at": "2026-03-08T12:06:02Z",
        },
        Generation(
            "gen_01j9x2vid001",
            Status.COMPLETED,
            "kling-v2.1-pro",
            result_url=f"{STORAGE}/generations/gen_01j9x2vid001.mp4",
            cost_tokens=60,
            width=1920,
            height=1080,
            duration_s=5,
            created_at=CREATED,
            completed_at=CREATED + 62,
        ),
    ),
    "history row": (
        {
            "id": 18491,
            "model_slug": "kling-v2.1",
            "model_name": "Kling 2.1",
            "category": "video",
            "prompt": "a paper boat\nin the rain",
            "status": "completed",
            "result_text": None,
            "result_url": f"{STORAGE}/generations/18491.mp4",
            "tokens_spent": 8,
            "is_favorited": False,
            "user_rating": None,
            "created_at": "2026-03-08T12:05:00Z",
        },
        Generation(
            "18491",
            Status.COMPLETED,
            "kling-v2.1",
            "a paper boat\nin the rain",
            f"{STORAGE}/generations/18491.mp4",
            cost_tokens=8,
            created_at=CREATED,
            category="video",
        ),
    ),
}


@pytest.mark.parametrize(("answer", "expected"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_each_published_example_is_read(answer: dict[str, object], expected: Generation) -> None:
    assert normalise.generation(answer) == expected


@pytest.mark.fault("D20")
@pytest.mark.parametrize(
    "value", [-1, 1.0, True, "44", 2**63, 10**9 + 1, [44], {"tokens": 44}, None]
)
def test_a_cost_that_is_no_count_is_unknown_and_never_zero(value: object) -> None:
    told = normalise.generation({"id": 1, "status": "completed", "tokens_spent": value})
    assert told.cost_tokens is None


def test_the_first_present_name_of_the_cost_counts() -> None:
    base = {"id": 1, "status": "completed"}
    assert normalise.generation(base).cost_tokens is None
    both = normalise.generation(base | {"tokens_spent": 0, "tokens_used": 60})
    assert both.cost_tokens == 0
    second = normalise.generation(base | {"tokens_spent": None, "tokens_used": 60})
    assert second.cost_tokens == 60


@pytest.mark.parametrize("word", ["queued2", "processing", "Completed", "completed ", ""])
def test_an_unknown_status_word_is_no_information(word: str) -> None:
    assert normalise.generation({"id": 1, "status": word}).status is None


@pytest.mark.parametrize("value", [None, 3, True, ["completed"]])
def test_a_missing_status_is_not_passed_over(value: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        normalise.generation({"id": 1, "status": value})


@pytest.mark.parametrize("answer", [None, [], "ok", 18500, True, {}])
def test_what_is_no_generation_is_unexpected(answer: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        normalise.generation(answer)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/file", "javascript:alert(1)", "https://host/a b", "https://höst/", 5, "/x"],
)
def test_an_address_that_is_none_counts_as_absent(url: object) -> None:
    answer = {"id": 1, "status": "completed", "result_url": url, "url": f"{STORAGE}/1.mp4"}
    assert normalise.generation(answer).result_url == f"{STORAGE}/1.mp4"


@pytest.mark.parametrize(
    "metadata",
    [None, [], {"width": "1920"}, {"width": 0}, {"width": 1e9}, {"width": True}, {"width": -1}],
)
def test_dimensions_out_of_range_are_not_told(metadata: object) -> None:
    told = normalise.generation({"id": 1, "status": "completed", "result_metadata": metadata})
    assert (told.width, told.height, told.duration_s) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-08T12:05:00Z", CREATED),
        ("2026-03-08T12:05:00.999999999Z", CREATED),
        ("2026-03-08T15:05:00+03:00", CREATED),
        ("2026-03-08 12:05:00+00:00", CREATED),
        ("2026-03-08T12:05:00", None),
        ("2026-03-08", None),
        ("2026-13-08T12:05:00Z", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("2026-03-08T12:05:00Z" + " " * 100, None),
        ("\ud800", None),
        (CREATED, None),
        (None, None),
    ],
)
def test_a_time_is_read_only_with_its_zone(text: object, seconds: int | None) -> None:
    told = normalise.generation({"id": 1, "status": "pending", "created_at": text})
    assert told.created_at == seconds


def test_a_failure_sentence_is_neutralised() -> None:
    told = normalise.generation({"id": 1, "status": "failed", "error": "no\n@everyone\u202e \x00"})
    assert told.error == "no @everyone"


def test_both_balance_shapes_are_read() -> None:
    short = {"token_balance": 283, "plan": "vip", "plan_expires_at": "2026-04-08T00:00:00Z"}
    long = {"plan": "vip", "token_balance": 1247, "plan_tokens_remaining": 1247, "bonus_tokens": 0}
    assert normalise.balance(short) == Balance(283, "vip")
    assert normalise.balance(long) == Balance(1247, "vip")
    assert normalise.balance({"token_balance": -3}) == Balance(-3)


@pytest.mark.parametrize("value", [None, "283", 283.0, True, 2**63])
def test_a_balance_without_a_number_is_unexpected(value: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        normalise.balance({"token_balance": value})


def test_a_profile_tells_limits_and_zero_is_unlimited() -> None:
    vip = normalise.profile(
        {
            "id": 1042,
            "email": None,
            "plan": "vip",
            "plan_expires_at": "2026-03-08T12:05:00Z",
            "token_balance": 1247,
            "token_limit": 1500,
            "rate_limit_hourly": 100,
            "rate_limit_daily": 1000,
        }
    )
    assert vip == Profile("vip", 100, 1000, True, 1247, 1500, CREATED)
    elite = normalise.profile({"plan": "elite", "rate_limit_hourly": 0, "rate_limit_daily": 0})
    assert (elite.rate_limit_hour, elite.rate_limit_day) == (None, None)
    assert elite.publishes_limits


def test_a_profile_without_limits_says_so() -> None:
    told = normalise.profile({"id": 1, "username": "ada", "plan": "vip", "token_balance": 5})
    assert not told.publishes_limits
    assert told.rate_limit_hour is None


ENTRY = {
    "slug": "kling-v2.1",
    "name": "Kling 2.1",
    "category": "video",
    "provider": "Replicate",
    "min_plan": "basic",
    "token_cost": 44,
    "min_token_cost": 26,
    "max_token_cost": 94,
    "config": {"anything": [1, 2]},
}
MODEL = ModelInfo("kling-v2.1", "Kling 2.1", "video", "Replicate", 44, 26, 94, "basic")


@pytest.mark.parametrize(
    "answer", [[ENTRY], {"items": [ENTRY]}, {"models": [ENTRY]}, {"data": [ENTRY]}]
)
def test_the_catalogue_is_read_in_any_envelope(answer: object) -> None:
    assert normalise.models(answer) == (MODEL,)


def test_one_unreadable_model_does_not_hide_the_others() -> None:
    assert normalise.models([ENTRY, {"slug": ""}, None, "x"]) == (MODEL,)
    assert normalise.models([]) == ()


@pytest.mark.parametrize("answer", [None, {}, "x", {"items": {}}, [None], [{"slug": 3}]])
def test_a_catalogue_in_which_nothing_is_readable_is_unexpected(answer: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        normalise.models(answer)


def test_a_price_is_read() -> None:
    told = {
        "token_cost": 13,
        "min_token_cost": 5,
        "max_token_cost": 13,
        "pricing_type": "per_second",
    }
    assert normalise.price(told) == Price(13, 5, 13, "per_second")


@pytest.mark.parametrize("value", [None, -1, 1.5, "13", False, 2**63])
def test_a_price_without_a_number_is_unexpected(value: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        normalise.price({"token_cost": value})
