"""A sentence becomes a video in a channel: on the page, with the real bot behind it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.channel import Channel

pytestmark = pytest.mark.browser


def test_a_sentence_typed_on_the_page_becomes_a_video_that_plays(
    page: Page, channel: Channel
) -> None:
    channel.open_command("video")
    page.keyboard.type("a paper boat in the rain, drifting past street lamps")
    page.keyboard.press("Tab")
    expect(channel.popup).to_contain_text("Optional")
    page.keyboard.type("len")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.type("ratio:")
    page.keyboard.type("16:9")
    page.keyboard.press("Tab")
    expect(page.locator(".chip")).to_have_count(3)
    channel.hold_notices()
    card = channel.cards.last
    with channel.slowly(5):  # a countdown of more than a minute changes after a while
        page.keyboard.press("Enter")
        expect(card).to_contain_text("a paper boat in the rain")
        expect(card).to_contain_text("tokens held")
        expect(card.locator(".context-line")).to_have_text(re.compile(r"Ben\s*used\s*/video"))
        countdown = card.locator("time.timestamp[data-unix]")
        first = countdown.inner_text()
        expect(countdown).not_to_have_text(first)
        channel.picture("pending")

    page.set_viewport_size({"width": 1280, "height": 880})
    channel.play(card, until_s=3.5)  # by then the player's controls have gone
    expect(card.locator("video")).to_have_attribute("aria-label", re.compile("a paper boat"))
    expect(card).to_contain_text("Charged")
    ping = channel.message("your video is ready")
    expect(ping).to_have_class(re.compile("mentioned"))
    expect(page.locator(".toast")).to_contain_text("mentioned you in #videos")
    page.get_by_role("button", name="Close the notice").click()
    expect(page.locator(".toast")).to_have_count(0)
    channel.picture("video")


def test_a_model_is_chosen_by_keyboard_from_the_bots_own_list(page: Page, channel: Channel) -> None:
    channel.open_command("video")
    page.keyboard.type("a lighthouse at dusk")
    page.keyboard.press("Tab")
    page.keyboard.type("model:")
    options = channel.popup.get_by_role("option")
    expect(options.first).to_contain_text("tokens")
    page.keyboard.type("luma")
    expect(options.first).to_contain_text(re.compile("luma", re.I))
    expect(options.filter(has_not_text=re.compile("luma", re.I))).to_have_count(0)
    page.keyboard.press("ArrowDown")
    chosen = channel.popup.locator('[aria-selected="true"]').inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="model:")).to_have_value(chosen)
    channel.picture("picker")
    with channel.slowly():
        page.keyboard.press("Enter")
        card = channel.message("a lighthouse at dusk")
        expect(card).to_contain_text(chosen.split(" · ")[0])
        job = channel.panel.locator(".job", has_text="a lighthouse at dusk")
        expect(job.get_by_role("progressbar")).to_be_visible()
        job.get_by_role("button", name="Finish now").click()
        expect(job).to_contain_text("completed")
    channel.play(card)


def test_the_vendors_failure_switched_on_in_the_panel_ends_in_a_card_that_says_so(
    page: Page, channel: Channel
) -> None:
    switch = channel.panel.get_by_role("switch", name="Fail the next video")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    with channel.slowly():
        card = channel.video("a video that will not be")
        job = channel.panel.locator(".job", has_text="a video that will not be")
        job.get_by_role("button", name="Finish now").click()
        expect(job).to_contain_text("not charged")
    expect(card).to_contain_text("Not charged", timeout=30_000)
    expect(card.locator("video")).to_have_count(0)
    expect(switch).to_have_attribute("aria-checked", "false")
    channel.picture("failure")


def test_a_hostile_prompt_is_words_everywhere(page: Page, channel: Channel) -> None:
    hostile = (
        '<img src=x onerror="window.hit=1"></pre><script>window.hit=1</script> '
        "[press](javascript:window.hit=1) @everyone ``` **loud** <@&1> &lt;b&gt;"
    )
    with channel.slowly():
        card = channel.video(hostile)
        expect(card).to_contain_text('<img src=x onerror="window.hit=1">')
        job = channel.panel.locator(".job").first
        expect(job).to_contain_text("<script>window.hit=1</script>")
        expect(page.locator('img[src="x"], a[href^="javascript"]')).to_have_count(0)
        job.get_by_role("button", name="Finish now").click()
        expect(job).to_contain_text("completed")
    channel.play(card)
    assert page.evaluate("window.hit") is None
    expect(card.locator("video")).to_have_attribute("aria-label", re.compile("<script>"))


def test_time_runs_as_fast_as_the_panel_says(page: Page, channel: Channel) -> None:
    speeds = channel.panel.get_by_role("radiogroup", name="Speed of time")
    fast, usual = (speeds.get_by_role("radio", name=name, exact=True) for name in ("60×", "20×"))
    expect(usual).to_have_attribute("aria-checked", "true")
    fast.click()
    expect(fast).to_have_attribute("aria-checked", "true")
    page.keyboard.press("ArrowLeft")
    expect(usual).to_have_attribute("aria-checked", "true")
    expect(usual).to_be_focused()
