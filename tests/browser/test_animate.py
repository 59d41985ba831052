"""A picture starts to move: each way in, on the page, with the real bot behind it."""

import re

import pytest
from playwright.sync_api import Locator, expect

from playground import scenery
from tests.browser.channel import VIDEO_MS, Channel
from tests.browser.test_pictures import loaded

pytestmark = pytest.mark.browser

ONE, TWO = "Good evening from the harbour", "And two more from today"


def thumbnail(card: Locator) -> Locator:
    """The start picture in the corner of a card, once it is there."""
    picture = card.locator(".embed-thumbnail")
    expect(picture).to_be_visible()
    loaded(picture)
    return picture


def posted(channel: Channel, text: str) -> Locator:
    """The message in which Ada posted a picture; replies that quote it are not meant."""
    content = channel.page.locator(".content", has_text=text)
    return channel.messages.locator("article").filter(has=content)


def form_of(channel: Channel) -> Locator:
    """The form that a right-clicked picture opens."""
    return channel.page.get_by_role("dialog", name="Animate this picture")


def test_a_right_clicked_picture_moves_and_its_poster_takes_the_clip_down(reader: Channel) -> None:
    page, prompt = reader.page, "gulls circle the masts, slow push in"
    reader.open_apps(posted(reader, ONE).locator(".picture"))
    apps = page.get_by_role("menuitem", name="Apps")
    expect(apps).to_be_focused()
    reader.picture("animate-menu")
    page.get_by_role("menuitem", name="Animate image").click()
    form = form_of(reader)
    form.get_by_label("What should happen").fill(prompt)
    form.get_by_role("combobox", name="Model").click()
    form.get_by_role("option", name="Luma Ray 2 Flash").click()
    reader.picture("animate-form")
    card = reader.card(prompt)
    with reader.slowly():
        form.get_by_role("button", name="Submit").click()
        expect(form).to_have_count(0)
        expect(card).to_contain_text("42 tokens held")
        expect(card).to_contain_text("landscape 16:9")
        thumbnail(card)
        expect(reader.job(prompt)).to_contain_text("from a picture")
        reader.picture("animate-card")
        reader.finish(prompt)
    page.set_viewport_size({"width": 1280, "height": 900})
    reader.play(card, until_s=3.5)  # by then the player's controls have gone
    expect(card).to_contain_text("42 tokens")
    thumbnail(card)
    expect(reader.message("your video is ready")).to_be_visible()
    reader.close_notices()
    reader.picture("animate-video")

    reader.act_as("Ada")
    reader.has_all_files(card)
    card.get_by_role("button", name="Delete").click()
    expect(reader.private.last).to_contain_text("Taken down.")
    expect(card).to_have_count(0)


def test_of_several_pictures_one_is_chosen_in_private(reader: Channel) -> None:
    reader.use("Animate image", posted(reader, TWO).locator(".picture").first)
    picker = reader.private.last
    expect(picker).to_contain_text("Which picture should move?")
    for picture in picker.locator(".embed-thumbnail").all():
        loaded(picture)
    reader.picture("animate-picker", picker)
    picker.get_by_role("button", name="2", exact=True).click()
    with reader.slowly():
        form_of(reader).get_by_role("button", name="Submit").click()
        expect(form_of(reader)).to_have_count(0)
        card = reader.card("square 1:1")
        # A gentle motion in the bot's words.
        expect(card).to_contain_text("camera", ignore_case=True)
        thumbnail(card)
        reader.finish("1:1")
    reader.play(card)


def test_a_reply_that_mentions_the_bot_makes_the_picture_move(reader: Channel) -> None:
    with reader.slowly():
        reader.reply_to(posted(reader, ONE), "the sun sets, waves roll in, 5 seconds, square")
        card = reader.card("the sun sets, waves roll in")
        expect(card.locator(".context-line")).to_contain_text("Ben")
        expect(card).to_contain_text("square 1:1")
        expect(card.locator(".embed")).not_to_contain_text("5 seconds, square")
        thumbnail(card)
        reader.picture("animate-reply")
        reader.finish("the sun sets, waves roll in")
    reader.play(card)


def test_without_the_intent_a_reply_gets_a_pointer_that_goes_away(channel: Channel) -> None:
    channel.set_speed("1×")
    channel.reply_to(posted(channel, ONE), "the sun sets quickly")
    pointer = channel.messages.locator("article", has_text="I cannot see that picture from here")
    expect(pointer).to_contain_text("This note goes away by itself.")
    channel.picture("animate-pointer")
    channel.set_speed("60×")
    expect(pointer).to_have_count(0, timeout=5_000)  # no patience: how soon it goes is the point
    channel.set_speed("20×")
    expect(channel.job("the sun sets quickly")).to_have_count(0)


def test_a_picture_from_ones_own_disk_becomes_a_video_that_can_be_fetched_again(
    reader: Channel,
) -> None:
    page, prompt = reader.page, "rings spread on the water"
    reader.open_command("video")
    page.keyboard.type(prompt)
    page.keyboard.press("Tab")
    page.keyboard.type("image:")
    with page.expect_file_chooser() as choosing:
        page.locator(".chip-file").click()
    boat = scenery.paper_boat()
    choosing.value.set_files({"name": "boat.jpg", "mimeType": "image/jpeg", "buffer": boat})
    expect(page.locator(".chip-file")).to_contain_text("boat.jpg")
    reader.picture("animate-attached", page.locator("#composer"))
    with reader.slowly():
        page.get_by_role("button", name="Send").click()
        card = reader.card(prompt)
        expect(card).to_contain_text("square 1:1")
        thumbnail(card)
        reader.finish(prompt)
    reader.play(card)

    reader.open_command("videos get")
    page.keyboard.press("Enter")
    listed = reader.private.filter(has_text="Your videos")
    expect(listed).to_contain_text(prompt)
    reader.close_notices()
    reader.picture("videos-get", listed)
    listed.get_by_role("combobox", name="Show me …").click()
    listed.get_by_role("option", name=prompt).click()
    fetched = reader.private.filter(has=page.locator("video")).last
    reader.play(fetched)
    listed.get_by_role("button", name="#videos › message").first.click()
    expect(page.locator("article.flash")).to_contain_text(prompt)


def test_a_spoiler_is_veiled_until_somebody_presses_it(reader: Channel) -> None:
    page, prompt = reader.page, "the treasure is under the palm"
    reader.open_command("video")
    page.keyboard.type(prompt)
    page.keyboard.press("Tab")
    page.keyboard.type("spoiler:")
    page.keyboard.type("True")
    page.keyboard.press("Enter")
    card = reader.card(prompt)
    with reader.slowly():
        page.keyboard.press("Enter")
        reader.finish(prompt)
    veil = card.get_by_role("button", name="Spoiler: show")
    veil.wait_for(timeout=VIDEO_MS)
    veil.scroll_into_view_if_needed()
    reader.close_notices()
    reader.picture("spoiler", card)
    expect(card.locator(".curtain > figure")).to_have_attribute("inert", "")
    veil.click()
    reader.play(card)


def test_on_a_phone_a_picture_is_held_and_moves(reader: Channel) -> None:
    page, prompt = reader.page, "the boats sway, lamps flicker"
    reader.use_by_finger("Animate image", posted(reader, ONE).locator(".picture"))
    form = form_of(reader)
    form.get_by_label("What should happen").fill(prompt)
    reader.picture("phone-form")
    with reader.slowly():
        form.get_by_role("button", name="Submit").tap()
        card = reader.card(prompt)
        thumbnail(card)
        page.get_by_role("button", name="NeuralBox panel").tap()
        reader.finish(prompt)
    reader.panel.get_by_role("button", name="Close the NeuralBox panel").tap()
    reader.play(card, until_s=3.5)
    buttons = card.locator(".component-row button")
    expect(buttons).to_have_text([re.compile("^Again"), "Edit", "Continue", "Info", "Delete"])
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    fields = [field.bounding_box() for field in card.locator(".embed-field").all()]
    assert len({field["x"] for field in fields if field}) == 1, "one under the other"
    reader.close_notices()
    reader.picture("phone-animated")
