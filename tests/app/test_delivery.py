"""The finished message: the file beside the card, the ping, and what happens when Discord fails."""

import sqlite3
from typing import Any

import pytest

from models import State
from playground.clock import FakeClock
from playground.discord import fault
from playground.neuralbox import faults
from storage import outbox
from tests.rig import Rig

EDIT = r"/channels/\d+/messages/\d+"
CREATE = r"/channels/\d+/messages"


@pytest.mark.fault("C7")
async def test_the_video_arrives_long_after_the_interactions_token_died(play: Rig) -> None:
    play.box.script(faults.wait(3 * 3600))
    card = await play.card()
    done = await play.finished(card, limit_s=6 * 3600, step_s=120)
    assert len(done.files) == 1
    play.sound()


@pytest.mark.fault("C8")
async def test_a_deleted_card_is_posted_once_more_with_its_video(play: Rig) -> None:
    card = await play.card()
    play.discord.delete_message(card)
    await play.run_until(lambda: any(m.files for m in play.discord.messages("videos")))
    [again] = [m for m in play.discord.messages("videos") if m.files]
    await play.run_until(lambda: bool(play.pings(again)))
    assert again.id != card.id
    play.sound()


@pytest.mark.fault("C5")
@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_failing_edit_is_repeated_until_it_holds(play: Rig, after_effect: bool) -> None:
    card = await play.card()
    await play.run_until(lambda: play.shown(card).edits == 1)
    play.discord.script(fault("PATCH", EDIT, status=503, times=3, after_effect=after_effect))
    done = await play.finished(card, limit_s=4000)
    assert len(done.files) == 1
    assert len(play.pings(card)) == 1


async def test_a_message_that_falls_due_while_the_loop_looks_is_brought_at_once(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await play.card()
    await play.run_until(lambda: play.shown(card).edits == 1)
    clock, find_next_at = play.clock, outbox.find_next_at
    assert isinstance(clock, FakeClock)

    def while_time_passes(tx: sqlite3.Connection, busy: frozenset[int]) -> int | None:
        next_at = find_next_at(tx, busy)
        if next_at is not None and next_at > clock.now():
            clock.set_wall(next_at + 0.5)
        return next_at

    monkeypatch.setattr(outbox, "find_next_at", while_time_passes)
    play.discord.script(fault("PATCH", EDIT, status=503, times=2))
    await play.run_until(lambda: play.job_of(card).state is State.COMPLETED)
    await play.eventually(lambda: bool(play.pings(card)))


@pytest.mark.fault("C4")
async def test_a_reply_whose_answer_is_lost_is_not_sent_twice(play: Rig) -> None:
    card = await play.card()
    play.discord.script(fault("POST", CREATE, status=500, times=1, after_effect=True))
    await play.finished(card)
    await play.clock.advance(60)
    assert len(play.pings(card)) == 1


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/1.mp4", "http://169.254.169.254/x", "file:///etc/passwd"],
)
async def test_an_address_that_is_not_the_vendors_is_neither_fetched_nor_shown(
    play: Rig, url: str
) -> None:
    play.box.script(faults.result_url(url))
    card = await play.card()
    done = await play.finished(card)
    assert done.files == []
    assert url not in str(done.embeds)
    assert "cannot be fetched" in play.fields(done)["Why, and what next"]
    assert play.fields(done)["Cost"].startswith("Charged 44 tokens")
    assert "cannot be shown" in play.pings(card)[0].content
    play.sound()


@pytest.mark.fault("C3")
async def test_after_a_dropped_gateway_the_session_goes_on(play: Rig) -> None:
    mark = len(play.discord.events)
    play.discord.drop_gateway()
    await play.discord.wait_for(lambda event: event.kind == "resumed", start_at=mark, timeout=20)
    await play.finished(await play.card("after the gap"))
    play.sound()


@pytest.mark.fault("C12")
async def test_a_413_from_discord_becomes_a_link(play: Rig) -> None:
    card = await play.card()
    await play.run_until(lambda: play.shown(card).edits == 1)
    too_large = {"code": 40005, "message": "Request entity too large"}
    play.discord.script(fault("PATCH", EDIT, status=413, body=too_large))
    done = await play.finished(card)
    assert play.box.origin in done.embeds[0]["description"]
    play.sound()


@pytest.mark.fault("C9")
async def test_lost_permissions_park_the_message_and_keep_the_books(play: Rig) -> None:
    card = await play.card()
    await play.run_until(lambda: play.shown(card).edits == 1)
    play.discord.set_overwrite("videos", deny=("view_channel",))
    await play.run_until(lambda: play.job_of(card).state.is_final)
    await play.run_until(
        lambda: play.read(lambda tx: tx.execute("SELECT max(done) FROM outbox").fetchone()[0]) == 2
    )
    play.sound()


async def test_a_file_that_is_not_there_yet_is_fetched_later(play: Rig) -> None:
    play.box.script(faults.status(503, None, html=True, on=faults.FILE, times=2))
    card = await play.card()
    done = await play.finished(card, limit_s=4000)
    assert len(done.files) == 1
    play.sound()


@pytest.mark.fault("C3")
async def test_a_replayed_interaction_is_one_job_and_one_card(play: Rig) -> None:
    interaction = await play.discord.slash("video", prompt="once")
    await interaction.answer()
    for _ in range(3):
        play.discord.replay(interaction)
    await play.finished(await interaction.final())
    assert len(play.jobs_in()) == play.posts() == 1
    play.sound()


@pytest.mark.fault("C1")
@pytest.mark.usefixtures("never_put_off")
async def test_an_answer_that_discord_refuses_gives_the_tokens_back(play: Rig) -> None:
    unknown = {"code": 10062, "message": "Unknown interaction"}
    play.discord.script(fault("POST", r"/interactions/\d+/.*/callback", status=404, body=unknown))
    await play.discord.slash("video", prompt="too late")
    await play.eventually(lambda: any(job.state.is_final for job in play.jobs_in()))
    [job] = play.jobs_in()
    assert job.state == "cancelled"
    assert play.guild_account().held_tokens == 0
    await play.clock.advance(60)
    assert play.posts() == 0
    play.sound()


@pytest.mark.usefixtures("never_put_off")
async def test_a_card_whose_confirmation_is_lost_says_that_nothing_was_sent(play: Rig) -> None:
    lost = fault("POST", r"/interactions/\d+/.*/callback", status=500, after_effect=True)
    play.discord.script(lost)
    await play.discord.slash("video", prompt="is it out?")
    await play.run_until(
        lambda: any("not started" in m.embeds[0]["title"] for m in play.discord.messages("videos"))
    )
    [card] = play.discord.messages("videos")
    assert play.fields(card)["Cost"].startswith("Not charged")
    assert "ask again" in play.fields(card)["Why, and what next"]
    assert play.guild_account().held_tokens == 0
    assert play.posts() == 0
    play.sound()


@pytest.mark.fault("H1")
async def test_nobody_but_the_requester_can_be_pinged(play: Rig) -> None:
    prompt = "@everyone @here <@&1> <@2> ```\n# big [x](http://evil.example) <@3>"
    card = await play.card(prompt)
    done = await play.finished(card)
    [ping] = play.pings(card)
    assert ping.mentions == [play.job_of(card).user_id]
    assert not ping.mention_everyone
    assert done.mentions == []
    description = done.embeds[0]["description"]
    assert description.startswith("```\n")
    assert description.endswith("\n```")
    assert "`" not in description[4:-4]


def _creates_or_edits(record: dict[str, Any]) -> dict[str, Any] | None:
    payload = record.get("payload")
    if not isinstance(payload, dict) or "/commands" in record["path"]:
        return None
    if record["path"].endswith("/callback"):
        return payload.get("data") if payload.get("type") in (4, 7) else None
    return payload


@pytest.mark.fault("H1")
async def test_every_message_that_leaves_says_whom_it_may_ping(play: Rig) -> None:
    await play.refusal(model="nope")
    card = await play.card("@everyone")
    await play.finished(card)
    messages = [body for record in play.records if (body := _creates_or_edits(record))]
    assert len(messages) >= 5
    for body in messages:
        assert body["allowed_mentions"]["parse"] == [], body
