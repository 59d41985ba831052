"""Named points around every effect that outlives the process; nothing at all in production.

Before and after each commit, each request and each file made or removed, the code says where it
is. A test that listens may end the process right there, so a new boundary is tried by itself.
"""

from collections.abc import Callable

Listener = Callable[[str], None]

_listener: Listener | None = None


def reach(*words: str) -> None:
    """Say that this point is reached; `words` name it. Called on any thread."""
    if _listener is not None:
        _listener(" ".join(words))


def listen(listener: Listener | None) -> None:
    """Have every point told to `listener`, or to nobody."""
    global _listener  # noqa: PLW0603 - one process, one listener
    _listener = listener
