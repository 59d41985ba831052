"""Whatever is written by members, admins and the vendor: shown as what it is, inside code."""

import csv
import io
import itertools
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from jobs.plain import clean
from models import State
from playground.discord.gateway_session import Session
from playground.neuralbox import faults
from tests.app import budget_hands as at
from tests.app.moderators import MODEL, choose, deny, general, is_asked, notice, told
from tests.hostile.strings import MARK, STRINGS, all_texts, breaches, said_in
from tests.payloads import loud, messages
from tests.pictures import picture
from tests.rig import Rig

pytestmark = pytest.mark.long

SOME = STRINGS[::5]
"""For the way from the socket to the message; in each place each string is tried in test_shown."""
NAME_MARK = "nqx"
NAMES = [text.replace(MARK, NAME_MARK) for text in STRINGS]
NAMED = {"name", "nick", "global_name", "username", "filename", "topic"}
FORMULA = re.compile(r"""^["'\s]*[=+\-@\u2212\uff1d\uff0b\uff0d\uff20]""")


def renamed(found: Any, names: Iterator[str]) -> Any:
    """Return what Discord tells with other names for servers, channels, roles, people and files."""
    if isinstance(found, list):
        return [renamed(one, names) for one in found]
    if not isinstance(found, dict):
        return found
    return {
        key: next(names) if key in NAMED and isinstance(value, str) else renamed(value, names)
        for key, value in found.items()
    }


@pytest.fixture
async def wide(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A bot without limits, on the vendor's largest plan, where everything has a hostile name."""
    names, dispatch = itertools.cycle(NAMES), Session.dispatch

    def told(session: Session, event: str, data: dict[str, Any]) -> None:
        strange = renamed(data, names)
        if event == "INTERACTION_CREATE":
            # What is used, and how it is answered, are words of ours.
            used = data.get("data", {})
            strange["data"] = {**used, "resolved": renamed(used.get("resolved", {}), names)}
            strange |= {"message": data["message"]} if "message" in data else {}
        dispatch(session, event, strange)

    monkeypatch.setattr(Session, "dispatch", told)
    many = {"in_flight_total": 900, "in_flight_per_guild": 900, "in_flight_per_member": 900}
    rig.configure("limits", **many)
    rig.box.allowance.limit_hour = rig.box.allowance.limit_day = None
    await at.purse_rig(rig)
    assert rig.app is not None
    assert all(NAME_MARK in guild.name for guild in rig.app.client.guilds)
    return rig


def all_harmless(rig: Rig) -> None:
    """Look at everything that left for Discord, and at what Discord thought of it."""
    found = [breach for one in messages(rig.records) for breach in breaches(one)]
    assert found == []
    assert loud(rig.records) == []
    assert {one["status"] for one in rig.records} <= {200, 201, 204}
    assert NAME_MARK not in json.dumps(rig.records)
    forms = [one["payload"]["data"] for one in rig.records if _is_form(one)]
    for text in (text for form in forms for text in all_texts(form)):
        assert text == "\n".join(map(clean, text.split("\n"))), text


def _is_form(record: dict[str, Any]) -> bool:
    payload = record["payload"]
    return bool(record["path"].endswith("/callback") and payload.get("type") == 9)


def shows(rig: Rig, marked: str = MARK) -> int:
    """Return how many messages show something of the corpus at all."""
    return sum(any(marked in text for text in said_in(one)) for one in messages(rig.records))


@pytest.mark.fault("H2")
def test_the_corpus_is_large_and_the_reader_is_not_blind() -> None:
    assert len(STRINGS) >= 100
    naive = [one for one in STRINGS if breaches({"content": f"```\n{one}\n```"})]
    assert len(naive) > 50
    bare = [one for one in STRINGS if not breaches({"content": one})]
    # What a backtick of its own already makes code of, and nothing else.
    assert all("`" in one for one in bare)
    assert breaches({"content": "see https://evil.example"})
    assert not breaches({"content": "see https://evil.example", "flags": 4})
    assert not breaches({"content": f"`{MARK}` and ```\n{MARK}\n``` and this"})


@pytest.mark.fault("H3")
def test_text_is_plain_after_cleaning_however_often_it_is_cleaned() -> None:
    for text in STRINGS:
        once = clean(text)
        assert clean(once) == once
        assert not breaches({"content": f"`{once.replace('`', '')}`"})


@pytest.mark.fault("H1")
@pytest.mark.fault("H2")
@pytest.mark.fault("H3")
@pytest.mark.fault("H5")
@pytest.mark.fault("V34")
@pytest.mark.parametrize(
    "strings",
    [
        pytest.param(STRINGS[::3], id="every third"),
        pytest.param(STRINGS, id="all", marks=pytest.mark.long),
    ],
)
async def test_prompts_and_the_vendors_words_stay_inside_code_from_card_to_list(
    wide: Rig, strings: tuple[str, ...]
) -> None:
    wide.box.script(*(faults.fails(text) for text in strings))
    cards = [await wide.card(text, avoid=text) for text in strings]
    for name in ("jobs", "queue"):
        used = await wide.discord.slash("videos", subcommand=name, member="Ada")
        await used.answer()
    await wide.run_until(lambda: all(job.state.is_final for job in wide.jobs_in()), step_s=20)
    await wide.run_until(lambda: all(wide.pings(card) for card in cards), step_s=20)
    assert len(wide.jobs_in(State.FAILED)) == len(strings)
    for number, card in enumerate(cards):
        public_id = wide.job_of(card).public_id
        for action in ("info", "edit")[: 1 + (number % 5 == 0)]:
            pressed = wide.discord.forge_press(card, f"rb:{action}:{public_id}", member="Ada")
            await pressed.answer()
    all_harmless(wide)
    assert shows(wide) > 3 * len(strings)
    used = await wide.discord.slash(
        "budget",
        subcommand="export",
        options={"what": "jobs", "prompts": True},
        member="Ada",
    )
    [file] = (await used.final()).files
    content = wide.discord.parts.cdn.files[file.path].data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert len(rows) == len(strings) + 1
    assert not [cell for row in rows for cell in row if FORMULA.match(cell) and cell[0] != "'"]


@pytest.mark.fault("H2")
@pytest.mark.fault("V34")
async def test_a_refusal_in_the_vendors_own_words_stays_inside_code(wide: Rig) -> None:
    bodies = [
        {"error": "validation_error", "message": text, "details": {"prompt": text}} for text in SOME
    ]
    wide.box.script(*(faults.status(422, body) for body in bodies))
    cards = [await wide.card(f"boat {number}") for number in range(len(SOME))]
    await wide.run_until(lambda: all(wide.pings(card) for card in cards))
    assert len(wide.jobs_in(State.REJECTED)) == len(SOME)
    all_harmless(wide)
    assert shows(wide) >= len(SOME)


@pytest.mark.fault("H2")
async def test_reasons_and_names_that_admins_choose_stay_inside_code(wide: Rig) -> None:
    # Every change is told there as well.
    await at.answer(wide, "warn", {"channel": "general", "levels": "off"})
    for text in SOME:
        reason, name = text[:300], text[:60]
        for subcommand, options in (
            ("pause", {"reason": reason}),
            ("show", {}),
            ("resume", {}),
            ("set", {"tokens": 1000, "period": "month"}),
            ("grant", {"tokens": 1, "reason": reason}),
            ("pot start", {"channel": "videos", "amount": 1, "lasts": "1 day", "name": name}),
            ("pot list", {}),
            ("log", {}),
        ):
            await at.answer(wide, subcommand, options)
            if subcommand in ("pause", "pot start"):
                await wide.refusal()
        [pot] = await wide.discord.autocomplete(
            "budget", "pot", "", subcommand="pot end", member="Ada"
        )
        await at.answer(wide, "pot end", {"pot": pot["value"]})
    told = "SELECT count(*) FROM notice WHERE done = 0"
    await wide.eventually(lambda: wide.read(lambda tx: tx.execute(told).fetchone()[0]) == 0)
    all_harmless(wide)
    assert shows(wide) > 8 * len(SOME)


@pytest.mark.fault("H2")
async def test_what_the_host_says_on_every_server_stays_inside_code(wide: Rig) -> None:
    for text in SOME:
        for subcommand, options in (("pause", {"reason": text[:300]}), ("show", {})):
            used = await wide.discord.slash(
                "admin", subcommand=subcommand, options=options, member="Ada"
            )
            await used.answer()
        await wide.refusal()
    all_harmless(wide)
    assert shows(wide) >= 3 * len(SOME)


@pytest.mark.fault("H2")
async def test_what_moderators_answer_stays_inside_code(wide: Rig) -> None:
    await choose(wide, approve_above="50", approve_channel=str(general(wide)))
    text = next(one for one in STRINGS if one.startswith("```"))
    card = await wide.card(text, avoid=text, model=MODEL, length=10)
    await wide.eventually(lambda: is_asked(wide) and notice(wide).message_id is not None)
    await deny(wide, "".join(SOME)[:300])
    await told(wide, "denied")
    await wide.run_until(lambda: bool(wide.pings(card)))
    all_harmless(wide)


@pytest.mark.fault("H2")
@pytest.mark.fault("H30")
async def test_options_that_are_not_understood_are_not_repeated_as_our_words(wide: Rig) -> None:
    async def said(use: Callable[[], Awaitable[Any]]) -> None:
        answered = await (await use()).answer()
        assert answered.ephemeral

    for text in SOME:
        for options in (
            {"tokens": 100, "period": "month", "time_zone": text[:64]},
            {"tokens": 100, "period": "week", "starts_on": text[:20]},
        ):
            await at.answer(wide, "set", options)
        await at.answer(wide, "warn", {"levels": text[:40]})
        await at.answer(wide, "pot end", {"pot": text[:20]})
        await wide.refusal(model=text[:100])
        get = {"job": text[:40]}
        used = await wide.discord.slash("videos", subcommand="get", options=get)
        assert (await used.answer()).ephemeral
    all_harmless(wide)


@pytest.mark.fault("H2")
@pytest.mark.fault("H14")
async def test_a_files_name_is_nowhere_repeated(wide: Rig) -> None:
    for number in range(len(SOME)):
        # Its name is the next of the corpus by the time that the bot hears of it.
        refused = await wide.refusal("a boat", attachments={"image": ("boat.png", b"no picture")})
        assert "not a picture I can take" in refused, number
    all_harmless(wide)
    card = await wide.card("a boat", attachments={"image": ("boat.png", picture())})
    done = await wide.finished(card)
    assert [file.content_type for file in done.files] == ["image/png", "video/mp4"]
    for file in done.files:
        assert re.fullmatch(r"reelbox-(start-)?\d+\.(mp4|png)", file.filename)
    all_harmless(wide)


@pytest.mark.fault("H2")
@pytest.mark.fault("H3")
async def test_names_of_members_are_drawn_whatever_is_in_them(wide: Rig) -> None:
    guild = wide.discord.world.guild(None)
    names = [f"Member {number}" for number in range(8)]
    for name in names:
        wide.discord.add_member(name)
        await wide.card(f"a boat of {name}", member=name)
    for start in range(0, len(SOME), len(names)):
        for name, text in zip(names, SOME[start:], strict=False):
            guild.members[wide.discord.world.user(name).id].nick = text
        await at.answer(wide, "report", {"days": 7})
    assert [breach for one in messages(wide.records) for breach in breaches(one)] == []
    used = [one for one in messages(wide.records) if one.get("attachments")]
    assert len(used) >= len(SOME) // len(names)
    for message in messages(wide.records):
        for text in said_in(message):
            assert MARK not in text
            assert NAME_MARK not in text
    assert loud(wide.records) == []
    assert {one["status"] for one in wide.records} <= {200, 201, 204}
