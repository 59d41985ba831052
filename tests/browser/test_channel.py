"""The channel itself: members, private answers, replies, menus, the keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.channel import Channel

pytestmark = pytest.mark.browser


def test_a_private_refusal_is_seen_by_its_member_alone(page: Page, channel: Channel) -> None:
    channel.go("quiet")
    channel.open_command("video")
    page.keyboard.type("a boat where the bot may not write")
    page.keyboard.press("Enter")
    expect(channel.private).to_have_count(1)
    expect(channel.private).to_contain_text("Only you can see this")
    expect(channel.cards).to_have_count(0)
    channel.picture("refusal")
    channel.act_as("Ada")
    expect(page.locator("#channel-name")).to_have_text("quiet")
    expect(channel.private).to_have_count(0)
    channel.act_as("Ben")
    expect(channel.private).to_have_count(1)
    channel.private.get_by_role("button", name="Dismiss message").click()
    expect(channel.private).to_have_count(0)


def test_a_member_pinged_by_another_sees_it_marked_when_one_acts_as_them(
    page: Page, channel: Channel
) -> None:
    channel.go("general")
    channel.box.focus()
    page.keyboard.type("look at this, @cl")
    expect(channel.popup.get_by_role("option")).to_have_text(re.compile("Cleo"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(channel.message("look at this")).to_contain_text("@Cleo")
    expect(channel.message("look at this")).not_to_have_class(re.compile("mentioned"))
    cleo = page.get_by_role("radio", name=re.compile("^Cleo"))
    expect(cleo.locator(".badge")).to_have_text("1")
    channel.act_as("Cleo")
    expect(channel.message("look at this")).to_have_class(re.compile("mentioned"))
    expect(cleo.locator(".badge")).to_have_count(0)


def test_each_member_has_their_own_servers_and_rights(page: Page, channel: Channel) -> None:
    servers = page.get_by_role("navigation", name="Servers")
    expect(servers.get_by_role("button", name="Second Server")).to_be_visible()
    channel.go("general")
    channel.send("a line of Ben's")
    channel.act_as("Cleo")
    expect(servers.get_by_role("button", name="Second Server")).to_have_count(0)
    channel.message("a line of Ben's").click(button="right")
    menu = page.get_by_role("menu", name="Message actions")
    expect(menu.get_by_role("menuitem", name="Reply")).to_be_focused()
    expect(menu.get_by_role("menuitem", name="Delete message")).to_have_count(0)
    page.keyboard.press("Escape")
    channel.act_as("Ada")
    channel.message("a line of Ben's").click(button="right")
    menu.get_by_role("menuitem", name="Delete message").click()
    expect(channel.messages).not_to_contain_text("a line of Ben's")


def test_who_is_changed_twice_in_a_moment_leaves_no_error_behind(
    page: Page, channel: Channel
) -> None:
    # The second comes while the first one's connection is being opened; Watch has the console.
    page.evaluate(
        """async () => {
          const { follow } = await import("/page/js/feed.js");
          const { store } = await import("/page/js/store.js");
          await follow(store.viewer);
          await follow(store.viewer);
        }"""
    )
    channel.go("general")
    channel.send("still told what happens")
    expect(channel.messages).to_contain_text("still told what happens")


def test_a_reply_carries_its_quote_and_a_file_its_card(page: Page, channel: Channel) -> None:
    channel.go("boats")
    page.locator("#attach-input").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"two masts"}
    )
    expect(page.locator(".upload")).to_contain_text("plan.txt")
    channel.send("the plan of the boat")
    expect(channel.message("the plan").locator(".file")).to_contain_text("plan.txt")
    channel.act_as("Ada")
    channel.message("the plan").hover()
    channel.message("the plan").get_by_role("button", name="Reply").click()
    expect(page.locator("#reply-bar")).to_contain_text("Replying to Ben")
    channel.send("two masts are enough")
    quote = channel.message("two masts are enough").locator(".quoted")
    expect(quote).to_contain_text("the plan of the boat")
    quote.click()
    expect(page.locator("article.flash")).to_contain_text("plan.txt")


def test_a_message_can_be_reached_and_its_menu_used_without_a_mouse(
    page: Page, channel: Channel
) -> None:
    channel.go("boats")
    channel.send("the first of two lines")
    channel.send("the second of two lines")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.locator("article[tabindex='0']").focus()
    page.keyboard.press("End")
    expect(channel.message("the second of two")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(channel.message("the first of two")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="More").and_(page.locator(":focus"))).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Apps")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("menu", name="Apps")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)


def test_a_command_that_lacks_what_it_needs_is_not_sent(page: Page, channel: Channel) -> None:
    cards = channel.cards.count()
    channel.open_command("video")
    page.keyboard.press("Enter")
    expect(channel.popup.get_by_role("alert")).to_have_text(
        "This option is required. Specify a value."
    )
    expect(page.get_by_role("combobox", name="prompt:")).to_be_focused()
    page.keyboard.press("Escape")
    expect(channel.box).to_be_focused()
    expect(channel.cards).to_have_count(cards)


def test_a_pasted_command_becomes_chips(page: Page, channel: Channel) -> None:
    channel.box.fill("/video prompt:a red kite over the sea length:5 seconds")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="prompt:")).to_have_value("a red kite over the sea")
    expect(page.locator(".chip")).to_have_count(2)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(channel.box).to_be_focused()


def test_help_answers_in_private_and_its_command_can_be_pressed(
    page: Page, channel: Channel
) -> None:
    channel.open_command("help")
    page.keyboard.press("Enter")
    expect(channel.private.last).to_contain_text("Only you can see this")
    channel.private.last.get_by_role("button", name="/video").first.click()
    expect(page.locator(".chip-command")).to_have_text("/video")
