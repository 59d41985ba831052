import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from models import Asker, Order, Quote, VideoRequest
from storage import schema
from storage.database import Database, open_database

NOW = 1_800_000_000
GUILD, MEMBER = 11, 21


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as database:
        yield database


@pytest.fixture(scope="session")
def new_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books as the first start makes them, to be copied: all migrations take a while."""
    made = tmp_path_factory.mktemp("new") / "reelbox.sqlite3"
    schema.prepare(made)
    return made


@pytest.fixture
def books(tmp_path: Path, new_books: Path) -> Path:
    """A data directory's books, empty."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    shutil.copyfile(new_books, data / "reelbox.sqlite3")
    return data / "reelbox.sqlite3"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Where backups go."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture
def private_files() -> Iterator[None]:
    """As the process itself makes files: for its own user alone."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def asker(interaction_id: int, guild_id: int = GUILD, user_id: int = MEMBER) -> Asker:
    return Asker(interaction_id, "token", guild_id, 31, user_id, 10 * 1024 * 1024)


def order(prompt: str = "a paper boat") -> Order:
    return Order(VideoRequest(prompt, "kling-v2.1", 5, "16:9"))


QUOTE = Quote(44, 1)
