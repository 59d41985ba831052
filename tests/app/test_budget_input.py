"""Whatever is typed or forged into /budget: a private sentence, and nothing changed or shouted."""

from typing import Any

import pytest

from playground.discord import NotPossibleError
from tests.app import budget_hands as at
from tests.app.budget_hands import answer, budget, changes, forge, leaf, purse_rig, words
from tests.rig import Rig

NUMBERS: dict[str, tuple[str, dict[str, Any]]] = {
    "set": ("tokens", {}),
    "everyone": ("tokens", {}),
    "role": ("tokens", {"role": "Admin"}),
    "member": ("tokens", {"member": "Ben"}),
    "grant": ("tokens", {"reason": "x"}),
    "pause": ("hours", {"reason": "x"}),
    "confirm": ("above", {}),
    "approval": ("above", {"channel": "general"}),
    "brake": ("percent", {}),
    "pot start": ("amount", {"channel": "general", "lasts": "1 day"}),
    "log": ("page", {}),
    "report": ("days", {}),
    "simulate": ("per_member", {}),
}
ZERO_IS_FINE = {"set", "everyone", "role", "member", "confirm", "approval", "brake", "simulate"}
REQUIRED = {"grant", "pot start"}
ODD: list[Any] = [
    -1,
    0,
    10_000_001,
    2**31,
    2**63,
    -(2**63) - 1,
    10**30,
    1.5,
    "12",
    "lots",
    "",
    None,
    [1],
    {"a": 1},
]
HOSTILE = (
    "@everyone <@1> <@&2> **bold** `code` ```block``` [a](http://b) \N{RIGHT-TO-LEFT OVERRIDE}kcab "
    "||x|| # big\n> quote\n-# small \N{ZERO WIDTH SPACE}"
)


@pytest.mark.fault("D20")
@pytest.mark.fault("H22")
@pytest.mark.parametrize("subcommand", NUMBERS)
async def test_odd_numbers_change_nothing_and_are_answered_kindly(
    rig: Rig, subcommand: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.start_bot()
    name, others = NUMBERS[subcommand]
    value: Any = None

    def change(payload: dict[str, Any]) -> None:
        for option in leaf(payload):
            if option["name"] == name:
                option["value"] = value

    forge(monkeypatch, change)
    for value in ODD:
        if value == 0 and subcommand in ZERO_IS_FINE:
            continue
        if value == -1 and subcommand == "grant":
            continue  # that many may be taken back
        if value is None and subcommand not in REQUIRED:
            continue  # as if it were left out
        said = words(await answer(rig, subcommand, {**others, name: 1}))
        assert "reference" not in said, (value, said)
        assert at.untouched(rig), value
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


@pytest.mark.parametrize("typed", [-1, 10_000_001, 2.5, "12"])
async def test_the_client_refuses_what_is_out_of_bounds_already(play: Rig, typed: Any) -> None:
    with pytest.raises(NotPossibleError):
        await answer(play, "set", {"tokens": typed})


TEXTS: list[tuple[str, dict[str, Any], str]] = [
    ("set", {"tokens": 1, "time_zone": "Mars/Olympus"}, "I do not know that time zone"),
    ("set", {"tokens": 1, "time_zone": "../../etc/passwd"}, "I do not know that time zone"),
    ("set", {"tokens": 1, "time_zone": "localtime"}, "I do not know that time zone"),
    ("set", {"tokens": 1, "period": "week", "starts_on": "8"}, "A week starts on a weekday"),
    ("set", {"tokens": 1, "period": "month", "starts_on": "32"}, "from 1 to 31"),
    ("set", {"tokens": 1, "period": "month", "starts_on": "0"}, "from 1 to 31"),
    ("set", {"tokens": 1, "period": "day", "starts_on": "1"}, "Only weeks and months"),
    ("warn", {"levels": "0 50"}, "percentages from 1 to 100"),
    ("warn", {"levels": "101"}, "percentages from 1 to 100"),
    ("warn", {"levels": "1 2 3 4 5 6"}, "up to 5 percentages"),
    ("warn", {"levels": "half"}, "percentages from 1 to 100"),
    ("warn", {"levels": "-50"}, "percentages from 1 to 100"),
    ("warn", {"levels": "50.5"}, "percentages from 1 to 100"),
    ("warn", {"channel": "quiet"}, "I am missing **Send Messages, Embed Links** there"),
    ("approval", {"above": 5, "channel": "quiet"}, "I am missing **Send Messages, Embed Links**"),
    ("approval", {"above": 5}, "in which channel moderators are asked"),
    ("pot start", {"channel": "general", "amount": 1, "lasts": "soon"}, "from 1 hour to 92 days"),
    ("pot start", {"channel": "general", "amount": 1, "lasts": "0 days"}, "from 1 hour to 92"),
    ("pot start", {"channel": "general", "amount": 1, "lasts": "93 days"}, "from 1 hour to 92"),
    ("pot start", {"channel": "general", "amount": 1, "lasts": "-1 day"}, "from 1 hour to 92"),
    ("pot end", {"pot": "7"}, "has ended already"),
    ("pot end", {"pot": "x"}, "pick a pot from the list"),
    ("pot end", {"pot": "9" * 20}, "pick a pot from the list"),
    ("resume", {}, "was not paused"),
    ("resume", {"member": "Ben"}, "was not paused"),
]


async def test_texts_that_mean_nothing_are_answered_with_what_would_do(play: Rig) -> None:
    for subcommand, options, expected in TEXTS:
        said = words(await answer(play, subcommand, options))
        assert expected in said, (subcommand, options, said)
        assert "othing was changed" in said, (subcommand, options, said)
        assert at.untouched(play), (subcommand, options)


@pytest.mark.fault("H30")
async def test_choices_that_are_not_offered_are_refused_when_forged(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(payload: dict[str, Any]) -> None:
        for option in leaf(payload):
            if option["name"] == "period":
                option["value"] = "year'; DROP TABLE pool"

    forge(monkeypatch, change)
    uses: dict[str, dict[str, Any]] = {
        "set": {"tokens": 5},
        "everyone": {"tokens": 5},
        "member": {"tokens": 5, "member": "Ben"},
        "role": {"tokens": 5, "role": "Admin"},
    }
    for subcommand, options in uses.items():
        said = words(await answer(play, subcommand, {**options, "period": "day"}))
        assert said == "I do not know that period. Nothing was changed."
    assert at.untouched(play)


def inert(text: str) -> bool:
    """Say whether the hostile words stand in inline code, whole and on one line."""
    cut = text.find("`@everyone <@1>")
    if cut < 0:
        return False
    return "`" not in text[cut + 1 : text.index("-# small", cut)] and not {
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\N{ZERO WIDTH SPACE}",
    } & set(text)


@pytest.mark.fault("H2")
async def test_hostile_reasons_and_names_are_inert_wherever_they_are_shown(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=900, period="month", reason=HOSTILE)
    await budget(rig, "warn", channel="general")
    await budget(rig, "grant", tokens=5, reason=HOSTILE)
    log = await budget(rig, "log")
    assert all(inert(line) for line in log.splitlines() if "@everyone" in line)
    assert log.count("@everyone") == 2
    assert changes(rig)[0].reason == " ".join(HOSTILE.translate({0x202E: "", 0x200B: ""}).split())
    name = "`@everyone <@1>` **x** ||y|| -# small"
    place = {"channel": "boats", "amount": 10, "lasts": "1 day", "name": name}
    started = words(await answer(rig, "pot start", place))
    refused = await rig.refusal(member="Ben", channel="boats")
    shown = await at.tokens(rig, "Ben", channel="boats")
    for text in (
        started,
        refused,
        shown,
        await budget(rig, "pot list"),
        await budget(rig, "rules"),
    ):
        assert inert(text.replace("\N{MODIFIER LETTER GRAVE ACCENT}@", "@", 1)), text
    await budget(rig, "pause", reason=HOSTILE)
    refused = await rig.refusal(member="Ben")
    for text in (refused, await at.tokens(rig, "Ben"), await budget(rig, "rules")):
        assert inert(text), text
    await rig.eventually(lambda: len(rig.discord.messages("general")) == len(at.told(rig)))
    for message in rig.discord.messages("general"):
        assert message.notified == frozenset()
        text = at.words(message)
        assert "@everyone" not in text or inert(text), text


async def test_the_longest_reasons_fit_every_answer_and_no_line_is_lost_between_pages(
    rig: Rig,
) -> None:
    await purse_rig(rig)
    zones = ("America/Argentina/Buenos_Aires", "America/Argentina/ComodRivadavia")
    for number in range(20):
        reason = f"{number:03} " + "\N{PILE OF POO}" * 74 + "x" * 222
        await budget(
            rig,
            "set",
            tokens=9_999_999 - number,
            period="month",
            starts_on="31",
            time_zone=zones[number % 2],
            reason=reason[:300],
        )
    await budget(rig, "pause", reason="z" * 300)
    pages = [await budget(rig, "log", page=page) for page in (1, 2, 3)]
    assert all("more" not in page for page in pages)
    found = [f"`{number:03} " in "".join(pages) for number in range(20)]
    assert all(found)
    assert "1 to 7, newest first; older ones: /budget log page:2" in pages[0]
    assert pages[2].endswith("15 to 21, newest first")
    assert "nothing that far back" in await budget(rig, "log", page=4)
    assert "z" * 300 in await rig.refusal(member="Ben")
    assert "z" * 300 in await at.tokens(rig, "Ben")


async def test_choices_are_told_in_words_in_the_trail(play: Rig) -> None:
    play.discord.rate_limits = False
    general = at.channel(play, "general")
    await budget(play, "warn", channel="general", levels="off")
    await budget(play, "warn", levels="75 50%")
    await budget(play, "brake", percent=0, minutes=5)
    await budget(play, "confirm", above=1000)
    await budget(play, "confirm")
    await budget(play, "approval", above=2000, channel="general")
    await budget(play, "approval", channel="videos")
    await budget(play, "approval")
    told = [(one.what, one.before, one.after) for one in changes(play)]
    assert told == [
        ("budget channel for messages", "none", f"<#{general}>"),
        ("budget warnings at", "50 80 95 %", "off"),
        ("budget warnings at", "off", "50 75 %"),
        ("budget spend brake, percent", "50 %", "off"),
        ("budget spend brake, minutes", "10", "5"),
        ("budget confirmation above", "off", "1,000 tokens"),
        ("budget confirmation above", "1,000 tokens", "off"),
        ("budget approval above", "off", "2,000 tokens"),
        ("budget where approval is asked", "none", f"<#{general}>"),
        ("budget where approval is asked", f"<#{general}>", f"<#{at.channel(play, 'videos')}>"),
        ("budget approval above", "2,000 tokens", "off"),
    ]


async def test_ids_that_stand_for_nobody_and_forgotten_options_change_nothing(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses: dict[str, dict[str, Any]] = {
        "role": {"role": "Admin", "tokens": 5},
        "member": {"member": "Ben", "tokens": 5},
        "grant": {"member": "Ben", "tokens": 5, "reason": "x"},
        "pause": {"member": "Ben", "reason": "x"},
        "warn": {"channel": "general"},
        "approval": {"channel": "general", "above": 5},
        "pot start": {"channel": "general", "amount": 5, "lasts": "1 day"},
    }
    how = ""

    def change(payload: dict[str, Any]) -> None:
        options = leaf(payload)
        if how == "unresolved":
            payload["data"]["resolved"] = {}
        else:
            options.clear()

    forge(monkeypatch, change)
    for how in ("unresolved", "left out"):
        for subcommand, options in uses.items():
            said = words(await answer(play, subcommand, options))
            assert "reference" not in said, (how, subcommand, said)
            if how != "left out" or subcommand not in ("warn", "approval"):
                assert at.untouched(play), (how, subcommand, said)
