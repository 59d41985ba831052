"""Which kept files nobody needs any more."""

from collections.abc import Collection
from pathlib import Path

from media.partfile import PREFIX


def old_files(directory: Path, keep: Collection[str], older_than: int) -> list[Path]:
    """Return the files last written before `older_than` (UTC epoch seconds), oldest first.

    Leaves out those whose names are in `keep`, work under way, links and directories. Removes
    nothing. Blocking.
    """
    found = []
    for path in directory.iterdir():
        if path.name in keep or path.name.startswith(PREFIX) or path.is_symlink():
            continue
        try:
            written_at = path.stat().st_mtime
        except FileNotFoundError:
            continue
        if written_at < older_than and path.is_file():
            found.append((written_at, path))
    return [path for _, path in sorted(found)]
