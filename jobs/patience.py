"""Writing for a member who waits: soon, or not at all."""

import sqlite3
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from errors import BusyError
from storage.database import Database
from storage.errors import DatabaseBusyError

P = ParamSpec("P")
T = TypeVar("T")

# Whatever comes of it is the first sign that the member sees, within a second of the press.
PATIENCE_S = 0.7
# An order has a sign of waiting by then, and two seconds in all.
ORDER_PATIENCE_S = 1.5


async def write_soon(
    db: Database,
    function: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """As `db.write`; raises BusyError when it could not begin in time: then it never will."""
    return await _within(PATIENCE_S, db, function, *args, **kwargs)


async def write_order(
    db: Database,
    function: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """As `write_soon`, for what already shows that it is at work."""
    return await _within(ORDER_PATIENCE_S, db, function, *args, **kwargs)


async def _within(
    seconds: float,
    db: Database,
    function: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    try:
        return await db.write_within(seconds, function, *args, **kwargs)
    except DatabaseBusyError as error:
        raise BusyError from error
