"""What answer headers tell beside the body: the request allowance, the vendor's clock, a delay.

Source: "rate-limits". `X-RateLimit-Reset-Hour` is in Unix seconds; the day window has no reset.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from neuralbox.errors import Window
from neuralbox.models import Allowance

LONGEST_DELAY_S = 86_400
# Nothing says when the day window opens again, so an hour and then one cheap call.
DAY_WINDOW_DELAY_S = 3_600
UNTOLD_DELAY_S = 300

_COUNT = re.compile(r"[0-9]{1,12}")


def read_allowance(headers: Mapping[str, str], now: float) -> Allowance | None:
    """Return what the five headers say, None when the answer carries none of them."""
    limit_hour = _count(headers, "X-RateLimit-Limit-Hour")
    limit_day = _count(headers, "X-RateLimit-Limit-Day")
    left_hour = _count(headers, "X-RateLimit-Remaining-Hour")
    left_day = _count(headers, "X-RateLimit-Remaining-Day")
    reset_at = _count(headers, "X-RateLimit-Reset-Hour")
    if all(fact is None for fact in (limit_hour, limit_day, left_hour, left_day, reset_at)):
        return None
    return Allowance(
        limit_hour=limit_hour or None,
        # Beside a limit of 0, which is unlimited, a remaining 0 does not mean "none left".
        remaining_hour=None if limit_hour == 0 else left_hour,
        limit_day=limit_day or None,
        remaining_day=None if limit_day == 0 else left_day,
        reset_hour_at=reset_at,
        seen_at=int(now),
        tells_hour=limit_hour is not None,
        tells_day=limit_day is not None,
    )


def read_skew(headers: Mapping[str, str], now: float) -> float | None:
    """Return the vendor's clock minus ours in seconds, by the Date header; None without one."""
    date = _http_date(headers.get("Date", ""))
    return None if date is None else date - now


def window_of(message: str, headers: Mapping[str, str]) -> Window | None:
    """Return the window a 429 is about: by its sentence, else by the counter that is at zero."""
    words = message.casefold()
    hourly, daily = "hour" in words, "daily" in words or "/day" in words or "per day" in words
    if hourly == daily:
        hourly = _count(headers, "X-RateLimit-Remaining-Hour") == 0
        daily = _count(headers, "X-RateLimit-Remaining-Day") == 0
    if daily:
        return "day"
    return "hour" if hourly else None


def retry_delay(
    body: Mapping[str, object], headers: Mapping[str, str], window: Window | None, now: float
) -> int:
    """Return the seconds to wait after a 429, 1..86400, from the first place that tells them.

    In this order: the body's root, its `details`, `Retry-After` (seconds or a date), the reset of
    the hour window unless it is the day's that is used up. `now` is the vendor's time. A place
    with anything else than a number is passed over.
    """
    details = body.get("details")
    nested = details.get("retry_after") if isinstance(details, dict) else None
    told = (
        _seconds(body.get("retry_after")),
        _seconds(nested),
        _retry_after(headers.get("Retry-After", "").strip(), now),
        _until_reset(headers, now) if window != "day" else None,
    )
    untold = DAY_WINDOW_DELAY_S if window == "day" else UNTOLD_DELAY_S
    delay = next((seconds for seconds in told if seconds is not None), untold)
    return math.ceil(min(max(delay, 1), LONGEST_DELAY_S))


def _seconds(value: object) -> float | None:
    return value if type(value) is int or type(value) is float else None


def _retry_after(value: str, now: float) -> float | None:
    if _COUNT.fullmatch(value):
        return int(value)
    date = _http_date(value)
    return None if date is None else date - now


def _until_reset(headers: Mapping[str, str], now: float) -> float | None:
    reset_at = _count(headers, "X-RateLimit-Reset-Hour")
    return reset_at - now if reset_at is not None and reset_at > now else None


def _count(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if _COUNT.fullmatch(value) else None


def _http_date(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # A date "-0000" comes back without a zone; HTTP dates are UTC whatever they say.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
