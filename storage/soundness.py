"""Whether the books may be served: the file is whole and shaped as ours, and its sums agree."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from storage import connections, invariants, legible, schema

PROGRESS_STEPS = 100_000


def require(path: Path) -> None:
    """Raise UnusableDatabaseError with a sentence, or what SQLite says of a file it cannot read.

    Blocking. Everything is read for it: the pages by one thread and the sums by another, so that
    two processors need half as long as one.
    """
    is_damaged = threading.Event()
    with ThreadPoolExecutor(1, "sums") as beside:
        sums = beside.submit(_require_sums, path, is_damaged)
        try:
            with closing(connections.connect(path, read_only=True)) as connection:
                schema.require_sound(connection, path)
        except BaseException:
            is_damaged.set()
            raise
        # Its words come second: of a damaged file a sum tells nothing.
        sums.result()


def _require_sums(path: Path, is_damaged: threading.Event) -> None:
    with closing(connections.connect(path, read_only=True)) as connection:
        connection.set_progress_handler(is_damaged.is_set, PROGRESS_STEPS)
        invariants.require(connection)
        legible.require(connection)
