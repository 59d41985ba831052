import pytest

from models import State
from tests.rig import Rig

SLUGS = (
    "luma-flash2",
    "kling-v2.1",
    "kling-v2.1-pro",
    "minimax-video",
    "luma-ray2",
    "luma-ray2-1080p",
    "mj-video-480p",
    "mj-video-720p",
)


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_sentence_becomes_a_video_in_the_same_message(play: Rig, slug: str) -> None:
    card = await play.card("a paper boat in the rain", model=slug)
    job = play.job_of(card)
    assert play.guild_account().held_tokens == job.hold_tokens > 0
    assert f"{job.hold_tokens:,} tokens held" in play.fields(card)["Price"]

    done = await play.finished(card)

    job = play.job_of(card)
    assert job.state is State.COMPLETED
    assert done.id == card.id
    assert "ready" in done.embeds[0]["title"]
    assert f"{job.charged_tokens:,} tokens" in play.fields(done)["Charged"]
    [file] = done.files
    assert file.content_type == "video/mp4"
    assert "a paper boat in the rain" in (file.description or "")
    [ping] = play.pings(card)
    assert ping.mentions == [job.user_id]
    [sent] = [
        seen for seen in play.box.requests if seen.method == "POST" and seen.path == "/generate"
    ]
    assert (sent.json["model"], sent.json["duration"], sent.json["aspect_ratio"]) == (
        slug,
        5,
        "16:9",
    )
    assert play.guild_account().held_tokens == 0
    play.sound()


async def test_a_handful_of_edits_and_of_requests_make_a_video(play: Rig) -> None:
    await play.refreshed()
    card = await play.card()
    done = await play.finished(card)
    assert done.edits <= 3
    job = play.job_of(card)
    looks = [
        r
        for r in play.box.requests
        if r.path in (f"/generate/{job.generation_id}", "/user/history")
    ]
    # It takes 90 s, as long as any that is no straggler; asking every 5 s would take 18.
    assert 1 <= len(looks) <= 13
