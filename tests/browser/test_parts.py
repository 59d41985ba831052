"""The parts of Discord's face that a bot may use: forms, selects, layouts, waiting, failing."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.channel import Channel

pytestmark = pytest.mark.browser

PICTURE = {"name": "boat.png", "mimeType": "image/png", "buffer": b"\x89PNG not really"}


def controls(kitchen: Channel) -> Locator:
    """Ask for the selects and buttons; returns their message."""
    cards = kitchen.messages.locator("article", has=kitchen.page.locator(".select"))
    before = cards.count()
    kitchen.open_command("controls")
    kitchen.page.keyboard.press("Enter")
    expect(cards).to_have_count(before + 1)
    return cards.nth(before)


def test_a_message_command_opens_a_form_that_is_filled_and_sent(kitchen: Channel) -> None:
    page = kitchen.page
    kitchen.send("my boat")
    kitchen.message("my boat").click(button="right")
    page.get_by_role("menuitem", name="Apps").hover()
    page.get_by_role("menuitem", name="Animate image").click()
    form = page.get_by_role("dialog", name="Animate image")
    expect(form.get_by_label("Prompt")).to_be_focused()
    form.get_by_label("Prompt").fill("slow zoom")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_contain_text("Choose a file.")
    form.get_by_label("Picture").set_input_files(PICTURE)  # type: ignore[arg-type]  # a FilePayload
    expect(form).not_to_contain_text("Choose a file.", use_inner_text=True)
    form.get_by_label("10 seconds").check()
    kitchen.picture("form")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_have_count(0)
    expect(kitchen.private.last).to_contain_text("my boat: slow zoom, boat.png, 10 s")


def test_selects_and_buttons_reach_the_bot_by_mouse_and_keyboard(kitchen: Channel) -> None:
    page = kitchen.page
    card = controls(kitchen)
    card.get_by_role("combobox", name="Which picture?").click()
    card.get_by_role("option", name="Picture 2").click()
    expect(kitchen.private.last).to_contain_text("picture 1")
    who = card.get_by_role("combobox", name="For whom?")
    who.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(kitchen.private.last).to_contain_text("who 2")
    expect(who).to_be_focused()
    card.get_by_role("button", name="Answer").click()
    expect(kitchen.private.last).to_contain_text("answer 0")


def test_what_the_bot_does_not_answer_is_said(kitchen: Channel) -> None:
    page = kitchen.page
    kitchen.open_command("silent")
    with kitchen.held():
        page.keyboard.press("Enter")
        expect(kitchen.messages).to_contain_text("Sending command…")
    failed = kitchen.private.filter(has_text="The application did not respond")
    failed.get_by_role("button", name="Dismiss message").click()
    expect(failed).to_have_count(0)
    card = controls(kitchen)
    card.get_by_role("button", name="Silence").click()
    expect(card.locator(".failure")).to_have_text("This interaction failed")


def test_a_bot_that_thinks_shows_it_until_it_has_thought(kitchen: Channel) -> None:
    kitchen.open_command("think")
    kitchen.page.keyboard.press("Enter")
    thinking = kitchen.message("is thinking…")
    expect(thinking).to_be_visible()
    kitchen.send("think of a boat")
    expect(kitchen.message("thought of it")).to_contain_text("(edited)")
    expect(thinking).to_have_count(0)


def test_a_layout_of_containers_and_sections_is_drawn(kitchen: Channel) -> None:
    kitchen.open_command("layout")
    kitchen.page.keyboard.press("Enter")
    card = kitchen.message("A layout")
    expect(card.locator(".container strong")).to_have_text("loud")
    card.get_by_role("button", name="Beside").click()
    expect(kitchen.private.last).to_contain_text("answer 0")


def test_every_type_of_option_has_its_own_field(kitchen: Channel) -> None:
    page = kitchen.page
    kitchen.open_command("types")
    page.keyboard.type("cl")
    page.keyboard.press("Enter")
    page.keyboard.type("adm")
    page.keyboard.press("Enter")
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(kitchen.popup.get_by_role("alert")).to_have_text("Between 1 and 10.")
    page.keyboard.press("Backspace")
    page.keyboard.press("Tab")
    page.keyboard.type("sure:")
    page.keyboard.type("t")
    page.keyboard.press("Enter")
    page.keyboard.type("image:")
    page.locator('input[data-file="image"]').set_input_files(PICTURE)  # type: ignore[arg-type]
    expect(page.locator(".chip-file")).to_contain_text("boat.png")
    page.get_by_role("button", name="Send").click()
    expect(kitchen.private.last).to_contain_text("Cleo Admin 5 True boat.png")


def test_commands_for_administrators_are_offered_to_them_alone(kitchen: Channel) -> None:
    kitchen.box.fill("/budget")
    expect(kitchen.popup).to_contain_text("No command matches.")
    kitchen.act_as("Ada")
    kitchen.open_command("budget report")
    kitchen.page.keyboard.press("Enter")
    expect(kitchen.private.last).to_contain_text("nobody spent anything")


def test_a_long_press_on_a_phone_opens_the_menu(kitchen: Channel) -> None:
    page = kitchen.page
    kitchen.send("press me long")
    kitchen.use_by_finger("Animate image", kitchen.message("press me long").locator(".content"))
    expect(page.get_by_role("dialog", name=re.compile("Animate"))).to_be_visible()
