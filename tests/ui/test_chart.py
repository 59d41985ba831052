import io
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from jobs import periods
from jobs.outlook import UNKNOWN
from jobs.periods import Window
from jobs.reports import Report, Slice, Which
from models import Period, PeriodKind
from tests.ui.sample_reports import NAMES, NOON, ZONE, days, pool, report, usual
from ui import chart_words as words
from ui.chart import compose, draw
from ui.chart_days import MOST_BARS, group
from ui.chart_parts import MARGIN, MAX_HEIGHT, PALETTES, SMALL, WIDTH, Theme
from ui.chart_words import describe

THEMES: tuple[Theme, ...] = ("dark", "light")
MOST = 1_000_000_000
NONE = Period("none", ZONE)
amounts = st.one_of(st.just(0), st.integers(0, 200), st.integers(0, MOST))
tellable = st.one_of(
    st.text(max_size=100),
    st.sampled_from(["", "W" * 100, "🌸🌸🌸", "مرحبا", "安娜", "José", "same", "same", "a\u202eb"]),
)


@st.composite
def reports(draw_: st.DrawFn) -> tuple[Report, dict[str, str]]:
    kind: PeriodKind = draw_(st.sampled_from(["day", "week", "month", "rolling", "none"]))
    period = Period(kind, ZONE)
    window = periods.window(period, NOON)
    many = draw_(st.sampled_from([1, 2, 7, 22, 31, 46, 90, 400, 2000]))
    spent = [draw_(amounts)] * many if draw_(st.booleans()) else [0] * (many - 1) + [draw_(amounts)]
    by_day = days(spent, date(2026, 11, 22) - timedelta(days=many - 1), draw_(amounts))
    lines = st.builds(Slice, tellable, st.integers(0, 9), amounts, amounts)
    members = tuple(
        replace(one, label=str(301 + number))
        for number, one in enumerate(draw_(st.lists(lines, max_size=7)))
    )
    standing = None
    if draw_(st.booleans()):
        given_tokens = draw_(st.integers(-MOST, MOST))
        standing = pool(
            draw_(amounts),
            draw_(amounts),
            draw_(amounts),
            given_tokens,
            draw_(amounts),
            period,
            window,
        )
    which: Which = draw_(st.sampled_from(["this", "last", many]))
    told = report(
        None if isinstance(which, int) else standing,
        by_day,
        members,
        tuple(draw_(st.lists(lines, max_size=6))),
        period,
        draw_(st.none() | st.tuples(amounts, st.integers(0, 9))),
        draw_(st.none() | st.integers(NOON, NOON + 10**7)),
        (window.end or NOON) if which == "last" else NOON,
        which,
    )
    told = replace(told, earlier_pot_tokens=draw_(amounts))
    return told, {one.label: draw_(tellable) for one in members}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports(), st.sampled_from(THEMES))
def test_any_report_is_drawn_inside_the_picture_without_texts_over_each_other(
    one: tuple[Report, dict[str, str]], theme: Theme
) -> None:
    told, names = one
    picture = compose(told, theme, names)
    assert picture.height <= MAX_HEIGHT
    for written in picture.canvas.texts:
        box = written.box
        assert MARGIN - 4 <= box.left <= box.right <= WIDTH - MARGIN + 4, written
        assert 0 < box.top <= box.bottom <= picture.height - 2, written
        assert written.size >= SMALL
        assert all(" " <= c <= "~" or c in words.DRAWN_BEYOND_ASCII for c in written.text), written
    for bar in picture.canvas.bars:
        assert MARGIN <= bar.left < bar.right <= WIDTH - MARGIN
        assert 0 < bar.top < bar.bottom <= picture.height - 2
    for first, second in combinations(picture.canvas.texts, 2):
        assert not first.box.meets(second.box), (first, second)
    assert 0 < len(describe(told, names)) <= words.ALT_TEXT_CHARACTERS


@pytest.mark.parametrize("theme", THEMES)
def test_the_picture_is_a_small_png_made_at_once(theme: Theme) -> None:
    began = time.process_time()
    made = draw(usual(), theme, NAMES)
    assert time.process_time() - began < 0.5  # some 0.04 on an idle machine
    assert len(made) < 100_000
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.format == "PNG"
        assert picture.width == WIDTH
        assert picture.height <= MAX_HEIGHT
        assert picture.convert("RGBA").getchannel("A").getextrema() == (255, 255)


@pytest.mark.parametrize("theme", THEMES)
def test_texts_and_bars_stand_out_from_the_background(theme: Theme) -> None:
    colours = PALETTES[theme]
    for text in (colours.ink, colours.muted, colours.warning):
        assert _contrast(text, colours.back) >= 4.5
    for bar in (colours.spent, colours.held, colours.aside, colours.outline):
        assert _contrast(bar, colours.back) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_reducing_the_colours_keeps_the_contrast(theme: Theme) -> None:
    with Image.open(io.BytesIO(draw(usual(), theme, NAMES))) as picture:
        seen = picture.convert("RGB").getcolors(WIDTH * MAX_HEIGHT) or []
    for wanted in (PALETTES[theme].back, PALETTES[theme].ink, PALETTES[theme].spent):
        near = min(_distance(colour, wanted) for _, colour in seen if isinstance(colour, tuple))
        assert near <= 12


def test_the_font_draws_every_character_we_take_for_drawable() -> None:
    font = ImageFont.load_default(SMALL)
    assert isinstance(font, ImageFont.FreeTypeFont)
    missing = bytes(font.getmask("\ue123"))
    for character in [chr(code) for code in range(0x21, 0x7F)] + list(words.DRAWN_BEYOND_ASCII):
        assert bytes(font.getmask(character)) != missing, character


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("José Núñez", "Jose Nunez"),
        ("Łukasz Größe", "Lukasz Grosse"),
        ("🌸 Sakura 桜", "Sakura"),
        ("𝓐𝓷𝓷𝓪", "Anna"),
        ("Олексій", "member …0123"),
        ("مرحبا", "member …0123"),
        ("安娜1", "member …0123"),
        ("🌸", "member …0123"),
        ("", "member …0123"),
        ("\u202eevil\u202c", "evil"),
    ],
)
def test_a_name_is_drawn_legibly_or_replaced(name: str, shown: str) -> None:
    assert words.member_names([Slice("9870123", 1, 5)], {"9870123": name}) == [shown]


def test_members_of_the_same_name_are_told_apart() -> None:
    members = [Slice("111222", 1, 5), Slice("333444", 1, 4)]
    assert words.member_names(members, {"111222": "Jose", "333444": "José"}) == [
        "Jose …1222",
        "Jose …3444",
    ]


def test_a_running_month_shows_its_days_to_come() -> None:
    unit, columns = group(usual())
    assert (unit, len(columns)) == ("day", 30)
    assert sum(one.is_ahead for one in columns) == 8


@pytest.mark.parametrize(("many", "unit"), [(46, "week"), (400, "month"), (3000, "year")])
def test_long_stretches_are_told_by_week_month_or_year(many: int, unit: str) -> None:
    by_day = days([7] * many, date(2026, 11, 22) - timedelta(days=many - 1))
    told = report(pool(1, 1, period=NONE, window=Window(0, None, 0)), by_day, period=NONE)
    found, columns = group(told)
    assert found == unit
    assert len(columns) <= MOST_BARS
    assert sum(one.tokens for one in columns) == 7 * many


def test_a_period_without_videos_says_so() -> None:
    told = report(pool(500, 0), days([0] * 22), before=None)
    texts = [one.text for one in compose(told, "dark", {}).canvas.texts]
    assert "No videos in this period yet." in texts
    assert "left of 500 tokens" in texts


def test_a_period_that_never_was_is_drawn_all_the_same() -> None:
    window = Window(0, 0, 0)
    told = replace(
        usual(), which="last", start=0, end=0, period=NONE, days=(), members=(), models=(), jobs=0
    )
    told = replace(told, spent_tokens=0, held_tokens=0, pool=pool(9, 0, period=NONE, window=window))
    assert words.stretch(told) == "No such period"
    assert draw(told, "dark", {})


def test_what_a_warning_means_is_said_in_words() -> None:
    by_day = days([100] * 22)
    over = report(pool(1_000, 1_500, 700), by_day)
    assert words.outlook(over) == ("Over the limit by 1,200 · resets Tue 1 Dec", True)
    used_up = report(pool(1_000, 900, 100), by_day)
    assert words.outlook(used_up) == ("Used up · resets Tue 1 Dec", True)
    told, is_warning = words.outlook(usual())
    assert (told, is_warning) == ("At this pace used up Thu 26 Nov · resets Tue 1 Dec", True)
    fine = report(pool(9_000, 900), by_day)
    assert words.outlook(fine) == ("At this pace it lasts · resets Tue 1 Dec", False)
    early = replace(fine, outlook=UNKNOWN)
    assert words.outlook(early) == ("Resets Tue 1 Dec", False)


def test_the_alt_text_tells_what_the_picture_shows() -> None:
    told = describe(usual(), NAMES)
    for part in ("November 2026", "24,920 spent", "440 held", "5,640 left of 32,000", "82 % used"):
        assert part in told
    assert "José Núñez 6,860" in told
    assert "Олексій" not in told
    assert "and 3 more" in told


def test_the_last_days_are_not_called_by_a_month() -> None:
    told = report(None, days([5] * 90, date(2026, 8, 25)), before=(100, 3), which=90)
    assert words.stretch(told) == "25 Aug - 22 Nov 2026"
    assert words.comparison(told)[0].endswith("450 % of what the 90 days before took (100)")


def test_a_period_that_is_over_has_no_today() -> None:
    window = periods.window(Period("month", ZONE), NOON)
    assert window.end is not None
    told = report(pool(500, 400), days([5] * 30), end=window.end, which="last")
    texts = [one.text for one in compose(told, "light", {}).canvas.texts]
    assert "today" not in texts
    assert not any(text.startswith("until") for text in texts)
    assert "not used of 500 tokens" in texts
    for word in ("left", "eset", "pace it lasts"):
        assert not any(word in text for text in texts), word
    assert "100 not used of 500 tokens" in describe(told, {})


def test_a_period_that_is_over_promises_nothing_when_it_was_empty() -> None:
    told = report(None, days([0] * 30), before=None, which="last")
    texts = [one.text for one in compose(told, "light", {}).canvas.texts]
    assert "No videos in this period." in texts
    assert not any("As soon as" in text for text in texts)


def test_so_many_days_are_never_called_by_a_period_they_begin_with() -> None:
    told = report(None, days([5] * 22), before=(100, 3), which=22)
    assert words.stretch(told) == "1-22 Nov 2026"
    assert words.comparison(told)[0] == ("0 requests · 110 % of what the 22 days before took (100)")
    texts = [one.text for one in compose(told, "dark", {}).canvas.texts]
    assert "today" in texts
    assert group(told)[1][-1].first == date(2026, 11, 22)
    whole_month = report(None, days([5] * 30), end=NOON + 8 * 24 * 3600, which=30)
    assert words.stretch(whole_month) == "1-30 Nov 2026"


def test_a_rolling_period_without_a_pool_marks_today() -> None:
    rolling = Period("rolling", ZONE)
    by_day = days([5] * 31, date(2026, 10, 23))
    told = report(None, by_day, period=rolling)
    texts = [one.text for one in compose(told, "dark", {}).canvas.texts]
    assert "today" in texts
    assert any(text.startswith("until") for text in texts)
    assert words.stretch(told) == "Last 30 days"
    begun_anew = replace(told, start=NOON - 3 * 24 * 3600)
    assert words.stretch(begun_anew) == "Since 19 Nov 2026"


def test_a_period_without_an_end_is_told_since_it_began() -> None:
    started = Window(NOON - 50 * 24 * 3600, None, 0)
    told = report(pool(500, 5, period=NONE, window=started), days([5] * 30), period=NONE)
    assert words.stretch(replace(told, jobs=3)) == "Since 3 Oct 2026"
    assert words.stretch(told) == "All time"


def test_a_period_that_begins_this_second_has_its_name() -> None:
    window = periods.window(Period("day", ZONE), NOON)
    told = report(
        pool(500, 0, period=Period("day", ZONE), window=window),
        days([0], date(2026, 11, 22)),
        period=Period("day", ZONE),
        end=window.start,
    )
    assert words.stretch(told) == "Sun 22 Nov 2026"
    one_day = replace(told, which=1, pool=None)
    assert words.stretch(one_day) == "Sun 22 Nov 2026"


def test_what_pots_of_an_earlier_period_used_is_named() -> None:
    told = replace(report(pool(500, 100), days([400])), earlier_pot_tokens=300)
    assert words.comparison(told)[0].startswith("0 requests so far · 300 in earlier pots · ")


@pytest.mark.parametrize(
    ("tokens", "short"),
    [(0, "0"), (9_999, "9,999"), (12_345, "12.3k"), (999_999_999, "999.9M"), (MOST, "1B")],
)
def test_short_figures_are_never_rounded_up(tokens: int, short: str) -> None:
    assert words.compact(tokens) == short


def test_a_share_never_reads_as_a_whole_before_it_is_one() -> None:
    assert words.percent(999, 1_000) == "99 %"
    assert words.percent(1, 1_000) == "under 1 %"
    assert words.percent(0, 0) == "0 %"


def test_moments_are_told_by_the_clocks_of_the_zone() -> None:
    at = int(datetime(2026, 11, 22, 23, 30, tzinfo=UTC).timestamp())
    assert words.moment(at, ZONE) == "23 Nov, 00:30"


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in _rgb(colour)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _distance(seen: tuple[int, ...], wanted: str) -> int:
    return max(abs(a - b) for a, b in zip(seen, _rgb(wanted), strict=True))
