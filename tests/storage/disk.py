"""A disk under the real database: it writes down what reaches it, and fails when it is told to.

SQLite writes through a table of functions, its VFS. Here the very library that Python's sqlite3
uses is given a copy of its usual one in which opening, writing, truncating, syncing, closing and
deleting pass through us first. Nothing of the bot knows of it. Connections that are opened while a
`Disk` is in place use it for as long as they live.
"""

import _sqlite3
import ctypes
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

OK, FULL, CANTOPEN = 0, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN
IOERR_WRITE, IOERR_FSYNC = sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC

What = Literal["main", "journal", "wal"]
Kind = Literal["create", "write", "truncate", "sync", "delete", "note"]
_OPEN_CREATE = 0x4
_WHAT: dict[int, What] = {0x100: "main", 0x800: "journal", 0x80000: "wal"}

# Places in the two tables, counted in machine words; SQLite has only ever added to their ends.
_VFS_WORDS = {1: 17, 2: 18, 3: 21}
_VFS_NAME, _VFS_OPEN, _VFS_DELETE = 3, 5, 6
_IO_WORDS = {1: 13, 2: 17, 3: 19}
_IO_CLOSE, _IO_WRITE, _IO_TRUNCATE, _IO_SYNC = 1, 3, 4, 5
_WORD = ctypes.sizeof(ctypes.c_void_p)

_Open = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
)
_Delete = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
_Close = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_Write = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
)
_Truncate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


@contextmanager
def memory_directory(otherwise: Path) -> Iterator[Path]:
    """A directory in memory, where there is such a place: hundreds of files come and go there."""
    memory = Path("/dev/shm")  # noqa: S108 - the usual place of one
    if not os.access(memory, os.W_OK):
        yield otherwise
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="reelbox-") as folder:
        yield Path(folder)


@dataclass(frozen=True, slots=True)
class Op:
    """One thing that reached the disk; `at` is an offset or a size, `thread` who did it.

    `with_directory`: the sync also made the directory's entries durable. A "note" is the test's.
    """

    kind: Kind
    path: str
    what: What | None = None
    at: int = 0
    data: bytes = b""
    with_directory: bool = False
    thread: int = 0


@dataclass(slots=True)
class _File:
    path: str
    what: What
    io: int
    """Where the functions are that SQLite gave this file."""
    syncs_directory: bool


class DiskUnavailableError(Exception):
    """The library that Python's sqlite3 uses cannot be reached from here."""


class Disk:
    """What happened to the files under one directory, in order, and what is to fail."""

    def __init__(self, root: Path, *, keeps: bool = True) -> None:
        self.root = f"{root.absolute()}{os.sep}"
        self.ops: list[Op] = []
        self.fail: Callable[[Op], int] = lambda _op: OK
        """Asked before each operation; a code of SQLite other than OK is what comes of it.

        Of a write that meets a full disk the first half is written, as a real one would.
        """
        self._keeps = keeps
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Write down a moment of the test's own between the operations."""
        self._record(Op("note", text))

    def count(self, kind: Kind, what: What) -> int:
        """How many operations of a kind there were on a kind of file."""
        return sum(op.kind == kind and op.what == what for op in self.ops)

    def judge(self, op: Op) -> int:
        """Say what becomes of an operation, and write it down when it happens."""
        code = self.fail(op)
        if code == OK:
            self._record(op)
        return code

    def _record(self, op: Op) -> None:
        if self._keeps:
            with self._lock:
                self.ops.append(op)

    @contextmanager
    def in_place(self) -> Iterator["Disk"]:
        """Put it under every database file below its directory that is opened in the block.

        Raises DiskUnavailableError where SQLite cannot be reached.
        """
        shim = _Shim.instance()
        shim.disks.append(self)
        shim.become_default(True)
        try:
            yield self
        finally:
            shim.become_default(False)
            shim.disks.remove(self)


class _Shim:
    """The copied tables. Files outlive the block they were opened in, so it is never taken down."""

    _only: "_Shim | None" = None

    @classmethod
    def instance(cls) -> "_Shim":
        if cls._only is None:
            cls._only = cls()
        return cls._only

    def __init__(self) -> None:
        try:
            library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
            find = library.sqlite3_vfs_find
            self._register = library.sqlite3_vfs_register
        except (OSError, AttributeError) as error:
            raise DiskUnavailableError(f"SQLite's own functions are not found: {error}") from error
        find.restype = ctypes.c_void_p
        find.argtypes = [ctypes.c_char_p]
        self._register.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._usual: int = find(None)
        self.disks: list[Disk] = []
        self._files: dict[int, tuple[_File, Disk]] = {}
        self._tables: dict[int, Any] = {}
        version = ctypes.c_int.from_address(self._usual).value
        self._vfs = _words(self._usual, _VFS_WORDS[version])
        self._open_before = _Open(self._vfs[_VFS_OPEN])
        self._delete_before = _Delete(self._vfs[_VFS_DELETE])
        self._name = ctypes.create_string_buffer(b"under-test")
        self._hooks = (
            _Open(self._open),
            _Delete(self._delete),
            _Close(self._close),
            _Write(self._write),
            _Truncate(self._truncate),
            _Sync(self._sync),
        )
        self._vfs[_VFS_NAME] = ctypes.addressof(self._name)
        self._vfs[_VFS_OPEN] = _address(self._hooks[0])
        self._vfs[_VFS_DELETE] = _address(self._hooks[1])
        self._register(ctypes.addressof(self._vfs), 0)

    def become_default(self, is_default: bool) -> None:
        self._register(ctypes.addressof(self._vfs) if is_default else self._usual, 1)

    def _disk_of(self, path: str) -> Disk | None:
        return next((disk for disk in reversed(self.disks) if path.startswith(disk.root)), None)

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        path = os.fsdecode(ctypes.string_at(name)) if name else ""
        what = next((what for bit, what in _WHAT.items() if flags & bit), None)
        disk = self._disk_of(path)
        if disk is None or what is None:
            return int(self._open_before(vfs, name, file, flags, out))
        is_new = not os.path.exists(path)
        op = Op("create", path, what, thread=threading.get_ident())
        code = disk.judge(op) if is_new and flags & _OPEN_CREATE else OK
        code = code or self._open_before(vfs, name, file, flags, out)
        if code == OK:
            methods = ctypes.c_void_p.from_address(file)
            assert methods.value is not None
            syncs_directory = bool(flags & _OPEN_CREATE) and what != "main"
            self._files[file] = _File(path, what, methods.value, syncs_directory), disk
            methods.value = ctypes.addressof(self._table(methods.value))
        return code

    def _table(self, io: int) -> Any:
        """The functions of a kind of file, with ours in place of four of them."""
        if io not in self._tables:
            table = _words(io, _IO_WORDS[ctypes.c_int.from_address(io).value])
            places = (_IO_CLOSE, _IO_WRITE, _IO_TRUNCATE, _IO_SYNC)
            for place, hook in zip(places, self._hooks[2:], strict=True):
                table[place] = _address(hook)
            self._tables[io] = table
        return self._tables[io]

    def _delete(self, vfs: int, name: bytes, sync_directory: int) -> int:
        path = os.fsdecode(name)
        disk = self._disk_of(path)
        if disk is not None and os.path.exists(path):
            op = Op("delete", path, with_directory=bool(sync_directory))
            if code := disk.judge(op):
                return code
        return int(self._delete_before(vfs, name, sync_directory))

    def _close(self, file: int) -> int:
        io = self._files.pop(file)[0].io
        ctypes.c_void_p.from_address(file).value = io
        return int(_Close(_word(io, _IO_CLOSE))(file))

    def _write(self, file: int, data: int, size: int, offset: int) -> int:
        seen, disk = self._files[file]
        before = _Write(_word(seen.io, _IO_WRITE))
        op = Op(
            "write",
            seen.path,
            seen.what,
            offset,
            ctypes.string_at(data, size),
            thread=threading.get_ident(),
        )
        code = disk.judge(op)
        if code == FULL:
            before(file, data, size // 2, offset)
        return code or before(file, data, size, offset)

    def _truncate(self, file: int, size: int) -> int:
        seen, disk = self._files[file]
        code = disk.judge(Op("truncate", seen.path, seen.what, size, thread=threading.get_ident()))
        return code or _Truncate(_word(seen.io, _IO_TRUNCATE))(file, size)

    def _sync(self, file: int, _flags: int) -> int:
        """Nothing is synced in truth: here a power cut is played, and files are thrown away."""
        seen, disk = self._files[file]
        op = Op(
            "sync",
            seen.path,
            seen.what,
            with_directory=seen.syncs_directory,
            thread=threading.get_ident(),
        )
        code = disk.judge(op)
        if code == OK:
            seen.syncs_directory = False
        return code


def _words(address: int, count: int) -> Any:
    """A copy of so many machine words."""
    return (ctypes.c_void_p * count).from_buffer_copy(ctypes.string_at(address, count * _WORD))


def _word(address: int, place: int) -> int:
    return ctypes.c_size_t.from_address(address + place * _WORD).value


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
