"""Messages to a guild's admins: said once, brought however often it takes, edited when renewed."""

import asyncio
import shutil
from typing import Any

import discord
import pytest

from playground.discord import fault
from playground.discord.world import Message
from storage import backup, notices, trace
from storage.notices import DONE, OPEN, PARKED, Kind
from tests.rig import Rig

CREATE = r"/channels/\d+/messages$"
EDIT = r"/channels/\d+/messages/\d+$"
WARNING = {
    "percent": 80,
    "used": 2400,
    "held": 100,
    "spent": 2300,
    "set_aside": 0,
    "size": 3000,
    "resets_at": 1_800_003_600,
}
BRAKE = {"user": 42, "tokens": 600, "minutes": 8, "size": 1000, "halt": 7}
CHANGE = {"actor": 42, "text": "Pool: 3,000 a month → 4,000 a month", "reason": "more `people`"}


def place(rig: Rig) -> int:
    return rig.discord.world.channel("general", rig.discord.world.guild(None)).id


async def put(rig: Rig, kind: Kind = "warning", body: Any = None) -> bool:
    assert rig.app is not None
    now = int(rig.clock.now())
    told = await rig.app.db.write(
        notices.put, rig.guild_id, place(rig), kind, "m", body or WARNING, now
    )
    rig.app.worker.nudge()
    return told


async def amend(rig: Rig, **facts: Any) -> None:
    assert rig.app is not None
    now = int(rig.clock.now())
    assert await rig.app.db.write(notices.amend, rig.guild_id, "m", facts, now)
    rig.app.worker.nudge()


def shown(rig: Rig) -> list[Message]:
    return [one for one in rig.discord.messages(place(rig)) if one.author.bot]


def words(message: Message) -> str:
    return str(message.embeds[0]["description"])


def how(rig: Rig) -> int:
    return int(rig.read(lambda tx: tx.execute("SELECT done FROM notice").fetchone()[0]))


async def close(rig: Rig) -> None:
    """Take the place from the bot and wait until it has heard: it offers things again then."""
    rig.discord.set_overwrite("general", deny=["send_messages", "view_channel"])

    def is_heard() -> bool:
        assert rig.app is not None
        channel = rig.app.client.get_channel(place(rig))
        assert channel is None or isinstance(channel, discord.TextChannel)
        return channel is None or not channel.permissions_for(channel.guild.me).view_channel

    await rig.eventually(is_heard)


async def test_a_warning_says_how_much_is_used_and_when_it_begins_anew(play: Rig) -> None:
    assert await put(play)
    await play.eventually(lambda: how(play) == DONE)
    [message] = shown(play)
    assert words(message) == (
        "**80 % of this server's budget is used**: 2,400 of 3,000 tokens (100 of them held for "
        "videos under way). It begins anew <t:1800003600:R>. `/budget report` shows who and what "
        "for; `/budget grant` adds more."
    )


async def test_an_endless_pool_with_nothing_held_is_told_without_those(play: Rig) -> None:
    await put(play, body={**WARNING, "held": 0, "set_aside": 500, "resets_at": None})
    await play.eventually(lambda: how(play) == DONE)
    assert "tokens (500 set aside in pots). `/budget" in words(shown(play)[0])


async def test_a_brake_has_an_undo_until_somebody_lifted_it(play: Rig) -> None:
    await put(play, "brake", BRAKE)
    await play.eventually(lambda: how(play) == DONE)
    [message] = shown(play)
    assert "<@42> used 600 tokens within 8 minutes, of the 1,000" in words(message)
    [button] = message.components[0]["components"]
    assert (button["label"], button["custom_id"]) == ("Undo", "rb:undo:7")
    await amend(play, lifted_by=43)
    await play.eventually(lambda: not shown(play)[0].components)
    assert "<@43> lifted it" in words(shown(play)[0])
    assert len(shown(play)) == 1


async def test_a_change_names_who_and_why_and_pings_nobody(play: Rig) -> None:
    await put(play, "change", CHANGE)
    await play.eventually(lambda: how(play) == DONE)
    [message] = shown(play)
    assert words(message) == (
        "<@42> changed the budget.\nPool: 3,000 a month → 4,000 a month\nWhy: `more ˋpeopleˋ`"
    )
    assert message.content == ""
    [sent] = [one for one in play.records if one["path"].endswith(f"/{place(play)}/messages")]
    assert sent["payload"]["allowed_mentions"]["parse"] == []


async def test_what_happened_in_a_row_is_told_in_that_order(play: Rig) -> None:
    assert play.app is not None
    play.discord.script(fault("POST", CREATE), fault("POST", CREATE, delay=0.2))
    now = int(play.clock.now())
    for number in range(4):
        body = {"actor": 42, "text": f"Change {number}", "reason": None}
        mark = f"change:{number}"
        await play.app.db.write(notices.put, play.guild_id, place(play), "change", mark, body, now)
    play.app.worker.nudge()
    await play.eventually(lambda: len(shown(play)) == 4)
    told = [words(message).rpartition("\n")[2] for message in shown(play)]
    assert told == [f"Change {number}" for number in range(4)]


async def test_the_same_mark_is_told_once(play: Rig) -> None:
    assert await put(play)
    assert not await put(play)
    await play.eventually(lambda: how(play) == DONE)
    assert len(shown(play)) == 1


async def test_lost_answers_leave_one_message_that_says_what_holds_now(play: Rig) -> None:
    lost = fault("POST", CREATE, status=503, times=3, after_effect=True)
    play.discord.script(lost)
    await put(play, "brake", BRAKE)
    await play.eventually(lambda: lost.hits == 1)
    await amend(play, lifted_by=43)
    await play.run_until(lambda: how(play) == DONE)
    [message] = shown(play)
    assert "<@43> lifted it" in words(message)
    assert not message.components


async def test_a_brake_told_before_an_outage_is_one_message_that_says_it_was_lifted(
    play: Rig,
) -> None:
    faulty = fault("POST", CREATE, drop=True, after_effect=True)
    play.discord.script(faulty)
    await put(play, "brake", BRAKE)
    await play.run_until(lambda: faulty.hits == 1)
    play.discord.outage(on=True)
    await amend(play, lifted_by=43)
    await play.clock.advance(1200)
    play.discord.outage(on=False)
    await play.run_until(lambda: how(play) == DONE, 7200)
    [message] = shown(play)
    assert "<@43> lifted it" in words(message)
    assert not message.components


async def test_two_that_say_the_same_are_two_messages(play: Rig) -> None:
    assert play.app is not None
    await put(play, "change", CHANGE)
    await play.eventually(lambda: how(play) == DONE)
    play.discord.script(fault("POST", CREATE, status=503))
    now, where = int(play.clock.now()), place(play)
    await play.app.db.write(notices.put, play.guild_id, where, "change", "another", CHANGE, now)
    play.app.worker.nudge()
    await play.run_until(lambda: len(shown(play)) == 2)


@pytest.mark.parametrize("reason", [None, "it grew"])
async def test_one_that_is_due_again_waits_for_another_that_is_just_coming_out(
    play: Rig, reason: str | None
) -> None:
    assert play.app is not None
    refused = fault("POST", CREATE, status=503)
    play.discord.script(refused)
    await put(play, "change", {**CHANGE, "reason": None})
    await play.run_until(lambda: refused.hits == 1)
    await play.settle()
    answered = asyncio.Event()
    play.discord.script(fault("POST", CREATE, after_effect=True, until=answered))
    now, body = int(play.clock.now()), {**CHANGE, "reason": reason}
    await play.app.db.write(notices.put, play.guild_id, place(play), "change", "b", body, now)
    play.app.worker.nudge()
    await play.eventually(lambda: len(shown(play)) == 1)
    await play.clock.advance(6)
    await asyncio.sleep(0.05)
    answered.set()
    done = "SELECT count(*) FROM notice WHERE done = 1"
    await play.run_until(lambda: play.read(lambda tx: bool(tx.execute(done).fetchone()[0] == 2)))
    assert sorted("Why" in words(one) for one in shown(play)) == [False, reason is not None]


async def test_the_same_channel_named_again_makes_no_second_message(play: Rig) -> None:
    assert play.app is not None
    lost = fault("POST", CREATE, drop=True, after_effect=True)
    play.discord.script(lost)
    await put(play, "change", CHANGE)
    await play.run_until(lambda: lost.hits == 1)
    play.discord.outage(on=True)
    await play.clock.advance(1200)
    await play.settle()
    play.discord.outage(on=False)
    now = int(play.clock.now())
    await play.app.db.write(notices.move, play.guild_id, place(play), now)
    play.app.worker.nudge()
    await play.run_until(lambda: how(play) == DONE, 7200)
    assert len(shown(play)) == 1


async def test_after_a_restart_a_message_whose_answer_was_lost_is_found_again(play: Rig) -> None:
    lost = fault("POST", CREATE, status=503, after_effect=True)
    play.discord.script(lost)
    await put(play)
    await play.eventually(lambda: lost.hits == 1)
    await play.restart_bot()
    await play.run_until(lambda: how(play) == DONE)
    assert len(shown(play)) == 1


async def test_after_books_were_put_back_unnoticed_no_notice_is_taken_for_the_one_before(
    play: Rig,
) -> None:
    database = play.data / "reelbox.sqlite3"
    copy = play.data / "copy.sqlite3"
    backup.make(database, copy, int(play.clock.now()))
    await put(play, "change", CHANGE)
    await play.eventually(lambda: how(play) == DONE)
    await play.stop_bot()
    shutil.copyfile(copy, database)
    (play.data / trace.NAME).unlink()
    await play.start_bot()
    await put(play, "brake", BRAKE)  # the row's number and the mark are those of the other one
    await play.eventually(lambda: how(play) == DONE)
    told = [words(message) for message in shown(play)]
    assert [text.partition(" ")[0] for text in told] == ["<@42>", "**The"]


async def test_an_edit_that_fails_comes_again(play: Rig) -> None:
    await put(play, "brake", BRAKE)
    await play.eventually(lambda: how(play) == DONE)
    play.discord.script(fault("PATCH", EDIT, status=503, times=3))
    await amend(play, lifted_by=43)
    await play.run_until(lambda: "lifted it" in words(shown(play)[0]), limit_s=600)
    assert len(shown(play)) == 1


async def test_one_written_while_the_bot_was_away_comes_after_the_start(play: Rig) -> None:
    play.discord.script(fault("POST", CREATE, status=503, times=5))
    await put(play)
    await play.stop_bot()
    assert how(play) == OPEN
    await play.start_bot()
    await play.run_until(lambda: how(play) == DONE)
    assert len(shown(play)) == 1


async def test_a_deleted_message_is_not_posted_again(play: Rig) -> None:
    await put(play, "brake", BRAKE)
    await play.eventually(lambda: how(play) == DONE)
    gone = {"message": "Unknown Message", "code": 10008}
    deleted = fault("PATCH", EDIT, status=404, body=gone)
    play.discord.script(deleted)
    await amend(play, lifted_by=43)
    await play.eventually(lambda: deleted.hits == 1 and how(play) == DONE)
    assert len(shown(play)) == 1


async def test_without_its_channel_it_is_set_aside_and_others_are_brought(play: Rig) -> None:
    await close(play)
    await put(play)
    await play.eventually(lambda: how(play) == PARKED)
    play.discord.set_overwrite("general", allow=["send_messages", "view_channel"])
    await play.run_until(lambda: how(play) == DONE, limit_s=120)
    assert len(shown(play)) == 1


async def test_old_news_is_not_brought_when_the_place_is_back(play: Rig) -> None:
    await close(play)
    await put(play)
    await play.eventually(lambda: how(play) == PARKED)
    await play.clock.advance(2 * 24 * 3600)
    assert play.app is not None
    now = int(play.clock.now())
    assert not await play.app.db.write(notices.unpark, play.guild_id, now, is_sure=True)


async def test_another_guild_has_marks_of_its_own(play: Rig) -> None:
    assert play.app is not None
    await put(play)
    now = int(play.clock.now())
    assert await play.app.db.write(notices.put, 99, place(play), "warning", "m", WARNING, now)
    assert not await play.app.db.write(notices.renew, 98, "m", WARNING, now)
