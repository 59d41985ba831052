"""A page of memory that the harness and its bots share: the time, and what each bot is doing."""

import math
import mmap
from collections.abc import Iterator

SLOTS = 3
_TIME = 0
_FIRST, _FIELDS = 8, 8
_BUSY, _THREADS, _WAKE, _TURN, _COUNT, _WRITTEN, _END = range(7)
_WORDS = 64
_ROLL_BYTES = 256 * 1024


class Board:
    """Time, and one `Slot` for each bot. Made before the processes that share it are forked."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, _WORDS * 8 + SLOTS * _ROLL_BYTES)
        view = memoryview(self.memory)[: _WORDS * 8]
        # Whole words, so that no process ever reads half of one.
        self._reals, self._whole = view.cast("d"), view.cast("q")
        self.slots = [Slot(self, number) for number in range(SLOTS)]

    @property
    def time(self) -> float:
        """Seconds of the clock that all share; only the harness moves it."""
        return self._reals[_TIME]

    @time.setter
    def time(self, value: float) -> None:
        self._reals[_TIME] = value


class Slot:
    """What one bot is doing."""

    def __init__(self, board: Board, number: int) -> None:
        self.number = number
        self._memory = board.memory
        self._reals, self._whole = board._reals, board._whole
        self._base = _FIRST + number * _FIELDS
        self._roll = _WORDS * 8 + number * _ROLL_BYTES

    def reset(self) -> None:
        """A new life begins, and begins at work."""
        for word in range(_FIELDS):
            self._whole[self._base + word] = 0
        self.is_busy = True

    @property
    def is_busy(self) -> bool:
        """True while its loop runs, or is about to since something woke it."""
        return bool(self._whole[self._base + _BUSY])

    @is_busy.setter
    def is_busy(self, value: bool) -> None:
        self._whole[self._base + _BUSY] = int(value)

    @property
    def threads(self) -> int:
        """How many calls its other threads are at work on."""
        return self._whole[self._base + _THREADS]

    @threads.setter
    def threads(self, value: int) -> None:
        self._whole[self._base + _THREADS] = value

    @property
    def turn(self) -> int:
        """How often its loop went to sleep."""
        return self._whole[self._base + _TURN]

    @property
    def wake(self) -> float:
        """When its loop wants to be woken, if nothing comes before."""
        return self._reals[self._base + _WAKE]

    def sleep_until(self, wake: float) -> None:
        """Note that its loop has nothing to do before that."""
        self._reals[self._base + _WAKE] = wake
        self._whole[self._base + _TURN] += 1
        self.is_busy = False

    def leave(self) -> None:
        """Its process is gone: nobody waits for it."""
        self.threads = 0
        self.sleep_until(math.inf)

    @property
    def count(self) -> int:
        """How many boundaries this life has reached."""
        return self._whole[self._base + _COUNT]

    @property
    def end(self) -> int:
        """The boundary that this life ends at, from 1; 0 for none."""
        return self._whole[self._base + _END]

    @end.setter
    def end(self, value: int) -> None:
        self._whole[self._base + _END] = value

    def reached(self, name: str) -> bool:
        """Note a boundary; returns whether this life ends there."""
        count = self.count + 1
        line = f"{name}\n".encode()
        written = self._whole[self._base + _WRITTEN]
        if written + len(line) <= _ROLL_BYTES:
            start = self._roll + written
            self._memory[start : start + len(line)] = line
            self._whole[self._base + _WRITTEN] = written + len(line)
        self._whole[self._base + _COUNT] = count
        return count == self.end

    def names(self) -> Iterator[str]:
        """The boundaries of this life, in the order in which they were reached."""
        written = self._whole[self._base + _WRITTEN]
        yield from self._memory[self._roll : self._roll + written].decode().splitlines()
