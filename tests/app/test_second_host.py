"""A second database in the same channel: another host with this token, or a fresh start."""

from pathlib import Path

from tests.rig import Rig


async def test_a_fresh_database_brings_messages_that_look_like_those_of_the_old_one(
    play: Rig, tmp_path: Path
) -> None:
    await play.prices_known()
    old = await play.finished(await play.card("the old one", model="luma-flash2"))
    await play.stop_bot()
    play.data = tmp_path / "new"
    play.data.mkdir(mode=0o700)
    await play.start_bot()
    await play.prices_known()
    new = await play.finished(await play.card("the new one", model="luma-flash2"))
    assert play.job_of(old).id == play.job_of(new).id, "both count from one"
    assert [len(play.pings(card)) for card in (old, new)] == [1, 1]
    assert len(new.files) == 1
