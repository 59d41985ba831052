"""On the mention road, where no private answer exists: a passing note with buttons."""

from jobs import notes
from models import State, Way
from playground.discord.interactions import Answer
from playground.discord.world import Message
from storage import settings
from tests.app.hands import card_of, confirm_above, labels, only_job, press, said
from tests.pictures import picture
from tests.rig import Rig


async def _note(rig: Rig, words: str = "it sails away, 10 seconds") -> Message:
    """Mention the bot with a picture; return the note that answers."""
    message = await rig.discord.say(
        f"{rig.discord.bot_mention} {words}", attachments=[("boat.png", picture())]
    )
    await rig.eventually(lambda: len(rig.pings(message)) == 1)
    # The bot itself hears of it a little later.
    await rig.eventually(lambda: bool(rig.read(lambda tx: settings.list_scope(tx, notes.SCOPE))))
    [note] = rig.pings(message)
    return note


def _stands(rig: Rig, note: Message) -> bool:
    return any(m.id == note.id for m in rig.discord.messages(note.channel_id))


async def _wary(rig: Rig, **budget: int) -> None:
    rig.configure("budget", **budget)
    await rig.start_bot()
    await rig.refreshed()
    await confirm_above(rig, 50)


async def test_a_yes_on_the_note_makes_the_video_and_takes_the_note_away(rig: Rig) -> None:
    await _wary(rig, guild_tokens=300)
    note = await _note(rig)
    assert "costs up to 88 tokens; 300 are left for you here" in note.content
    assert "goes away by itself" in note.content
    assert labels(note) == ["Make it · 88", "Shrink to fit · 5 s Kling 2.1 · 44"]
    assert rig.jobs_in() == []
    card = card_of(await press(rig, note, "Make it"))
    assert only_job(rig).origin.way is Way.MENTION
    await rig.eventually(lambda: not _stands(rig, note))
    done = await rig.finished(card)
    assert any(file.content_type == "video/mp4" for file in done.files)
    rig.sound()


async def test_nobody_else_can_answer_the_note(rig: Rig) -> None:
    await _wary(rig)
    note = await _note(rig)
    for label in ("Make it", "Shrink"):
        answer: Answer = await press(rig, note, label, member="Cleo")
        assert "Only whoever asked for this video" in said(answer)
    assert rig.jobs_in() == []
    assert _stands(rig, note)


async def test_a_refusal_on_the_mention_road_carries_the_button_too(rig: Rig) -> None:
    rig.configure("budget", guild_tokens=50)
    await rig.start_bot()
    await rig.refreshed()
    note = await _note(rig)
    assert "needs up to 88 tokens, and 50 are left" in note.content
    assert labels(note) == ["Shrink to fit · 5 s Kling 2.1 · 44"]
    card = card_of(await press(rig, note, "Shrink"))
    await rig.finished(card)
    assert rig.guild_account().spent_tokens == 44
    assert not _stands(rig, note)
    rig.sound()


async def test_a_note_that_asks_stands_for_15_minutes_also_over_a_restart(rig: Rig) -> None:
    await _wary(rig)
    note = await _note(rig)
    await rig.clock.advance(60)
    await rig.restart_bot()
    await rig.clock.advance(13 * 60)
    await rig.eventually(lambda: rig.app is not None and not rig.app.intake.reasons)
    assert _stands(rig, note)
    await rig.run_until(lambda: not _stands(rig, note), limit_s=180)
    assert rig.jobs_in(*State) == []
