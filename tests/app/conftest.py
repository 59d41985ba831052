from collections.abc import AsyncIterator

import pytest

from tests.app.moderators import ABOVE, choose, general
from tests.rig import Rig
from ui import desk


@pytest.fixture
def never_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is answered with its card, however long that takes: a fault is meant for that."""
    monkeypatch.setattr(desk, "FIRST_ANSWER_S", 60.0)


@pytest.fixture
async def strict(play: Rig) -> AsyncIterator[Rig]:
    """Above 50 tokens #general decides; Cleo moderates it, Ada administrates, Ben is a member."""
    await play.refreshed()
    await choose(play, approve_above=ABOVE, approve_channel=str(general(play)))
    play.discord.add_role("Moderator", allow=["manage_messages"], members=["Cleo"])
    yield play
    play.sound()
