"""Writing for a member who waits: soon, or not at all."""

import sqlite3
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from errors import BusyError
from storage.database import Database
from storage.errors import DatabaseBusyError

P = ParamSpec("P")
T = TypeVar("T")

# A member waits for at most this long for the books before being told that we are busy.
PATIENCE_S = 1.5


async def write_soon(
    db: Database,
    function: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """As `db.write`; raises BusyError when it could not begin in time: then it never will."""
    try:
        return await db.write_within(PATIENCE_S, function, *args, **kwargs)
    except DatabaseBusyError as error:
        raise BusyError from error
