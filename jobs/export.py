"""A guild's books as files: its ledger and its jobs, for whoever keeps the accounts.

Members, channels and admins are told as Discord mentions ("<@21>"): a spreadsheet takes a bare id
for a number and rounds it after 15 digits, and a mention pasted into Discord shows who it is.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from jobs import spreadsheet
from jobs.ports import Clock
from jobs.reports import outcome_of
from jobs.spreadsheet import Cell
from models import State
from storage import budgets, exports
from storage.database import Database
from storage.exports import EntryRow, JobRow
from storage.ledger import Limits

What = Literal["ledger", "jobs"]
T = TypeVar("T")

# So many numbers are looked through in one go: some hundredths of a second.
PIECE = 5000
BLOCK_ROWS = 500
GZIP = 31  # zlib's word for the format and its largest window
_LEDGER = (
    "time", "epoch_s", "entry", "account", "level", "member", "pot", "kind", "job",
    "limit_change", "held_change", "spent_change", "limit_after", "held_after", "spent_after",
    "by", "reason",
)  # fmt: skip
_JOBS = (
    "job", "time", "epoch_s", "member", "channel", "model", "length_s", "outcome",
    "hold_tokens", "held_tokens", "charged_tokens", "pot",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """One file to hand over. `is_cut`: only its newest rows were small enough to be in it."""

    name: str
    content: bytes
    rows: int
    is_cut: bool


class Exports:
    """Writes a guild's books into files, reading little at a time."""

    def __init__(self, db: Database, clock: Clock, allowed: Limits) -> None:
        self._db, self._clock, self._allowed = db, clock, allowed

    async def export(
        self,
        guild_id: int,
        what: What,
        most_bytes: int,
        *,
        with_prompts: bool = False,
        name_of: Callable[[str], str] = str,
    ) -> File:
        """Return the guild's ledger or jobs, oldest row first, in at most `most_bytes`.

        A longer file is compressed, and if that is not enough, cut. Prompts are written only when
        asked for, and never those of private videos. `name_of` tells how people know a model.
        """
        pool = await self._db.read(budgets.find_pool, guild_id)
        zone = ZoneInfo((self._allowed.period if pool is None else pool.period).zone)
        last_entry, last_job = await self._db.read(exports.last_numbers)
        is_ledger = what == "ledger"
        heading = _LEDGER if is_ledger else (*_JOBS, "prompt") if with_prompts else _JOBS
        last = last_entry if is_ledger else last_job
        entry_cells = partial(_entry_cells, zone=zone)
        job_cells = partial(_job_cells, zone=zone, name_of=name_of, with_prompts=with_prompts)
        packed = _Packed(spreadsheet.BOM + spreadsheet.lines([heading]), most_bytes)
        for until in range(last, 0, -PIECE):
            piece = (max(0, until - PIECE), until)
            if is_ledger:
                entries = await self._db.read(exports.list_entries, guild_id, *piece)
                fits = await asyncio.to_thread(packed.prepend, entries, entry_cells)
            else:
                jobs = await self._db.read(exports.list_jobs, guild_id, with_prompts, *piece)
                fits = await asyncio.to_thread(packed.prepend, jobs, job_cells)
            if not fits:
                break
        content, ending = await asyncio.to_thread(packed.content)
        day = datetime.fromtimestamp(self._clock.now(), zone).date()
        part = "-newest" if packed.is_cut else ""
        name = f"reelbox-{what}-{guild_id}-{day}{part}.csv{ending}"
        return File(name, content, packed.rows, packed.is_cut)


class _Packed:
    """The lines of a file that is written from its end, kept compressed until it is whole."""

    def __init__(self, heading: bytes, most_bytes: int) -> None:
        self._heading, self._most_bytes = heading, most_bytes
        self._blocks: deque[tuple[bytes, int]] = deque()
        self._plain_bytes, self._packed_bytes = len(heading), 0
        self.rows, self.is_cut = 0, False

    def prepend(self, rows: Sequence[T], cells_of: Callable[[T], list[Cell]]) -> bool:
        """Put older rows before what there is; False when not all of them fit any more."""
        for until in range(len(rows), 0, -BLOCK_ROWS):
            block = rows[max(0, until - BLOCK_ROWS) : until]
            plain = spreadsheet.lines(map(cells_of, block))
            packed = zlib.compress(plain)
            plain_bytes = self._plain_bytes + len(plain)
            packed_bytes = self._packed_bytes + len(packed)
            if min(plain_bytes, packed_bytes) > self._most_bytes:
                self.is_cut = True
                return False
            self._blocks.appendleft((packed, len(block)))
            self._plain_bytes, self._packed_bytes = plain_bytes, packed_bytes
            self.rows += len(block)
        return True

    def content(self) -> tuple[bytes, str]:
        """Return the whole file, and what its compression adds to its name."""
        if not self.is_cut and self._plain_bytes <= self._most_bytes:
            return b"".join(self._plain()), ""
        content = self._compressed()
        while len(content) > self._most_bytes and self._blocks:
            self.rows -= self._blocks.popleft()[1]
            self.is_cut = True
            content = self._compressed()
        return content, ".gz"

    def _compressed(self) -> bytes:
        # One stream, since not every program reads on after the first of several.
        packer = zlib.compressobj(wbits=GZIP)
        return b"".join([*map(packer.compress, self._plain()), packer.flush()])

    def _plain(self) -> Iterator[bytes]:
        yield self._heading
        for packed, _rows in self._blocks:
            yield zlib.decompress(packed)


def _entry_cells(row: EntryRow, zone: ZoneInfo) -> list[Cell]:
    return [
        _time(row.at, zone),
        row.at,
        row.seq,
        row.account,
        row.level,
        _mention(row.user_id),
        row.pot_id or None,
        row.kind,
        row.job_id,
        row.d_limit,
        row.d_held,
        row.d_spent,
        row.limit_after,
        row.held_after,
        row.spent_after,
        _mention(row.actor),
        row.reason,
    ]


def _job_cells(
    row: JobRow, zone: ZoneInfo, name_of: Callable[[str], str], with_prompts: bool
) -> list[Cell]:
    cells: list[Cell] = [
        row.id,
        _time(row.at, zone),
        row.at,
        _mention(row.user_id),
        f"<#{row.channel_id}>",
        name_of(row.model),
        row.duration_s,
        outcome_of(State(row.state), row.charged_tokens),
        row.hold_tokens,
        row.held_tokens,
        row.charged_tokens,
        row.pot_id or None,
    ]
    return [*cells, row.prompt] if with_prompts else cells


def _time(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).isoformat()


def _mention(user_id: int | None) -> str | None:
    return f"<@{user_id}>" if user_id else None
