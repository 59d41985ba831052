"""A record of HTTP traffic as JSON lines, one request with its answer a line.

A line has `method`, `path`, `query`, `ctype`, `payload`, `files` ({"files[0]": [name, size_bytes,
content type]}), `status` and `response`; bodies that are not JSON are left out (null).
"""

import json
import pathlib
from typing import Any, TextIO


class Recorder:
    """Collects records in memory and, if a path is given, appends each to that file at once.

    Every line is flushed when written, so the record survives a killed process.
    """

    def __init__(self, path: str | pathlib.Path | None = None) -> None:
        self.records: list[dict[str, Any]] = []
        self._file: TextIO | None = None
        if path is not None:
            target = pathlib.Path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._file = target.open("a", encoding="ascii")

    def write(self, record: dict[str, Any]) -> None:
        """Keep one record. After close() it is kept in memory only."""
        self.records.append(record)
        if self._file is not None:
            # All in ASCII: lone surrogates fit into no file, and some characters end lines.
            self._file.write(json.dumps(record, separators=(",", ":")) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._file is not None:
            self._file.close()
            self._file = None
