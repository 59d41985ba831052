"""SIGKILL between the steps of bringing a picture in and a video out."""

from typing import Any

import pytest

from models import State
from playground.discord import fault
from playground.neuralbox import faults
from tests.app.test_kill import CALLBACK, EDIT, Killable, _one_good_ending, victim
from tests.pictures import picture

__all__ = ["victim"]

UNAVAILABLE: dict[str, Any] = {"status": 503, "times": None}
BOAT = {"image": ("boat.png", picture())}


async def test_killed_between_download_and_edit_the_kept_file_is_brought(victim: Killable) -> None:
    victim.box.script(faults.stuck())
    card = await victim.card(model="luma-flash2")
    await victim.eventually(lambda: victim.shown(card).edits >= 1)
    victim.discord.script(fault("PATCH", EDIT, **UNAVAILABLE))
    victim.box.finish(victim.generation_id(card))
    await victim.run_until(lambda: bool(_kept_file(victim, card.id)))
    name = _kept_file(victim, card.id)
    await victim.kill()
    victim.box.script(faults.status(404, None, on=faults.FILE, times=None))
    victim.discord.clear_faults()
    await victim.start_bot()
    await _one_good_ending(victim, card)
    assert _kept_file(victim, card.id) == name


def _kept_file(rig: Killable, message_id: int) -> str | None:
    query = "SELECT r.file FROM result r JOIN job j ON j.id = r.job WHERE j.message_id = ?"
    row = rig.read(lambda tx: tx.execute(query, (message_id,)).fetchone())
    return None if row is None else row[0]


async def test_killed_before_a_card_with_a_picture_is_known_to_be_out_nothing_is_sent(
    victim: Killable,
) -> None:
    victim.discord.script(fault("POST", CALLBACK, delay=60, after_effect=True))
    await victim.discord.slash("video", prompt="a boat", attachments=BOAT)
    await victim.eventually(lambda: len(victim.jobs_in(State.RESERVED)) == 1)
    await victim.kill()
    await victim.start_bot()
    await victim.eventually(lambda: len(victim.jobs_in(State.CANCELLED)) == 1)
    assert victim.posts() == 0
    victim.sound()


async def test_killed_while_the_picture_waits_for_its_turn_it_is_sent_once(
    victim: Killable,
) -> None:
    victim.box.script(faults.rate_limited(60))
    card = await victim.card("a boat", model="luma-flash2", attachments=BOAT)
    await victim.eventually(lambda: victim.posts() == 1)
    await victim.eventually(lambda: victim.job_of(card).state is State.QUEUED)
    await victim.kill()
    await victim.start_bot()
    done = await victim.finished(card)
    assert [one.content_type for one in done.files if not one.embedded] == ["video/mp4"]
    [generation] = victim.box.generations.values()
    assert generation.picture_sha256 is not None
    victim.sound()


async def test_killed_between_a_mentions_card_and_its_booking_one_card_tells_the_end(
    victim: Killable,
) -> None:
    victim.discord.script(fault("POST", r"/channels/\d+/messages", hold=60))
    asked = await victim.discord.say(
        f"{victim.discord.bot_mention} it sails", attachments=[("boat.png", picture())]
    )
    await victim.eventually(lambda: len(victim.pings(asked)) == 1)
    assert len(victim.jobs_in(State.RESERVED)) == 1
    await victim.kill()
    victim.discord.clear_faults()
    await victim.start_bot()
    await victim.eventually(lambda: len(victim.jobs_in(State.CANCELLED)) == 1)
    await victim.run_until(
        lambda: "not started" in victim.pings(asked)[0].embeds[0]["title"], limit_s=120
    )
    assert len(victim.pings(asked)) == 1
    assert victim.guild_account().held_tokens == 0
    victim.sound()


@pytest.mark.parametrize("moment_s", [0.1, 0.4, 0.8, 1.5])
async def test_killed_while_a_smaller_copy_is_made_it_is_made_anew(
    victim: Killable, moment_s: float
) -> None:
    victim.discord.set_upload_limit(victim.discord.world.guild(None), 1_500_000)
    victim.box.script(faults.file_size(3_000_000))
    card = await victim.card(model="luma-flash2")
    await victim.run_until(lambda: bool(_kept_file(victim, card.id)), step_s=1)
    await victim.clock.sleep(moment_s)
    await victim.kill()
    await victim.start_bot()
    await _one_good_ending(victim, card)
    names = [path.name for path in (victim.data / "videos").iterdir()]
    assert not [name for name in names if name.startswith(".")], "nothing half made is left"
