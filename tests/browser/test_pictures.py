"""Pictures on the page: where they come from, how they are hidden and told, what opens on them."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.channel import Channel

pytestmark = pytest.mark.browser


def loaded(picture: Locator) -> None:
    """Wait until a picture is there; its message may be drawn anew meanwhile."""
    picture.evaluate("image => image.scrollIntoView({block: 'nearest'})")
    expect(picture).to_have_js_property("complete", True)
    expect(picture).not_to_have_js_property("naturalWidth", 0)


def test_every_kind_of_picture_is_shown(kitchen: Channel) -> None:
    kitchen.go("general")
    for text, selector, count in (
        ("two pictures", ".picture img", 2),
        ("emoji", "img.emoji", 2),
        ("stickers", "img.sticker", 2),
        ("links", ".embed-bare img, .embed-thumbnail", 2),
        ("from a webhook", ".picture img", 1),
        ("from a bot", ".picture img", 1),
    ):
        pictures = kitchen.message(text).locator(selector)
        expect(pictures).to_have_count(count)
        for one in pictures.all():
            loaded(one)
    expect(kitchen.message("stickers")).to_contain_text("Sticker: spin")
    for name in ("News", "Painter"):
        expect(kitchen.messages.locator(".message-head", has_text=name)).to_contain_text("APP")
    kitchen.picture("sources")


def test_a_spoiler_is_veiled_until_it_is_pressed(kitchen: Channel) -> None:
    kitchen.go("general")
    message = kitchen.message("a surprise")
    veil = message.get_by_role("button", name="Spoiler: show")
    blurred = message.locator(".curtain > :first-child")
    assert "blur" in blurred.evaluate("node => getComputedStyle(node).filter")
    veil.click()
    expect(veil).to_have_count(0)
    assert blurred.evaluate("node => getComputedStyle(node).filter") == "none"


def test_alt_text_is_on_the_picture_and_behind_its_badge(kitchen: Channel) -> None:
    kitchen.go("general")
    kitchen.use("Video info", kitchen.message("from a bot").locator(".picture"))
    answer = kitchen.messages.locator("article", has=kitchen.page.locator(".alt")).last
    picture = answer.locator(".picture").first
    expect(picture).to_have_attribute("title", "a harbour at dusk")
    badge = answer.get_by_role("button", name="Alt text").first
    badge.click()
    expect(answer.locator(".alt-text").first).to_have_text("a harbour at dusk")
    badge.click()
    expect(answer.locator(".alt-text").first).to_be_hidden()


def test_a_private_picker_opens_a_form_of_selects_that_closes_it(kitchen: Channel) -> None:
    page = kitchen.page
    kitchen.go("general")
    kitchen.use("Pick picture", kitchen.message("two pictures").locator(".picture").first)
    card = kitchen.private.last
    thumbnails = card.locator(".embed-thumbnail")
    expect(thumbnails).to_have_count(3)
    for one in thumbnails.all():
        loaded(one)
    expect(thumbnails.last).to_have_attribute("alt", "a teal square")
    expect(card.locator(".picture")).to_have_count(0)
    expect(card.get_by_role("button", name="Again · 44 tokens")).to_be_disabled()
    expect(card.get_by_role("button", name="Delete")).to_have_class(re.compile("danger"))
    kitchen.picture("private-picker")
    card.get_by_role("button", name="2", exact=True).click()
    form = page.get_by_role("dialog", name="Settings")
    expect(form.get_by_label("Prompt")).to_have_value("slow waves")
    model = form.locator(".modal-part", has_text="Model").get_by_role("combobox")
    expect(model).to_contain_text("Kling 2.1")
    model.click()
    page.keyboard.press("Escape")
    expect(form.get_by_role("listbox")).to_have_count(0)
    expect(form).to_be_visible()
    model.click()
    form.get_by_role("option", name="Luma").click()
    shape = form.locator(".modal-part", has_text="Shape").get_by_role("combobox")
    shape.click()
    kitchen.picture("selects")
    form.get_by_role("option", name="Wide").click()
    expect(shape).to_contain_text("As the picture")
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    card.get_by_role("button", name="1", exact=True).click()
    form.get_by_label("Prompt").fill("")
    shape.click()
    form.get_by_role("option", name="Wide").click()
    form.get_by_role("button", name="Submit").click()
    expect(form).to_have_count(0)
    expect(card).to_contain_text("'' ['kling'] []")
    expect(card.get_by_role("button", name="1", exact=True)).to_have_count(0)
    card.get_by_role("button", name="Dismiss message").click()
    expect(kitchen.private).to_have_count(0)


def test_the_menu_of_a_picture_opens_by_keyboard_too(kitchen: Channel) -> None:
    page = kitchen.page
    kitchen.go("general")
    kitchen.message("two pictures").focus()
    page.keyboard.press("Shift+F10")
    apps = page.get_by_role("menuitem", name="Apps")
    apps.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("menuitem", name="Animate image")).to_be_focused()
    for _ in range(3):
        expect(page.get_by_role("menuitem", name="Video info")).to_be_visible()
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)


def test_a_phone_opens_the_menu_when_a_picture_is_held(kitchen: Channel) -> None:
    page = kitchen.page
    page.get_by_role("button", name=re.compile("channel", re.IGNORECASE)).first.click()
    kitchen.go("general")
    kitchen.hold(kitchen.message("two pictures").locator(".picture").first)
    page.get_by_role("menuitem", name="Apps").tap()
    expect(page.get_by_role("menuitem", name="Video info")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    kitchen.picture("phone-held-picture")


def test_a_reply_mentions_the_bot_by_its_name_with_or_without_a_ping(kitchen: Channel) -> None:
    page = kitchen.page
    kitchen.go("general")
    kitchen.message("two pictures").locator(".picture").first.click(button="right")
    page.get_by_role("menuitem", name="Reply").click()
    expect(page.locator("#reply-bar")).to_contain_text("Replying to Cleo")
    page.get_by_role("button", name="@ ON").click()
    page.keyboard.type("@Ree")
    expect(kitchen.popup.get_by_role("option").first).to_contain_text("App")
    page.keyboard.press("Enter")
    page.keyboard.type("make it move")
    page.keyboard.press("Enter")
    reply = kitchen.message("make it move")
    expect(reply.locator(".context-line")).to_contain_text("Cleo")
    expect(reply.locator(".content .mention")).to_have_text("@Reelbox")
    kitchen.picture("reply")
