"""Logging: one format, no secrets, no line that a prompt or a vendor can forge."""

import json
import logging
import re
import sys
from collections.abc import Iterable
from types import TracebackType

# Interaction and webhook tokens, and what follows a question mark, sit inside addresses.
_ADDRESS_TOKEN = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.%-]+")
# A name and word before an address's host, and what follows a hash, are nobody's business either.
_ADDRESS_USER = re.compile(r"(\b(?:https?|wss?)://)[^/\s\"'<>@]+@")
_ADDRESS_FRAGMENT = re.compile(r"(\b(?:https?|wss?)://[^\s\"'<>#]+)#[^\s\"'<>]+")
# The invite link is for the host to open, and its query holds nothing but numbers.
_ADDRESS_QUERY = re.compile(
    r"(\b(?:https?|wss?)://(?!discord\.com/oauth2/authorize)[^\s?\"'<>]+)\?[^\s\"'<>]+"
)
# A terminal obeys these; a reader of lines is fooled by some.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# At DEBUG these print tokens, payloads and bound values.
_TALKATIVE = ("discord", "aiohttp", "aiosqlite", "asyncio")


class Redactor(logging.Formatter):
    """Formats a record, tracebacks included, and takes out what must not leave the process."""

    def __init__(self, secrets: Iterable[tuple[str, str]], *, as_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._secrets = [(value, name) for value, name in secrets if value]
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; line breaks of the message are escaped."""
        if not self._as_json:
            return _CONTROL.sub(_escaped, self.redact(super().format(record)))
        facts = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.redact(record.getMessage()),
        }
        if record.exc_info:
            facts["traceback"] = self.redact(self.formatException(record.exc_info))
        return json.dumps(facts, ensure_ascii=True)

    def redact(self, text: str) -> str:
        """Replace known secrets by their names, and tokens and queries inside addresses."""
        for value, name in self._secrets:
            text = text.replace(value, f"<{name}>")
        text = _ADDRESS_TOKEN.sub(r"\1<token>", text)
        text = _ADDRESS_USER.sub(r"\1<user>@", text)
        text = _ADDRESS_FRAGMENT.sub(r"\1#<fragment>", text)
        return _ADDRESS_QUERY.sub(r"\1?<query>", text)


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


def set_up(level: str, *, as_json: bool, secrets: Iterable[tuple[str, str]]) -> None:
    """Send everything to standard error through one redacting handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redactor(secrets, as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # What nobody catches would go to standard error as it is, past the handler.
    sys.excepthook = _log_uncaught
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(level)))


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger(__name__).critical("uncaught", exc_info=(kind, error, traceback))
