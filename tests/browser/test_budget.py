"""An admin holds the purse: on the page, with the real bot behind it."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.channel import Channel
from tests.browser.conftest import PHONE, WIDE
from tests.browser.test_pictures import loaded

pytestmark = pytest.mark.browser

BOAT = "a paper boat on a quiet lake"
CASTLE = "a castle in the clouds"


def ask(channel: Channel, prompt: str, **options: str) -> None:
    """Send /video with options, whatever answers."""
    channel.open_command("video")
    channel.fill("prompt", prompt)
    for option, text in options.items():
        channel.fill(option, text)
    channel.page.get_by_role("button", name="Send").click()


def told(channel: Channel, text: str) -> Locator:
    """The newest message with that text, on the screen as a whole."""
    message = channel.message(text)
    expect(message).to_be_visible()
    message.scroll_into_view_if_needed()
    return message


def card_of(answer: Locator) -> Locator:
    return answer.locator(".embed")


def test_a_budget_is_set_spent_down_and_what_does_not_fit_is_shrunk(purse: Channel) -> None:
    purse.act_as("Ada")
    answer = purse.command("budget set", tokens="100", period="Mon", time_zone="berlin")
    expect(answer).to_contain_text("is set: 100 tokens a month (Europe/Berlin)")
    expect(answer).to_contain_text("0 are spent and 0 held, so 100 are left")
    answer = purse.command("budget warn", channel="mods", levels="40 80")
    expect(answer).to_contain_text(
        "At 40 % and 80 % of the budget, each once in a period, in #mods"
    )

    purse.act_as("Ben")
    with purse.slowly():
        purse.video(BOAT)
        ask(purse, CASTLE, length="10")
        refusal = purse.private.filter(has_text="This video needs up to 88 tokens").last
        left = "56 are left of this server's budget: 100 tokens a month, 44 "
        expect(refusal).to_contain_text(left)
        expect(refusal).to_contain_text("Nothing was charged.")
        purse.finish(BOAT)
    expect(purse.card(BOAT)).to_contain_text("Charged", timeout=60_000)
    purse.close_notices()
    purse.picture("budget-refusal", refusal)
    card = purse.card(CASTLE)
    with purse.slowly():
        refusal.get_by_role("button", name="Shrink to fit · 5 s Kling 2.1 · 44").click()
        expect(card).to_contain_text("44 tokens held")
        expect(card).to_contain_text("12 tokens left")
        purse.finish(CASTLE)
    expect(card).to_contain_text("Charged", timeout=60_000)

    answer = purse.command("tokens")
    expect(answer).to_contain_text("100 tokens a month: 88 spent, 0 held, 12 left")
    expect(answer).to_contain_text("You can use now12 tokens")
    ask(purse, "one more")
    expect(purse.message("needs up to 44 tokens, and 12 are left")).to_be_visible()

    purse.act_as("Ada")
    purse.go("mods")
    told(purse, "40 % of this server's budget is used")
    warning = told(purse, "80 % of this server's budget is used")
    expect(warning).to_contain_text("88 of 100 tokens")
    purse.close_notices()
    purse.picture("budget-warning", warning)
    answer = purse.command("budget show")
    expect(answer).to_contain_text("88 % used")
    purse.picture("budget-show", card_of(answer))


def test_members_confirm_and_a_moderator_approves_in_a_room_of_their_own(purse: Channel) -> None:
    page = purse.page
    purse.act_as("Ada")
    purse.command("budget set", tokens="1000", period="Week")
    expect(purse.command("budget confirm", above="40")).to_contain_text("asked first")
    answer = purse.command("budget approval", above="60", channel="mods")
    expect(answer).to_contain_text("asked in #mods")

    purse.act_as("Cleo")
    with purse.slowly():
        ask(purse, BOAT)
        question = purse.private.filter(has_text="This video costs up to 44 tokens")
        expect(question).to_contain_text("1,000 are left for you here. Nothing was charged yet.")
        expect(purse.panel.locator(".job")).to_have_count(0)
        question.get_by_role("button", name="Make it · 44").click()
        expect(purse.card(BOAT)).to_contain_text("44 tokens held")

    ask(purse, CASTLE, length="10")
    page.get_by_role("button", name="Make it · 88").click()
    card = purse.card(CASTLE)
    expect(card).to_contain_text("88 tokens held")
    purse.act_as("Emil")
    purse.go("mods")
    request = purse.card(CASTLE)
    expect(request).to_contain_text("May this video be made?")
    expect(request).to_contain_text("@Cleo")
    expect(request).to_contain_text("88 tokens")
    purse.picture("budget-approval", request)
    with purse.slowly():
        request.get_by_role("button", name="Approve · 88").click()
        expect(purse.private.last).to_contain_text("Approved: job 2 goes on")
        expect(request).to_contain_text("Approved by @Emil")
        expect(request.get_by_role("button", name="Deny")).to_have_count(0)
        purse.go("videos")
        expect(card).to_contain_text("being made")
        purse.finish(CASTLE)
    expect(card).to_contain_text("Charged", timeout=60_000)


def test_a_plain_member_sees_what_is_left_and_no_budget_command(purse: Channel) -> None:
    purse.box.fill("/budget")
    expect(purse.popup).to_contain_text("No command matches.")
    purse.box.fill("/")
    expect(purse.popup.get_by_role("option").filter(has_text="/tokens")).to_have_count(1)
    expect(purse.popup.get_by_role("option").filter(has_text="/budget")).to_have_count(0)
    purse.box.fill("")
    answer = purse.command("tokens")
    expect(answer).to_contain_text("No admin has set a budget for this server yet.")
    expect(answer).to_contain_text("1,500 left")
    expect(answer).to_contain_text("Only you can see this")


def test_every_part_of_the_purse_is_in_an_admins_hands(purse: Channel) -> None:
    purse.act_as("Ada")
    for command, options, said in EVERYTHING:
        answer = purse.command(f"budget {command}", **options)
        expect(answer).to_contain_text(said)
    ledger, jobs = (
        purse.command("budget export", what=what).locator("a[download]").first
        for what in ("Ledger", "Jobs")
    )
    with purse.page.expect_download() as download:
        ledger.click()
    assert ",held_change," in download.value.path().read_text("utf-8-sig")
    expect(jobs).to_have_text(re.compile(r"jobs.*\.csv$"))
    purse.picture("budget-rules", card_of(purse.command("budget rules")))
    log = purse.command("budget log", page="1")
    expect(log).to_contain_text("Spend brake, percent: 50 % → 40 %")
    expect(log).to_contain_text("older ones: /budget log page:2")
    purse.picture("budget-log", card_of(log))
    purse.go("mods")
    expect(purse.message("Spend brake, percent: 50 % → 40 %")).to_be_visible(timeout=30_000)


EVERYTHING: list[tuple[str, dict[str, str], str]] = [
    ("show", {}, "/budget set tokens:3000 period:Month starts one"),
    ("set", {"tokens": "1000", "period": "Week", "starts_on": "sun"}, "1,000 tokens a week"),
    ("warn", {"channel": "mods"}, "At 50 %, 80 % and 95 % of the budget"),
    ("everyone", {"tokens": "50", "period": "Day"}, "Each member may use 50 tokens a day"),
    ("role", {"role": "Regulars", "tokens": "80"}, "Members with @Regulars may use 80 tokens"),
    ("member", {"member": "Ben", "tokens": "120"}, "@Ben may use 120 tokens a week"),
    ("grant", {"tokens": "200", "reason": "a party"}, "200 tokens more for this server's budget"),
    ("grant", {"tokens": "-20", "reason": "-", "member": "Ben"}, "20 tokens taken off @Ben's cap"),
    ("reset", {"reason": "a fresh start"}, "This server's budget begins anew from now."),
    (
        "pause",
        {"reason": "a talk", "member": "Cleo", "hours": "2"},
        "New videos of @Cleo are paused",
    ),
    ("pause", {"reason": "upkeep"}, "New videos on this server are paused"),
    ("resume", {}, "This server can make new videos again."),
    ("resume", {"member": "Cleo"}, "@Cleo can make new videos again."),
    ("confirm", {"above": "60"}, "Members are asked first"),
    ("approval", {"above": "100", "channel": "mods"}, "asked in #mods"),
    ("pot start", {"channel": "boats", "amount": "300", "lasts": "3 days"}, "in #boats now: 300"),
    ("pot list", {}, "300 left"),
    ("pot end", {"pot": "event"}, "300 tokens went back"),
    ("simulate", {"per_member": "50", "member_period": "Day"}, "nothing to play again"),
    ("brake", {"percent": "40", "minutes": "5"}, "more than 40 % of the budget within 5 minutes"),
]


def test_numbers_out_of_bounds_are_held_back_before_they_are_sent(purse: Channel) -> None:
    purse.act_as("Ada")
    purse.open_command("budget brake")
    purse.fill("percent", "101")
    purse.page.get_by_role("button", name="Send").click()
    expect(purse.popup.get_by_role("alert")).to_have_text("Between 0 and 100.")
    expect(purse.private).to_have_count(0)


def test_a_report_shows_its_chart_at_both_widths_in_both_themes(purse: Channel) -> None:
    page = purse.page
    purse.act_as("Ada")
    purse.command("budget set", tokens="300", period="Month")
    with purse.slowly():
        purse.video(BOAT)
        purse.finish(BOAT)
    expect(purse.card(BOAT)).to_contain_text("Charged", timeout=60_000)
    purse.close_notices()
    for theme, light in (("dark", "Dark"), ("light", "Light")):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # a plain str of two
        answer = purse.command("budget report", theme=light)
        expect(answer).to_contain_text("1 video asked for: 44 tokens spent")
        expect(answer).to_contain_text("@Ada: 44 tokens, 1 video")
        for name, size in (("", WIDE), ("phone-", PHONE)):
            page.set_viewport_size(size)
            chart = answer.locator(".picture img")
            chart.scroll_into_view_if_needed()
            loaded(chart)
            expect(chart).to_have_attribute("alt", re.compile("44"))
            box = chart.bounding_box()
            assert box is not None
            assert box["width"] > size["width"] * 0.3
            assert box["x"] + box["width"] <= size["width"]
            assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
            purse.picture(f"{name}report-{theme}")
        page.set_viewport_size(WIDE)
