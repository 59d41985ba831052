"""What the headers tell: the windows, the vendor's clock, the delay after a 429."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralbox import Allowance
from neuralbox.allowance import read_allowance, read_skew, retry_delay, window_of
from tests.neuralbox.support import patient

NOW = 1_709_903_000.0
FIVE = {
    "X-RateLimit-Limit-Hour": "100",
    "X-RateLimit-Remaining-Hour": "87",
    "X-RateLimit-Limit-Day": "1000",
    "X-RateLimit-Remaining-Day": "934",
    "X-RateLimit-Reset-Hour": "1709903600",
}


def test_the_five_headers_are_read() -> None:
    assert read_allowance(FIVE, NOW) == Allowance(
        100, 87, 1000, 934, 1_709_903_600, int(NOW), tells_hour=True, tells_day=True
    )


def test_a_missing_header_is_not_read_as_none_left() -> None:
    told = read_allowance({"X-RateLimit-Limit-Hour": "100"}, NOW)
    assert told == Allowance(limit_hour=100, seen_at=int(NOW), tells_hour=True)


def test_no_header_is_no_information() -> None:
    assert read_allowance({"Content-Type": "application/json"}, NOW) is None


def test_a_limit_of_zero_is_unlimited_whatever_remains() -> None:
    told = read_allowance(
        FIVE | {"X-RateLimit-Limit-Hour": "0", "X-RateLimit-Remaining-Hour": "0"}, NOW
    )
    assert told is not None
    assert (told.limit_hour, told.remaining_hour) == (None, None)
    assert (told.limit_day, told.remaining_day) == (1000, 934)


@pytest.mark.parametrize("value", ["-1", "1.5", "unlimited", "", "9" * 40, "٣", "0x10", "1 2"])
def test_a_header_that_is_no_count_is_no_information(value: str) -> None:
    assert read_allowance({"X-RateLimit-Remaining-Hour": value}, NOW) is None


def test_the_vendors_clock_is_compared_with_ours() -> None:
    assert read_skew({"Date": "Fri, 08 Mar 2024 13:03:25 GMT"}, NOW) == 5.0
    assert read_skew({"Date": "Fri, 08 Mar 2024 13:03:25"}, NOW) == 5.0


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Mar 2024 13:03:25 GMT", "\udcff", "0"])
def test_a_date_that_is_none_tells_nothing(date: str) -> None:
    assert read_skew({"Date": date}, NOW) is None


@pytest.mark.fault("V5")
@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"retry_after": 847}, {"Retry-After": "5"}, 847),
        ({"retry_after": 12.2}, {}, 13),
        ({"details": {"retry_after": 90}}, {"Retry-After": "5"}, 90),
        ({}, {"Retry-After": "30"}, 30),
        ({}, {"Retry-After": "Fri, 08 Mar 2024 13:05:20 GMT"}, 120),
        ({}, {"Retry-After": "Fri, 08 Mar 2020 13:05:20 GMT"}, 1),
        ({}, {"X-RateLimit-Reset-Hour": "1709903600"}, 600),
        ({}, {"X-RateLimit-Reset-Hour": "1609903600"}, 300),
        ({}, {"Retry-After": "soon"}, 300),
        ({"retry_after": "847"}, {}, 300),
        ({"retry_after": True}, {"Retry-After": "30"}, 30),
        ({"retry_after": None, "details": []}, {}, 300),
        ({"retry_after": 0}, {}, 1),
        ({"retry_after": -5}, {}, 1),
        ({"retry_after": 10**9}, {}, 86_400),
        ({"retry_after": 1e300}, {}, 86_400),
        ({}, {"Retry-After": "1000000000"}, 86_400),
    ],
)
def test_the_delay_comes_from_the_first_place_that_tells_one(
    body: dict[str, object], headers: dict[str, str], seconds: int
) -> None:
    assert retry_delay(body, headers, None, NOW) == seconds


def test_the_hours_reset_says_nothing_of_the_day() -> None:
    assert retry_delay({}, FIVE, "day", NOW) == 3_600
    assert retry_delay({}, FIVE, "hour", NOW) == 600
    assert retry_delay({"retry_after": 7_000}, FIVE, "day", NOW) == 7_000


@pytest.mark.parametrize(
    ("message", "headers", "window"),
    [
        ("Hourly limit reached: 100 requests/hour on VIP plan", {}, "hour"),
        ("Daily limit reached: 1000 requests/day on VIP plan", {}, "day"),
        ("Rate limit exceeded", {"X-RateLimit-Remaining-Hour": "0"}, "hour"),
        ("Rate limit exceeded", {"X-RateLimit-Remaining-Day": "0"}, "day"),
        (
            "Rate limit exceeded",
            {"X-RateLimit-Remaining-Hour": "0", "X-RateLimit-Remaining-Day": "0"},
            "day",
        ),
        ("Rate limit exceeded", FIVE, None),
        ("", {}, None),
    ],
)
def test_the_window_is_read_from_the_sentence_or_the_counters(
    message: str, headers: dict[str, str], window: str | None
) -> None:
    assert window_of(message, headers) == window


@patient
@given(st.text(st.characters()), st.text(st.characters()))
def test_no_header_makes_it_raise(name: str, value: str) -> None:
    headers = dict.fromkeys(FIVE, value) | {"Date": value, "Retry-After": value, name: value}
    read_allowance(headers, NOW)
    read_skew(headers, NOW)
    assert 1 <= retry_delay({"retry_after": value}, headers, None, NOW) <= 86_400
