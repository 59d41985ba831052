from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import spending
from storage.database import Database, open_database
from tests.jobs.gate_world import World
from tests.jobs.past import Past


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as database:
        yield database


@pytest.fixture
async def past(db: Database) -> Past:
    past = Past(db)
    # A past is made in one go, which would look like unusual spending.
    await db.write(spending.put, past.guild_id, "brake_percent", "0")
    return past


@pytest.fixture
async def world(db: Database) -> World:
    """A gate on new books, loaded."""
    world = World(db)
    await world.gate.load()
    return world
