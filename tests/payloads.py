"""What leaves for Discord, looked at where it leaves: nothing that shows a message may ping."""

import re
from collections.abc import Iterable
from typing import Any

_MESSAGE = re.compile(r"/(channels/\d+/messages|webhooks/\d+/[\w.-]+)(/|$)|/channels/\d+/threads$")
_SHOWS = {4, 7}
"""Callback types that bring a message; the others bring none."""


def messages(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every message that was sent or changed, as it left."""
    found = []
    for record in records:
        payload = record.get("payload")
        if record["method"] not in ("POST", "PATCH") or not isinstance(payload, dict):
            continue
        if record["path"].endswith("/callback"):
            if payload.get("type") in _SHOWS:
                found.append(payload.get("data") or {})
        elif _MESSAGE.search(record["path"]):
            found.append(payload.get("message", payload))
    return found


def loud(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages that could notify anybody but the one member they name."""
    return [one for one in messages(records) if not _is_quiet(one)]


def _is_quiet(message: dict[str, Any]) -> bool:
    allowed = message.get("allowed_mentions")
    if not isinstance(allowed, dict) or allowed.get("parse") != []:
        return False
    return not allowed.get("roles") and len(allowed.get("users") or []) <= 1
