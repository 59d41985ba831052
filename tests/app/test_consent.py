"""Whose picture may be animated, through every way in, and how its poster takes a clip down."""

from collections.abc import AsyncIterator, Iterator

import pytest

from models import State, Way
from playground.discord.world import Message
from playground.neuralbox import faults
from storage.choices import Consent
from tests.app.hands import (
    animate,
    boat,
    card_of,
    consent,
    kept,
    only_job,
    policy,
    press,
    roomy,
    said,
    use,
    watch_cdn,
)
from tests.pictures import picture
from tests.rig import Rig, outcome

POLICIES = ("anyone", "own", "opt-in")
SAID: tuple[Consent, ...] = ("server", "yes", "no")
SENTENCES = ("only animate pictures you posted", "does not want", "only if its poster", "bots and")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return watch_cdn(monkeypatch)


@pytest.fixture
async def wide(rig: Rig) -> AsyncIterator[Rig]:
    """A bot that may read messages and allows links, without limits in the way."""
    roomy(rig)
    rig.discord.message_content_enabled = True
    rig.configure("discord", message_content=True)
    rig.configure("pictures", links=[rig.discord.origin])
    await rig.start_bot()
    yield rig


def _others(rule: str, word: Consent) -> bool:
    return word != "no" and (rule == "anyone" or (rule == "opt-in" and word == "yes"))


def _table() -> Iterator[tuple[str, str, Consent, bool, bool]]:
    """Poster, rule, what Ada said, the choice for bots, and whether Ben may."""
    for rule in POLICIES:
        for word in SAID:
            yield "Ada", rule, word, True, _others(rule, word)
            yield "Ben", rule, word, True, True
        for bots in (True, False):
            yield "a bot", rule, "no", bots, bots
            yield "a webhook", rule, "no", bots, bots


async def _posted(rig: Rig) -> dict[str, Message]:
    file = ("boat.png", picture())
    return {
        "Ada": await boat(rig, "Ada"),
        "Ben": await boat(rig, "Ben"),
        "a bot": await rig.discord.say(as_bot="Painter", attachments=[file]),
        "a webhook": await rig.discord.say(as_webhook="News", attachments=[file]),
    }


def _by_the_bot(fetched: list[str]) -> list[str]:
    """Return what was fetched without what the vendor fetches from a card, whenever it does."""
    return [path for path in fetched if "reelbox-start" not in path]


async def _answered(rig: Rig, asked: Message) -> None:
    await rig.eventually(lambda: len(rig.pings(asked)) == 1)


async def test_a_right_click_obeys_the_rule_and_the_poster_and_fetches_nothing_first(
    wide: Rig, fetched: list[str]
) -> None:
    posts = await _posted(wide)
    for poster, rule, word, bots, may in _table():
        await policy(wide, pictures=rule, bots=None if bots else "no")
        await consent(wide, "Ada", word)
        menu = await wide.discord.message_command("Animate image", posts[poster])
        answer = await menu.answer()
        assert (answer.kind == "modal") == may, (poster, rule, word, bots)
        if not may:
            assert any(words in said(answer) for words in SENTENCES)
    assert fetched == []
    assert wide.jobs_in() == []


async def test_a_mention_in_reply_obeys_the_same_and_leaves_only_a_note(
    wide: Rig, fetched: list[str]
) -> None:
    posts = await _posted(wide)
    for poster, rule, word, bots, may in _table():
        await policy(wide, pictures=rule, bots=None if bots else "no")
        await consent(wide, "Ada", word)
        fetched.clear()
        before = len(wide.jobs_in())
        asked = await wide.discord.say(
            f"{wide.discord.bot_mention} it sails", reply_to=posts[poster]
        )
        await _answered(wide, asked)
        [reply] = wide.pings(asked)
        is_card = bool(reply.embeds)
        assert is_card == may, (poster, rule, word, bots)
        assert (len(wide.jobs_in()) - before == 1) == may
        if not may:
            assert any(words in reply.content for words in SENTENCES)
            assert _by_the_bot(fetched) == []
    wide.sound()


async def test_ones_own_attachment_is_always_taken_and_a_link_only_where_anyones_is(
    wide: Rig, fetched: list[str]
) -> None:
    file = picture()
    link = wide.discord.link_embed("https://example.com/a.png", file)["thumbnail"]["proxy_url"]
    link = wide.discord.origin + link.removeprefix("cdn:")
    await consent(wide, "Ben", "no")
    for rule in POLICIES:
        await policy(wide, pictures=rule)
        await wide.card(attachments={"image": ("boat.png", file)})
        fetched.clear()
        if rule == "anyone":
            await wide.card(link=link)
            assert len(fetched) >= 1
        else:
            assert "a link does not tell that" in await wide.refusal(link=link)
            assert [path for path in fetched if path.startswith("/external/")] == []
    assert len(wide.jobs_in()) == 4


async def test_a_no_said_while_the_form_is_open_still_counts(wide: Rig, fetched: list[str]) -> None:
    posted = await boat(wide)
    menu = await wide.discord.message_command("Animate image", posted)
    assert (await menu.answer()).kind == "modal"
    await use(wide, "preferences", "pictures", choice="no")
    form = await wide.discord.submit_modal(menu, {"prompt": "it sails"})
    assert "does not want it animated" in said(await outcome(form))
    assert fetched == []
    assert wide.jobs_in() == []
    assert wide.guild_account().held_tokens == 0


async def test_after_a_no_nobody_but_the_poster_goes_on_from_a_clip(
    wide: Rig, fetched: list[str]
) -> None:
    card = card_of(await animate(wide, await boat(wide), prompt="it sails"))
    done = await wide.finished(card)
    form = await wide.discord.press(done, "Edit", member="Cleo")
    assert (await form.answer()).kind == "modal"
    await use(wide, "preferences", "pictures", choice="no")
    fetched.clear()
    for member in ("Ben", "Cleo"):
        for label in ("Again", "Edit", "Continue"):
            words = said(await press(wide, done, label, member))
            assert "does not want it animated" in words, (member, label)
    late = await wide.discord.submit_modal(form, {"prompt": "it sinks"})
    assert "does not want it animated" in said(await outcome(late))
    assert (len(wide.jobs_in()), fetched) == (1, [])
    again = card_of(await press(wide, done, "Again", "Ada"))
    assert wide.job_of(again).origin.poster_id == wide.discord.world.user("Ada").id
    wide.sound()


async def test_a_picture_on_one_of_our_cards_belongs_to_whoever_posted_it_first(
    wide: Rig, fetched: list[str]
) -> None:
    ada = wide.discord.world.user("Ada").id
    card = card_of(await animate(wide, await boat(wide), prompt="it sails"))
    await wide.eventually(lambda: only_job(wide).state is State.PENDING)
    second = card_of(await animate(wide, wide.shown(card), "Cleo", prompt="it turns"))
    job = wide.job_of(second)
    assert (job.origin.poster_id, job.origin.way) == (ada, Way.MENU)
    done = await wide.finished(card)
    await consent(wide, "Ada", "no")
    fetched.clear()
    for shown in (done, wide.shown(second)):
        assert "does not want it animated" in said(await animate(wide, shown, "Cleo"))
        asked = await wide.discord.say(
            f"{wide.discord.bot_mention} it sinks", member="Cleo", reply_to=shown
        )
        await _answered(wide, asked)
        assert "does not want it animated" in wide.pings(asked)[0].content
    assert len(wide.jobs_in()) == 2
    assert _by_the_bot(fetched) == []


async def test_a_picture_of_ours_whose_poster_is_unknown_is_not_animated_by_a_mention(
    wide: Rig,
) -> None:
    ours = await wide.discord.say(
        member=wide.discord.world.bot, attachments=[("old.png", picture())]
    )
    asked = await wide.discord.say(f"{wide.discord.bot_mention} it sails", reply_to=ours)
    await wide.eventually(lambda: len(wide.pings(asked)) == 1)
    assert wide.jobs_in() == []


async def test_one_press_of_the_poster_takes_a_clip_down_for_good(wide: Rig) -> None:
    card = card_of(await animate(wide, await boat(wide), prompt="it sails"))
    done = await wide.finished(card)
    [ping] = wide.pings(card)
    [job] = wide.jobs_in()
    before = (wide.guild_account(), wide.account("org"), wide.box.charged_total)
    assert (len(kept(wide, "videos")), len(kept(wide, "pictures"))) == (1, 1)
    words = said(await press(wide, done, "Delete", "Ada"))
    assert "Taken down" in words
    assert "Nothing is refunded" in words
    await wide.eventually(lambda: kept(wide, "videos") == kept(wide, "pictures") == [])
    gone = {card.id, ping.id}
    await wide.eventually(lambda: not gone & {m.id for m in wide.discord.messages()})
    assert (wide.guild_account(), wide.account("org"), wide.box.charged_total) == before
    used = await wide.discord.slash("videos", subcommand="get")
    listed = (await used.answer()).message
    assert listed is not None
    assert "You have made no videos" in listed.embeds[0]["description"]
    used = await wide.discord.slash("videos", subcommand="get", job=job.public_id)
    shown = await used.final()
    assert shown.files == []
    wide.sound()


async def test_a_strangers_press_on_delete_takes_nothing_down(wide: Rig) -> None:
    card = card_of(await animate(wide, await boat(wide), prompt="it sails"))
    done = await wide.finished(card)
    assert "Only whoever asked" in said(await press(wide, done, "Delete", "Cleo"))
    assert wide.shown(card).files != []


async def test_the_poster_calls_off_a_clip_that_was_not_sent_free_of_charge(wide: Rig) -> None:
    wide.box.script(faults.rate_limited(600))
    card = card_of(await animate(wide, await boat(wide), prompt="it sails"))
    await wide.eventually(lambda: wide.posts() == 1 and only_job(wide).state is State.QUEUED)
    assert "is cancelled" in said(await press(wide, wide.shown(card), "Cancel", "Ada"))
    done = await wide.finished(card)
    assert "does not want it animated" in wide.fields(done)["Why, and what next"]
    await wide.clock.advance(1200)
    assert (wide.posts(), wide.box.charged_total) == (1, 0)
    assert wide.guild_account().held_tokens == 0
    wide.sound()


async def test_the_posters_cancel_of_a_clip_on_its_way_takes_the_result_down_when_it_comes(
    wide: Rig,
) -> None:
    card = card_of(await animate(wide, await boat(wide), prompt="it sails"))
    await wide.eventually(lambda: only_job(wide).state is State.PENDING)
    answer = await press(wide, wide.shown(card), "Cancel", "Ada")
    assert "Too late" in said(answer)
    assert answer.message is not None
    pressed = await wide.discord.press(answer.message, "Take the result down", member="Ada")
    assert "will not be shown" in said(await pressed.answer())
    await wide.run_until(lambda: bool(wide.shown(card).embeds[0]["title"].endswith("taken down")))
    done = wide.shown(card)
    assert done.files == []
    assert wide.fields(done)["Cost"] == "Charged 44 tokens"
    assert wide.pings(card) == []
    assert kept(wide, "videos") == kept(wide, "pictures") == []
    wide.sound()
