"""/videos get, jobs and queue: one's own, privately, of this server."""

from typing import Any

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from tests.rig import Rig


async def videos(rig: Rig, subcommand: str, **options: Any) -> Message:
    interaction = await rig.discord.slash("videos", subcommand=subcommand, **options)
    answer = await interaction.answer()
    assert answer.ephemeral
    assert answer.message is not None
    return answer.message


async def test_get_lists_ones_own_videos_and_sends_the_chosen_one(play: Rig) -> None:
    done = await play.finished(await play.card("the first boat"))
    other = await play.card("a strangers boat", member="Cleo")
    await play.finished(other)
    listed = await videos(play, "get")
    text = listed.embeds[0]["description"]
    assert "the first boat" in text
    assert "strangers" not in text
    chosen = await play.discord.choose(
        listed, "rb:fetch", play.job_of(done).public_id, member="Ben"
    )
    shown = await chosen.final()
    assert [file.content_type for file in shown.files] == ["video/mp4"]


async def test_get_by_number_or_id_gives_nobody_elses_video(play: Rig) -> None:
    done = await play.finished(await play.card("mine alone"))
    job = play.job_of(done)
    for given in (str(job.id), job.public_id):
        interaction = await play.discord.slash(
            "videos", subcommand="get", member="Cleo", options={"job": given}
        )
        answer = await interaction.answer()
        assert answer.ephemeral
        assert answer.message is not None
        assert "do not know a video" in answer.message.content
    choices = await play.discord.autocomplete("videos", "job", "", subcommand="get", member="Cleo")
    assert choices == []
    mine = await play.discord.autocomplete("videos", "job", "mine", subcommand="get")
    assert [choice["value"] for choice in mine] == [job.public_id]


async def test_get_from_another_server_finds_nothing(play: Rig) -> None:
    done = await play.finished(await play.card())
    job = play.job_of(done)
    interaction = await play.discord.slash(
        "videos", subcommand="get", guild="Second Server", options={"job": job.public_id}
    )
    answer = await interaction.answer()
    assert answer.message is not None
    assert "do not know a video" in answer.message.content


async def test_get_fits_a_large_video_into_the_members_limit(play: Rig) -> None:
    guild = play.discord.world.guild(None)
    play.box.script(faults.file_size(11 * 1024 * 1024, on=faults.CREATE))
    play.discord.set_upload_limit(guild, 50 * 1024 * 1024)
    card = await play.card()
    await play.finished(card)
    play.discord.set_upload_limit(guild, 10 * 1024 * 1024)
    job_id = str(play.job_of(card).id)
    interaction = await play.discord.slash("videos", subcommand="get", options={"job": job_id})
    shown = await interaction.final()
    [file] = shown.files
    assert file.size < 10 * 1024 * 1024
    assert "a smaller copy" in shown.content


async def test_jobs_shows_ones_own_with_place_and_countdown(play: Rig) -> None:
    play.configure("limits", in_flight_per_member=1)
    await play.restart_bot()
    first = await play.card("running boat", model="kling-v2.1")
    await play.eventually(lambda: play.job_of(first).state is State.PENDING)
    for prompt in ("waiting boat", "last boat"):
        await play.card(prompt)
    await play.card("a strangers boat", member="Cleo")
    await play.eventually(lambda: len(play.jobs_in(State.QUEUED)) >= 2)
    text = (await videos(play, "jobs")).embeds[0]["description"]
    assert "expected <t:" in text
    assert "place 1" in text
    assert "strangers" not in text


async def test_queue_is_for_moderators_and_shows_everybodys(play: Rig) -> None:
    await play.card("a boat", member="Ben")
    await play.card("another boat", member="Cleo")
    refused = await videos(play, "queue", member="Ben")
    assert "Only moderators" in refused.content
    listed = await videos(play, "queue", member="Ada")
    text = listed.embeds[0]["description"]
    assert "a boat" in text
    assert "another boat" in text
    assert listed.mentions == []
    elsewhere = await videos(play, "queue", member="Dora", guild="Second Server")
    assert "Nothing is on its way" in elsewhere.embeds[0]["description"]


async def test_the_queue_does_not_tell_what_a_private_video_is_about(play: Rig) -> None:
    await play.ask("my secret boat", private=True)
    listed = await videos(play, "queue", member="Ada")
    assert "a private video" in listed.embeds[0]["description"]
    assert "secret" not in str(listed.embeds)


async def test_empty_lists_say_what_to_do(play: Rig) -> None:
    assert "`/video` makes one" in (await videos(play, "get")).embeds[0]["description"]
    assert "None of your videos" in (await videos(play, "jobs")).embeds[0]["description"]
