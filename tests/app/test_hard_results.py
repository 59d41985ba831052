"""Results in hard places: fetched too often, hidden, taken down, moved, parked, linked."""

import asyncio

import pytest

from media import Studio
from models import Job, State
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import faults
from storage import outbox
from tests.app.hands import card_of, kept, only_job, press, roomy, said, use
from tests.pictures import picture
from tests.rig import Rig, outcome

MIB = 1024 * 1024
EDIT = r"/channels/\d+/messages/\d+"
IMAGE = {"image": ("boat.png", picture())}


async def _fetch(rig: Rig, given: str | int, member: str = "Ben") -> Message:
    """Use /videos get on one video; return what is seen in the end."""
    used = await rig.discord.slash(
        "videos", subcommand="get", options={"job": str(given)}, member=member
    )
    return await used.final()


def _looks(rig: Rig, job: Job) -> int:
    """How often the vendor was asked about that very generation."""
    return sum(str(job.generation_id) in seen.path for seen in rig.box.requests)


async def _told(rig: Rig, step_s: float = 5) -> None:
    """Let the clock run until there is nothing left to tell."""
    rows = "SELECT count(*) FROM outbox WHERE done = 0"
    await rig.run_until(
        lambda: (
            all(job.state.is_final for job in rig.jobs_in())
            and not rig.read(lambda tx: tx.execute(rows).fetchone()[0])
        ),
        7200,
        step_s,
    )


async def _hide(rig: Rig, card: Message) -> None:
    """Hide the result of a video that is being made."""
    await rig.run_until(lambda: only_job(rig).state is State.PENDING)
    asked = await press(rig, card, "Cancel")
    assert asked.message is not None
    said(await (await rig.discord.press(asked.message, "Hide the result", member="Ben")).answer())


async def _delete(rig: Rig, shown: Message) -> None:
    """Delete a result by its button, as its requester."""
    asked = await press(rig, shown, "Delete")
    assert asked.message is not None
    said(await (await rig.discord.press(asked.message, "Delete it", member="Ben")).answer())


def _labels(message: Message) -> list[str]:
    return [part["label"] for row in message.components for part in row["components"]]


def _videos(message: Message) -> list[str]:
    return [one.filename for one in message.files if one.content_type == "video/mp4"]


async def _gallery(rig: Rig) -> int:
    """Let the server show its results in a channel of their own; return its id."""
    gallery = rig.discord.add_channel("gallery")
    await use(rig, "settings", "deliver", channel="gallery")
    return gallery.id


async def test_a_video_that_is_not_done_is_not_asked_of_the_vendor(play: Rig) -> None:
    play.box.script(faults.wait(600))
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.PENDING)
    job = play.job_of(card)
    before = _looks(play, job)
    for given in (job.id, job.public_id):
        assert "not done yet" in (await _fetch(play, given)).content
    assert _looks(play, job) == before


async def test_many_gets_of_a_lost_file_cost_the_vendor_one_look_in_a_quarter_of_an_hour(
    rig: Rig,
) -> None:
    roomy(rig)
    await rig.start_bot()
    rig.box.script(faults.missing_file())
    card = await rig.card()
    await rig.finished(card, limit_s=7200)
    job = rig.job_of(card)
    before, files_before = _looks(rig, job), len(rig.box.file_requests)
    for _ in range(12):
        shown = await _fetch(rig, job.id)
        assert rig.box.origin in shown.embeds[0]["description"], "the link that is known"
    assert _looks(rig, job) - before <= 1
    assert len(rig.box.file_requests) - files_before <= 2
    await rig.clock.advance(901)
    before = _looks(rig, job)
    for _ in range(3):
        await _fetch(rig, job.id)
    assert _looks(rig, job) - before == 1


async def test_getting_a_video_is_paced_like_asking_for_one(rig: Rig) -> None:
    rig.configure("limits", commands_per_minute=3)
    await rig.start_bot()
    await rig.finished(await rig.card())
    await rig.clock.advance(61)
    for _ in range(3):
        assert _videos(await _fetch(rig, 1)) != []
    assert "more than 3 requests in a minute" in (await _fetch(rig, 1)).content


async def test_gets_at_the_same_time_fetch_once_and_make_one_smaller_copy(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = play.discord.world.guild(None)
    play.discord.set_upload_limit(guild, 50 * MIB)
    play.box.script(faults.file_size(11 * MIB, on=faults.CREATE))
    await play.finished(await play.card())
    play.discord.set_upload_limit(guild, 10 * MIB)
    [name] = kept(play, "videos")
    (play.data / "videos" / name).unlink()
    fits = []
    fit = Studio.fit

    async def counted(studio: Studio, *what: object) -> object:
        fits.append(what)
        return await fit(studio, *what)  # type: ignore[arg-type]

    monkeypatch.setattr(Studio, "fit", counted)
    before = len(play.box.file_requests)
    shown = await asyncio.gather(*(_fetch(play, 1) for _ in range(4)))
    assert all("a smaller copy" in one.content for one in shown)
    assert len(play.box.file_requests) - before == 1
    assert len(fits) == 1


async def test_a_result_shown_elsewhere_is_deleted_though_its_own_channel_is_gone(
    play: Rig,
) -> None:
    gallery = await _gallery(play)
    asked_in = play.discord.add_channel("short-lived")
    card = await play.card(channel="short-lived", attachments=IMAGE)
    await play.eventually(lambda: play.shown(card).edits >= 1)
    play.discord.script(fault("PATCH", EDIT, status=503, times=1_000_000))
    await play.run_until(lambda: bool(play.discord.messages(gallery)))
    play.discord.delete_channel(asked_in)
    play.discord.clear_faults()
    await _told(play)
    [result] = play.discord.messages(gallery)
    assert _videos(result) != []
    assert not play.read(lambda tx: outbox.is_parked(tx, only_job(play).id)), "it is out"
    await _delete(play, result)
    await _told(play)
    await play.eventually(lambda: play.discord.messages(gallery) == [])
    await play.eventually(lambda: kept(play, "videos") == kept(play, "pictures") == [])
    play.sound()


async def test_delete_removes_the_kept_files_where_the_bot_may_not_act(play: Rig) -> None:
    done = await play.finished(await play.card(attachments=IMAGE))
    asked = await press(play, done, "Delete")
    assert asked.message is not None
    assert (kept(play, "videos"), kept(play, "pictures")) != ([], [])
    play.discord.set_overwrite("videos", deny=["view_channel"])
    said(await (await play.discord.press(asked.message, "Delete it", member="Ben")).answer())
    await play.eventually(lambda: kept(play, "videos") == kept(play, "pictures") == [])


async def test_a_hidden_result_is_fetched_kept_and_shown_to_its_requester(play: Rig) -> None:
    card = await play.card()
    await _hide(play, card)
    await _told(play)
    assert len(kept(play, "videos")) == 1
    play.box.script(faults.status(503, None, html=True, on=faults.ANY, times=None))
    assert _videos(await _fetch(play, only_job(play).id)) != []
    assert play.shown(card).files == []


async def test_strangers_go_on_from_no_hidden_result(play: Rig) -> None:
    await _gallery(play)  # so that the card stays
    card = await play.card()
    await play.run_until(lambda: only_job(play).state is State.PENDING)
    asked = await press(play, card, "Cancel")
    done = await play.finished(card)
    forms = {}
    for label in ("Edit", "Continue"):
        forms[label] = await play.discord.press(done, label, member="Cleo")
        assert (await forms[label].answer()).kind == "modal"
    again = done.components[0]["components"][0]
    assert again["label"].startswith("Again")
    assert asked.message is not None
    said(await (await play.discord.press(asked.message, "Hide the result", member="Ben")).answer())
    await _told(play)
    for form in forms.values():
        sent = await play.discord.submit_modal(form, {"prompt": "more of it"})
        assert "This video was hidden." in said(await outcome(sent))
    pressed = await play.discord.press(play.shown(card), "Info", member="Cleo")
    await pressed.answer()
    public_id = only_job(play).public_id
    for forged in (again["custom_id"], f"rb:edit:{public_id}", f"rb:continue:{public_id}"):
        answer = await outcome(play.discord.forge(pressed, forged))
        assert "This video was hidden." in said(answer)
    assert play.posts() == 1


async def test_a_link_of_nineteen_hundred_characters_is_shown_whole(play: Rig) -> None:
    url = f"{play.box.origin}/files/{'a' * 1900}"
    play.box.script(faults.result_url(url))
    done = await play.finished(await play.card("x" * 1500), limit_s=7200)
    assert f"<{url}>" in done.embeds[0]["description"]
    shown = await _fetch(play, 1)
    assert f"<{url}>" in shown.embeds[0]["description"]


async def test_a_link_too_long_for_any_card_does_not_keep_the_card_from_its_end(
    play: Rig,
) -> None:
    play.box.script(faults.result_url(f"{play.box.origin}/files/{'a)' * 950}"))
    done = await play.finished(await play.card("x" * 1500), limit_s=7200)
    assert done.embeds[0]["title"] == "This video cannot be shown"
    assert play.fields(done)["Cost"].startswith("Charged 44 tokens")


async def test_a_link_with_markdown_in_it_stays_one_inert_address(play: Rig) -> None:
    evil = "a>[Claim-your-refund](https://evil.example)"
    play.box.script(faults.result_url(f"{play.box.origin}/files/{evil}"))
    done = await play.finished(await play.card(), limit_s=7200)
    told = (done.embeds[0]["description"], (await _fetch(play, 1)).embeds[0]["description"])
    for text in told:
        assert "a%3E%5BClaim-your-refund%5D%28https://evil.example%29>" in text
        assert "](" not in text


async def test_a_smaller_copy_that_the_disk_does_not_take_ends_in_the_link(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_what: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Studio, "fit", full)
    play.discord.set_upload_limit(play.discord.world.guild(None), 2 * MIB)
    play.box.script(faults.file_size(3 * MIB, on=faults.CREATE))
    done = await play.finished(await play.card(), limit_s=300)
    assert done.files == []
    assert play.box.origin in done.embeds[0]["description"]
    play.sound()


async def test_a_parked_result_keeps_its_pauses_however_often_roles_change(rig: Rig) -> None:
    roomy(rig)
    await rig.start_bot()
    card = await rig.card()
    await rig.eventually(lambda: rig.job_of(card).state is State.PENDING)
    role = rig.discord.add_role("changing")
    rig.discord.set_overwrite("videos", deny=["view_channel"])
    final = "SELECT done, next_at, attempts FROM outbox WHERE kind = 'final'"

    def row() -> tuple[int, int, int]:
        found = rig.read(lambda tx: tx.execute(final).fetchone())
        return (found["done"], found["next_at"], found["attempts"]) if found else (0, 0, 0)

    def is_quiet() -> bool:
        done, next_at, _attempts = row()
        return done != 0 or next_at > rig.clock.now()

    await rig.run_until(lambda: row()[0] == 2)
    tries = row()[2]
    for turn in range(40):
        rig.discord.set_role(role, allow=["send_messages"] if turn % 2 else 0)
        listed = await rig.discord.slash("videos", subcommand="jobs", channel="general")
        await listed.answer()  # the role came before it, so the bot has heard of it
        await rig.clock.advance(30)
        await rig.eventually(is_quiet)
    assert 1 <= row()[2] - tries <= 3, "twenty minutes, with pauses of 30 s, 5 and 30 minutes"
    rig.discord.set_overwrite("videos", allow=["view_channel"])
    done = await rig.finished(card, limit_s=2000)
    assert _videos(done) != []


async def test_the_oldest_of_many_videos_is_had_by_its_number(rig: Rig) -> None:
    roomy(rig)
    many = {"in_flight_total": 50, "in_flight_per_guild": 50, "in_flight_per_member": 50}
    rig.configure("limits", **many)
    await rig.start_bot()
    for number in range(27):
        await rig.card(f"boat {number}")
    await rig.run_until(lambda: len(rig.jobs_in(State.COMPLETED)) == 27, 7200, 30)
    shown = await _fetch(rig, 1)
    assert _videos(shown) == ["reelbox-1.mp4"]


@pytest.mark.parametrize("how", ["deleted", "hidden"])
async def test_the_card_that_pointed_to_a_result_says_that_it_is_gone(play: Rig, how: str) -> None:
    gallery = await _gallery(play)
    card = await play.card()
    await play.run_until(lambda: only_job(play).state is State.PENDING)
    asked = await press(play, card, "Cancel")
    done = await play.finished(card)
    assert "This server shows its videos in" in done.embeds[0]["description"]
    if how == "deleted":
        await _delete(play, play.discord.messages(gallery)[0])
    else:
        assert asked.message is not None
        said(await (await play.discord.press(asked.message, "Hide the result")).answer())
    await _told(play)
    assert play.discord.messages(gallery) == []
    now = play.shown(card)
    title = "This video was taken down" if how == "deleted" else "This video is hidden"
    assert now.embeds[0]["title"] == title
    assert str(gallery) not in str(now.embeds)
    assert _labels(now) == ["Info"]


async def test_what_was_asked_in_a_closed_channel_is_not_shown_to_everybody(play: Rig) -> None:
    gallery = await _gallery(play)
    closed = play.discord.add_channel("closed")
    everyone = play.discord.world.guild(None).roles[play.guild_id]
    for who in (None, "Ben"):
        play.discord.set_overwrite(closed, target=who, allow=["view_channel"])
    play.discord.set_overwrite(closed, target=everyone, deny=["view_channel"])
    done = await play.finished(await play.card(channel="closed"))
    assert _videos(done) != []
    assert play.discord.messages(gallery) == []


@pytest.mark.parametrize("gallery_is_restricted", [True, False])
async def test_what_was_asked_in_an_age_restricted_channel_is_shown_in_no_other_kind(
    rig: Rig, gallery_is_restricted: bool
) -> None:
    gallery = rig.discord.add_channel("gallery")
    rig.discord.world.channel("videos").nsfw = True
    gallery.nsfw = gallery_is_restricted
    await rig.start_bot()
    await use(rig, "settings", "deliver", channel="gallery")
    done = await rig.finished(await rig.card())
    assert bool(_videos(done)) is not gallery_is_restricted
    assert len(rig.discord.messages(gallery)) == gallery_is_restricted


async def test_a_channel_for_results_that_is_one_for_spoilers_veils_them(play: Rig) -> None:
    gallery = await _gallery(play)
    await use(play, "settings", "spoilers", on=True, channel="gallery")
    await play.finished(await play.card(attachments=IMAGE))
    [result] = play.discord.messages(gallery)
    assert [file.spoiler for file in result.files] == [True, True]


@pytest.mark.parametrize("label", ["Again", "Edit"])
async def test_what_goes_on_in_a_channel_since_set_to_spoilers_is_veiled(
    play: Rig, label: str
) -> None:
    done = await play.finished(await play.card())
    await use(play, "settings", "spoilers", on=True)
    pressed = await play.discord.press(
        done, next(one for one in _labels(done) if one.startswith(label)), member="Cleo"
    )
    if label == "Edit":
        await pressed.answer()
        pressed = await play.discord.submit_modal(pressed, {"prompt": "more"})
    made = await play.finished(card_of(await outcome(pressed)))
    assert [file.spoiler for file in made.files] == [True]


async def test_a_hidden_private_video_sends_no_direct_message(play: Rig) -> None:
    play.box.script(faults.wait(1800))
    answer = await play.ask(private=True)
    assert answer.message is not None
    await _hide(play, answer.message)
    await _told(play, step_s=30)
    assert only_job(play).state is State.COMPLETED
    assert play.discord.messages(play.discord.world.dm(play.discord.world.user("Ben"))) == []
    assert play.discord.messages() == []
    assert _videos(await _fetch(play, only_job(play).public_id)) != []
