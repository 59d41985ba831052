"""Discord's error answers: `{"code", "message"}` and, for a bad form, `errors` by field.

Source: "topics/opcodes-and-status-codes" (JSON error codes) and "reference" (error messages).
"""

from typing import Any

from playground.discord.types import Json

Path = tuple[str | int, ...]
"""Where in a form a fault is, e.g. ("embeds", 0, "title")."""


class ApiError(Exception):
    """An answer that refuses. `code` is Discord's own, `status` is HTTP's."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        extra: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.body: Json = {"message": message, "code": code, **(extra or {})}
        self.headers = headers or {}
        if errors:
            self.body["errors"] = errors


# status, code, message of every refusal that has no fields of its own.
_KNOWN: dict[str, tuple[int, int, str]] = {
    "unauthorized": (401, 0, "401: Unauthorized"),
    "not_found": (404, 0, "404: Not Found"),
    "method_not_allowed": (405, 0, "405: Method Not Allowed"),
    "unknown_application": (404, 10002, "Unknown Application"),
    "unknown_channel": (404, 10003, "Unknown Channel"),
    "unknown_guild": (404, 10004, "Unknown Guild"),
    "unknown_member": (404, 10007, "Unknown Member"),
    "unknown_message": (404, 10008, "Unknown Message"),
    "unknown_user": (404, 10013, "Unknown User"),
    "unknown_webhook": (404, 10015, "Unknown Webhook"),
    "unknown_interaction": (404, 10062, "Unknown interaction"),
    "unknown_command": (404, 10063, "Unknown application command"),
    "unknown_tag": (404, 10087, "Unknown tag"),
    "attachments_full": (400, 30015, "Maximum number of attachments in a message reached (10)"),
    "too_large": (413, 40005, "Request entity too large"),
    "already_answered": (400, 40060, "Interaction has already been acknowledged."),
    "tag_required": (400, 40067, "A tag is required to create a forum post in this channel"),
    "bad_api_version": (400, 50041, "Invalid API version provided"),
    "missing_access": (403, 50001, "Missing Access"),
    "not_in_dm": (403, 50003, "Cannot execute action on a DM channel"),
    "other_author": (403, 50005, "Cannot edit a message authored by another user"),
    "empty_message": (400, 50006, "Cannot send an empty message"),
    "user_closed": (403, 50007, "Cannot send messages to this user"),
    "not_text": (400, 50008, "Cannot send messages in a non-text channel"),
    "missing_permissions": (403, 50013, "Missing Permissions"),
    "system_message": (403, 50021, "Cannot execute action on a system message"),
    "other_channel_type": (400, 50024, "Cannot execute action on this channel type"),
    "token_expired": (401, 50027, "Invalid Webhook Token"),
    # The same words as 50007: the person shares no server with the bot any more.
    "no_server_in_common": (403, 50278, "Cannot send messages to this user"),
    "thread_archived": (400, 50083, "Thread is archived"),
    "invalid_json": (400, 50109, "The request body contains invalid JSON."),
    "reply_without_history": (
        400,
        160002,
        "Cannot reply without permission to read message history",
    ),
}


def refusal(name: str) -> ApiError:
    """Return the error of that name, ready to raise."""
    status, code, message = _KNOWN[name]
    return ApiError(status, code, message)


class Form:
    """Collects the faults of one request body, so that all are told in one answer."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def fault(self, path: Path, name: str, message: str) -> None:
        """Note one fault of the field at `path`.

        Discord's API description gives a field's fault a number, its examples give it a name: both
        are told.
        """
        node = self.errors
        for key in path:
            node = node.setdefault(str(key), {})
        fault = {"code": 50035, "name": name, "message": message}
        node.setdefault("_errors", []).append(fault)

    def check(self) -> None:
        """Raise 50035 if anything was noted."""
        if self.errors:
            raise ApiError(400, 50035, "Invalid Form Body", errors=_innermost(self.errors))

    def required(self, path: Path) -> None:
        self.fault(path, "BASE_TYPE_REQUIRED", "This field is required")

    def length(self, path: Path, value: Any, low: int, high: int, *, what: str = "string") -> bool:
        """Check a text's length in characters (or a list's in entries); True when it fits."""
        kind = list if what == "list" else str
        if not isinstance(value, kind):
            self.fault(path, "BASE_TYPE_BAD_TYPE", f"Expected {what}")
        elif len(value) > high:
            self.fault(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        elif len(value) < low and low == 1:
            self.required(path)
        elif len(value) < low:
            self.fault(path, "BASE_TYPE_MIN_LENGTH", f"Must be {low} or more in length.")
        else:
            return True
        return False

    def number(self, path: Path, value: Any, low: int, high: int) -> bool:
        """Check a whole number's range; True when it fits."""
        if not isinstance(value, int) or isinstance(value, bool):
            self.fault(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value > high:
            self.fault(
                path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}."
            )
        elif value < low:
            self.fault(
                path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}."
            )
        else:
            return True
        return False


def _innermost(node: Json) -> Json:
    """Leave out what is said of a part that has faults inside: an answer tells one or the other."""
    inner = {key: _innermost(part) for key, part in node.items() if key != "_errors"}
    return inner or node


def snowflake(value: Any) -> int | None:
    """Read an id from a request: text or number (client libraries send both); None if neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None
