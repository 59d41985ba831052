"""Pictures that are none, come late or may not be taken: a private sentence, and nothing held."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from models import State
from playground.discord import NotPossibleError, fault
from playground.discord.cdn import Cdn
from playground.discord.interactions import Interaction
from tests.app.hands import animate, boat, kept, labels, roomy, said, watch_cdn
from tests.media.hostile import PNG, black_png, ihdr, jpeg_header
from tests.pictures import picture
from tests.rig import Rig, outcome

MIB = 1024 * 1024
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/x"/></svg>'
HOSTILE = {
    "svg": ("boat.svg", SVG, "not a picture I can take"),
    "html named png": ("boat.png", b"<html><script>1</script>", "not a picture I can take"),
    "empty": ("boat.png", b"", "empty"),
    "header alone": ("boat.png", PNG + ihdr(640, 360), "damaged or incomplete"),
    "cut short": ("boat.png", picture()[:900], "damaged or incomplete"),
    "bomb": ("boat.png", black_png(30_000, 1_000), "one side may be at most"),
    "lying jpeg": ("boat.jpg", jpeg_header(30_000, 30_000), "megapixels"),
    "video": ("boat.png", b"\0\0\0\x18ftypmp42" + b"\0" * 600, "not a picture I can take"),
    "oversize": ("boat.png", picture() + b"\0" * (2 * MIB), "larger than 1"),
}


def _untouched(rig: Rig) -> bool:
    """No job, nothing held, nothing kept, nothing sent."""
    return (
        rig.jobs_in() == []
        and rig.posts() == 0
        and kept(rig, "pictures") == []
        and rig.read(lambda tx: tx.execute("SELECT count(*) FROM account").fetchone()[0]) == 0
    )


@pytest.mark.fault("H12")
async def test_no_hostile_file_leaves_more_than_a_private_sentence(rig: Rig) -> None:
    roomy(rig)
    rig.configure("pictures", max_mib=1)
    await rig.start_bot()
    for name, (file, content, words) in HOSTILE.items():
        assert words in await rig.refusal(attachments={"image": (file, content)}), name
    assert rig.discord.messages() == []
    for name, (file, content, words) in HOSTILE.items():
        posted = await rig.discord.say(member="Ada", attachments=[(file, content)])
        sentence = said(await animate(rig, posted, prompt="it sails"))
        assert words in sentence or "There is no picture" in sentence, name
        rig.discord.delete_message(posted)
    assert rig.discord.messages() == []
    assert _untouched(rig)


class HeldCdn:
    """Discord's file store, answering when it is let to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = asyncio.Event()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> HeldCdn:
    """Before `play`: its server then keeps whoever asks for a file waiting."""
    held, signed = HeldCdn(), Cdn._signed

    async def wait(self: Cdn, request: web.Request) -> web.StreamResponse:
        held.asked.set()
        await held.may_answer.wait()
        return await signed(self, request)

    monkeypatch.setattr(Cdn, "_signed", wait)
    monkeypatch.setattr("ui.desk.FIRST_ANSWER_S", 0.05)
    return held


async def test_a_slow_picture_is_put_off_in_public_and_becomes_a_card(
    held: HeldCdn, play: Rig
) -> None:
    interaction = await play.discord.slash(
        "video", prompt="it sails", attachments={"image": ("boat.png", picture())}
    )
    first = await interaction.answer()
    assert (first.kind, first.ephemeral) == ("deferred", False)
    held.may_answer.set()
    card = await interaction.final()
    assert [file.embedded for file in card.files] == [True]
    done = await play.finished(card)
    assert len(done.files) == 2
    play.sound()


async def test_a_slow_picture_that_is_refused_leaves_no_public_trace(
    held: HeldCdn, play: Rig
) -> None:
    interaction = await play.discord.slash(
        "video", prompt="it sails", attachments={"image": ("boat.png", b"<html>")}
    )
    assert (await interaction.answer()).kind == "deferred"
    held.may_answer.set()
    told = await interaction.final()
    assert told.ephemeral
    assert "not a picture I can take" in told.content
    assert play.discord.messages() == []
    assert _untouched(play)


async def test_a_slow_picture_that_is_too_dear_leaves_an_offer_and_no_public_trace(
    held: HeldCdn, rig: Rig
) -> None:
    rig.configure("budget", guild_tokens=50)
    await rig.start_bot()
    await rig.refreshed()
    interaction = await rig.discord.slash(
        "video", prompt="it sails", length=10, attachments={"image": ("boat.png", picture())}
    )
    assert (await interaction.answer()).kind == "deferred"
    held.may_answer.set()
    told = await interaction.final()
    assert told.ephemeral
    assert labels(told) == ["Shrink to fit · 5 s Kling 2.1 · 44"]
    assert rig.discord.messages() == []
    assert rig.jobs_in() == []


async def test_a_replay_of_a_slow_order_does_not_spoil_the_first(held: HeldCdn, play: Rig) -> None:
    interaction = await play.discord.slash(
        "video", prompt="it sails", attachments={"image": ("boat.png", picture())}
    )
    play.discord.replay(interaction)
    assert (await interaction.answer()).kind == "deferred"
    play.discord.replay(interaction)
    await play.discord.autocomplete("video", "model", "")  # so the replay is handled as well
    held.may_answer.set()
    card = await interaction.final()
    await play.finished(card)
    assert [message.ephemeral for message in interaction.messages] == [False]
    assert len(play.jobs_in()) == play.posts() == 1
    play.sound()


@pytest.mark.fault("C2")
async def test_a_slow_order_that_somebody_else_answered_is_left_to_them(
    held: HeldCdn, play: Rig
) -> None:
    answered = {"code": 40060, "message": "Interaction has already been acknowledged."}
    play.discord.script(
        fault("POST", r"/callback", status=400, body=answered),
    )
    mark = len(play.records)
    used = await play.discord.slash(
        "video", prompt="it sails", attachments={"image": ("boat.png", picture())}
    )
    await play.eventually(lambda: not play.discord.parts.faults.faults)
    # Its picture must not come before the bot has heard what Discord answered.
    await play.eventually(lambda: not _is_ordering(used))
    held.may_answer.set()
    await play.discord.autocomplete("video", "model", "")
    deletions = [one for one in play.records[mark:] if one["method"] == "DELETE"]
    assert deletions == []
    assert play.jobs_in() == []


def _is_ordering(used: Interaction) -> bool:
    """Whether the bot is still at work on the order of an interaction."""
    return any(task.get_name() == f"order-{used.id}" for task in asyncio.all_tasks())


async def test_a_link_that_ran_out_while_the_form_was_open_is_told(play: Rig) -> None:
    posted = await boat(play)
    menu = await play.discord.message_command("Animate image", posted)
    assert (await menu.answer()).kind == "modal"
    play.discord.delete_message(posted)
    form = await play.discord.submit_modal(menu, {"prompt": "it sails"})
    assert "attach the picture again" in said(await outcome(form))
    assert _untouched(play)


async def test_a_form_that_was_open_for_too_long_is_told(play: Rig) -> None:
    menu = await play.discord.message_command("Animate image", await boat(play))
    assert (await menu.answer()).kind == "modal"
    await play.clock.advance(3700)
    form = await play.discord.submit_modal(menu, {"prompt": "it sails"})
    assert "too long ago" in said(await outcome(form))
    assert _untouched(play)


async def test_a_model_that_takes_no_picture_is_neither_offered_nor_taken(rig: Rig) -> None:
    rig.configure("video", without_picture=["kling-v2.1", "luma-flash2"])
    await rig.start_bot()
    image = {"image": ("boat.png", picture())}
    offered = await rig.discord.autocomplete("video", "model", "", options=image)
    assert {"kling-v2.1", "luma-flash2"} & {one["value"] for one in offered} == set()
    everything = await rig.discord.autocomplete("video", "model", "")
    assert len(everything) == len(offered) + 2
    words = await rig.refusal(model="luma-flash2", attachments=image)
    assert "Nothing was charged" in words
    assert rig.jobs_in() == []
    menu = await rig.discord.message_command("Animate image", await boat(rig))
    modal = str((await menu.answer()).modal)
    assert "luma-flash2" not in modal
    card = await rig.card(attachments=image)
    assert rig.job_of(card).request.model not in ("kling-v2.1", "luma-flash2")


@pytest.fixture
async def linked(rig: Rig) -> AsyncIterator[Rig]:
    """A bot that takes links to one origin."""
    roomy(rig)
    rig.configure("pictures", links=[rig.discord.origin])
    await rig.start_bot()
    yield rig


async def test_links_are_no_option_unless_the_host_allows_them(play: Rig) -> None:
    offered = play.discord.commands_for(play.guild_id)
    [command] = [one for one in offered if one["name"] == "video"]
    assert "link" not in [option["name"] for option in command["options"]]
    with pytest.raises(NotPossibleError):
        await play.ask(link="https://example.com/a.png")


def _stored(rig: Rig, content: bytes) -> str:
    shown = rig.discord.link_embed("https://example.com/a.png", content)["thumbnail"]
    return rig.discord.origin + str(shown["proxy_url"]).removeprefix("cdn:")


async def test_an_allowed_link_is_taken_and_becomes_a_video(linked: Rig) -> None:
    card = await linked.card(link=_stored(linked, picture(360, 640)))
    await linked.finished(card)
    job = linked.job_of(card)
    assert (job.state, job.request.aspect_ratio, job.origin.poster_id) == (
        State.COMPLETED,
        "9:16",
        None,
    )
    both = {"image": ("boat.png", picture())}
    assert "not both" in await linked.refusal(link=_stored(linked, picture()), attachments=both)


@pytest.mark.fault("H6")
async def test_no_hostile_address_is_asked(linked: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = watch_cdn(monkeypatch)
    good = _stored(linked, picture())
    port = linked.discord.port
    for address in (
        good.replace("http://", "https://"),
        good.replace("127.0.0.1", "localhost"),
        good.replace("127.0.0.1", "127.1"),
        good.replace("127.0.0.1", "2130706433"),
        good.replace("127.0.0.1", "0x7f.0.0.1"),
        good.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        good.replace("127.0.0.1", "user@127.0.0.1"),
        good.replace(f":{port}", f":{linked.box.origin.rsplit(':', 1)[1]}"),
        "http://169.254.169.254/latest/meta-data/",
        "https://evil.example/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "gopher://127.0.0.1/x",
        "//127.0.0.1/x",
        "a.png",
        f"http://127.0.0.1:{port}\\@evil.example/a.png",
        f"http://evil.example\\@127.0.0.1:{port}/a.png",
    ):
        words = await linked.refusal(link=address)
        assert "Nothing was charged" in words, address
        assert "127.0.0.1" not in words
    assert asked == []
    assert linked.box.file_requests == []
    assert _untouched(linked)
