"""How the page stands: on a phone, in both themes, for eyes that need contrast."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.channel import Channel
from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser

PROBES = Path(__file__).parent / "probes"
CONTRAST = (PROBES / "contrast.js").read_text()
NAMELESS = (PROBES / "nameless.js").read_text()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_stands_out_and_every_control_has_a_name(
    page: Page, channel: Channel, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # a plain str of two
    channel.go("boats")
    marked = "**bold** `code` <@1> https://example.com ~~gone~~ @everyone\n> quoted\n-# small"
    channel.send(marked, shown="quoted")
    before = channel.private.count()
    channel.open_command("help")
    page.keyboard.press("Enter")
    expect(channel.private).to_have_count(before + 1)
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    channel.picture(f"theme-{theme}")


def test_on_a_phone_everything_is_within_reach_and_nothing_scrolls_sideways(
    page: Page, channel: Channel
) -> None:
    def fits() -> bool:
        return bool(page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))

    channel.send("a_word_without_an_end_" + "x" * 120)
    with channel.slowly():
        card = channel.video("a lighthouse keeper reading by the window")
        assert fits()
        page.get_by_role("button", name="NeuralBox panel").click()
        expect(channel.panel).to_be_visible()
        channel.panel.get_by_role("button", name="Finish now").first.click()
        expect(channel.job("a lighthouse keeper")).to_contain_text("completed")
        channel.picture("phone-panel")
        assert fits()
    channel.panel.get_by_role("button", name="Close the NeuralBox panel").click()
    channel.play(card)
    assert fits()
    channel.picture("phone-video")
    channel.open_command("videos get")
    page.keyboard.press("Enter")
    chooser = channel.private.get_by_role("combobox", name="Show me …")
    chooser.click()
    channel.private.get_by_role("option", name="a lighthouse keeper").first.click()
    expect(channel.private.locator("video")).to_be_visible()
    box = channel.private.locator("button.select").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < PHONE["width"], "a long choice is cut, not let out"
    page.get_by_role("button", name="Servers and channels").click()
    expect(page.get_by_role("navigation", name="Channels")).to_be_visible()
    channel.picture("phone-channels")
    channel.act_as("Cleo")
    expect(page.get_by_role("navigation", name="Channels")).not_to_be_visible()
    page.get_by_role("button", name="More").last.tap()
    expect(page.get_by_role("menuitem", name="Apps")).to_be_visible()
    page.get_by_role("menuitem", name="Apps").tap()
    assert fits()


def test_the_panel_can_be_put_away(page: Page, channel: Channel) -> None:
    button = page.get_by_role("button", name="NeuralBox panel", exact=True)
    button.click()
    expect(channel.panel).not_to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(channel.panel.get_by_label(re.compile("Token balance"))).to_be_visible()
