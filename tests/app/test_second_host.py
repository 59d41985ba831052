"""A second database in the same channel: another host with this token, or a fresh start."""

from pathlib import Path

from models import State
from tests.rig import Rig


async def test_a_fresh_database_brings_messages_that_look_like_those_of_the_old_one(
    play: Rig, tmp_path: Path
) -> None:
    await play.refreshed()
    old = await play.finished(await play.card("the old one", model="luma-flash2"))
    await play.stop_bot()
    play.data = tmp_path / "new"
    play.data.mkdir(mode=0o700)
    await play.start_bot()
    await play.refreshed()
    new = await play.finished(await play.card("the new one", model="luma-flash2"))
    assert play.job_of(old).id == play.job_of(new).id, "both count from one"
    assert [len(play.pings(card)) for card in (old, new)] == [1, 1]
    assert len(new.files) == 1


async def test_the_host_that_lost_an_interaction_leaves_the_card_of_the_other_alone(
    play: Rig, tmp_path: Path
) -> None:
    await play.refreshed()
    other = Rig(play.discord, play.box, play.clock, tmp_path / "other")
    other.data.mkdir(mode=0o700)
    await other.start_bot()
    try:
        await other.refreshed()
        card = await play.card("whose is it", model="luma-flash2")
        hosts = (play, other)
        await play.eventually(lambda: any(host.jobs_in(State.CANCELLED) for host in hosts))
        [loser] = [host for host in hosts if host.jobs_in(State.CANCELLED)]
        winner = other if loser is play else play
        told = "SELECT count(*) FROM outbox WHERE done = 1"
        await loser.eventually(lambda: loser.read(lambda tx: tx.execute(told).fetchone()[0]) == 1)
        shown = [event.message for event in play.discord.events if event.kind == "message_edit"]
        assert "This video was not started" not in [m.embeds[0]["title"] for m in shown if m]
        done = await winner.finished(card)
        assert len(done.files) == 1
        assert len(play.box.generations) == 1
    finally:
        await other.stop_bot()
