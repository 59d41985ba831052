"""The words of a report, a simulation and a file, for nothing, one and many."""

from dataclasses import replace

import pytest

from jobs.export import File
from jobs.outlook import LASTS, UNKNOWN, Outlook
from jobs.periods import Window
from jobs.reports import Report, Slice
from jobs.simulate import Outcome, Rule, Rules
from models import Period
from tests.ui.sample_reports import MONTH, NOON, ZONE, days, pool, report, usual
from ui.report import comparison, export_text, prospects, report_card, simulation_text

DAILY = Rules(member=Rule(50, Period("day")))


def fields(told: Report) -> dict[str, str]:
    return {field.name or "": field.value or "" for field in report_card(told).fields}


@pytest.mark.parametrize(
    ("outlook", "said"),
    [
        (LASTS, "At this pace the budget lasts until it begins anew."),
        (UNKNOWN, "Too little has happened yet to say how long the budget lasts."),
        (
            Outlook("dry", NOON + 60),
            f"At this pace the budget runs dry <t:{NOON + 60}:R>, <t:{NOON + 60}:D>.",
        ),
    ],
)
def test_each_outlook_has_its_own_sentence(outlook: Outlook, said: str) -> None:
    told = replace(report(pool(500, 100), days([100])), outlook=outlook)
    assert fields(told)["Outlook"] == said


def test_an_outlook_promises_no_more_than_is_known() -> None:
    rolling, endless = (
        pool(500, 100, period=Period(kind, ZONE), window=Window(0, None, 0))
        for kind in ("rolling", "none")
    )
    assert prospects(rolling, LASTS) == "At this pace the budget lasts."
    assert prospects(endless, LASTS) == "At this pace the budget lasts a year or more."
    assert prospects(pool(500, 500), Outlook("dry", NOON)) == "Nothing is left of the budget."


@pytest.mark.parametrize(
    "told",
    [
        report(None, days([5] * 22)),
        report(None, days([5] * 7), which=7),
        report(pool(500, 100), days([5] * 30), which="last"),
    ],
)
def test_only_a_budget_under_way_has_an_outlook_in_words(told: Report) -> None:
    assert "Outlook" not in fields(told)


def test_a_period_that_is_over_is_told_as_over() -> None:
    standing = pool(500, 100, 60, given=40)
    said = fields(report(standing, days([100] * 30), which="last"))["Budget"]
    assert said.endswith(
        "\n500 tokens a month, and 40 given once: 100 spent, 60 still held, **380 not used**."
    )
    over = fields(report(pool(500, 600), days([600]), which="last"))["Budget"]
    assert over.endswith("600 spent, **0 not used**. That was 100 more than the limit.")
    for word in ("left", "anew", "fits"):
        assert word not in said + over


def test_a_period_whose_limit_nobody_knows_is_told_by_what_was_spent() -> None:
    told = fields(report(None, days([900]), which="last"))
    assert "Budget" not in told
    assert told["In all"].startswith("0 videos asked for: 900 tokens spent")


def test_what_is_compared_is_named() -> None:
    by_day = days([90])
    assert comparison(report(None, by_day, before=None)) == ""
    assert comparison(report(None, by_day, before=(1, 1))) == (
        "90 tokens spent so far; the month before had 1 token (+8,900 %)."
    )
    assert comparison(report(None, by_day, before=(0, 1), which="last")) == (
        "90 tokens spent; the month before had 0 tokens."
    )
    assert comparison(report(None, by_day, before=(100, 3), which=1)) == (
        "90 tokens spent; the day before had 100 tokens (-10 %)."
    )
    assert comparison(report(None, by_day, before=(90, 3), which=7)) == (
        "90 tokens spent; the 7 days before had 90 tokens (+0 %)."
    )


@pytest.mark.parametrize(
    ("pots", "earlier", "said"),
    [
        (0, 0, ""),
        (1, 0, " Of that, 1 token in pots."),
        (300, 300, " Of that, 300 tokens in pots, which the budget of an earlier period pays."),
        (
            370,
            300,
            " Of that, 370 tokens in pots; the budget of an earlier period pays 300 of them.",
        ),
    ],
)
def test_sums_that_differ_by_pots_say_so(pots: int, earlier: int, said: str) -> None:
    told = report(pool(1_000, 400 - earlier), days([400]), (Slice("301", 1, 400),))
    told = replace(told, pot_tokens=pots, earlier_pot_tokens=earlier)
    assert fields(told)["In all"] == (
        f"1 video asked for: 400 tokens spent, 0 still held, 640 given back.{said}"
    )


def test_what_pots_used_after_their_period_is_named() -> None:
    told = replace(report(pool(1_000, 350), days([50]), which="last"), pot_tokens=50)
    assert fields(told)["In all"].endswith(
        "Of that, 50 tokens in pots. The budget also pays 300 tokens that its pots used after this "
        "period."
    )


def test_a_report_reads_well_for_nothing_one_and_many() -> None:
    empty = fields(report(pool(500, 0), days([0])))
    assert empty["By member"] == empty["By model"] == empty["What became of them"] == "Nothing yet."
    one = fields(report(None, days([1]), (Slice("301", 1, 1),)))
    assert one["By member"] == "<@301>: 1 token, 1 video"
    many = fields(usual())["By member"].splitlines()
    assert many[0] == "<@301>: 9,560 tokens, 96 videos"
    assert many[-1].startswith("2 more: ")
    six = tuple(Slice(str(number), 1, 10) for number in range(6))
    assert len(fields(report(None, days([60]), six))["By member"].splitlines()) == 6
    over = fields(report(None, days([0]), which="last"))
    assert over["By member"] == "Nothing."


def test_a_simulation_reads_well_for_nothing_one_and_many() -> None:
    times = f"from <t:{NOON - 60}:D> to <t:{NOON}:D>"
    nothing = Outcome(0, 0, 0, 0, 0, 0, 0, NOON - 60, NOON)
    assert "Nobody asked for a video" in simulation_text(DAILY, nothing)
    assert simulation_text(DAILY, replace(nothing, jobs=1)) == (
        f"With 50 tokens a day for each member, the one request {times} would not have been "
        "refused. Nothing was changed."
    )
    assert simulation_text(DAILY, replace(nothing, jobs=2)) == (
        f"With 50 tokens a day for each member, none of the 2 requests {times} would have been "
        "refused. Nothing was changed."
    )
    refused = Outcome(1, 1, 1, 0, 1, 60, 0, NOON - 60, NOON)
    assert simulation_text(DAILY, refused) == (
        f"With 50 tokens a day for each member, the one request {times} would have been refused, "
        "to 1 person, and **60 tokens** saved; 0 tokens would have been spent all the same. "
        "Nothing was changed."
    )
    both = Rules(Rule(1, MONTH), Rule(50, Period("rolling")))
    assert simulation_text(both, Outcome(1_200, 7, 2, 7, 0, 1, 1, NOON - 60, NOON)) == (
        "With 1 token a month for the server and 50 tokens in any 30 days for each member, **7** "
        f"of the 1,200 requests {times} would have been refused, to 2 people, and **1 token** "
        "saved; 1 token would have been spent all the same. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("rows", "is_cut", "said"),
    [
        (0, False, "There is nothing to export yet: the file has only its headings."),
        (1, False, "1 row, times by this server's clocks."),
        (
            1_234,
            True,
            "1,234 rows, times by this server's clocks. Older rows did not fit and are left out.",
        ),
    ],
)
def test_a_file_is_told_in_a_sentence(rows: int, is_cut: bool, said: str) -> None:
    assert export_text(File("a.csv", b"", rows, is_cut)) == said
