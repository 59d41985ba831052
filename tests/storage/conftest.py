from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models import Asker, Order, Quote, VideoRequest
from storage.database import Database, open_database

NOW = 1_800_000_000
GUILD, MEMBER = 11, 21


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as database:
        yield database


def asker(interaction_id: int, guild_id: int = GUILD, user_id: int = MEMBER) -> Asker:
    return Asker(interaction_id, "token", guild_id, 31, user_id, 10 * 1024 * 1024)


def order(prompt: str = "a paper boat") -> Order:
    return Order(VideoRequest(prompt, "kling-v2.1", 5, "16:9"))


QUOTE = Quote(44, 1)
