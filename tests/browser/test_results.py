"""What can be done with a card on the page: its buttons, each pressed as a member would."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.channel import Channel
from tests.browser.test_pictures import loaded

pytestmark = pytest.mark.browser

PROMPT = "a kite over the dunes"
LANDED = "the kite lands on the beach"


def press(card: Locator, name: str) -> None:
    card.get_by_role("button", name=name).click()


def test_every_button_under_a_video_does_what_it_says(reader: Channel) -> None:
    page = reader.page
    with reader.slowly():
        reader.video(PROMPT)
        reader.finish(PROMPT)
    first = reader.card(PROMPT)
    reader.play(first)
    number = first.locator(".embed-footer").inner_text().removeprefix("Job ")
    first = reader.messages.locator("article:not(.private)").filter(
        has=page.locator(".embed-footer", has_text=f"Job {number}")
    )
    reader.set_speed("1×")

    press(first, "Again · 44")
    again = reader.card(PROMPT)
    expect(again).to_contain_text("Your video is being made")
    press(again, "Cancel")
    expect(reader.private.last).to_contain_text("NeuralBox, which cannot cancel")
    expect(reader.private.last.get_by_role("button", name="Hide the result")).to_be_in_viewport()

    reader.close_notices()
    press(first, "Edit")
    form = page.get_by_role("dialog", name=f"Edit job {number}")
    expect(form.get_by_label("What the video should show")).to_have_value(PROMPT)
    expect(form.get_by_role("combobox", name="Model")).to_have_text("Kling 2.1")
    expect(form.get_by_role("combobox", name="Length")).to_have_text("5 seconds")
    form.get_by_label("What the video should show").fill("a red kite, square")
    form.get_by_role("combobox", name="Shape").click()
    form.get_by_role("option", name="Square").click()
    reader.picture("edit-form", form)
    form.get_by_role("button", name="Submit").click()
    expect(reader.card("a red kite, square")).to_contain_text("square 1:1")

    _go_on(reader, first, number, "the kite comes down")
    waiting = reader.card("the kite comes down")
    expect(waiting).to_contain_text("In the queue · place 1")
    press(waiting, "Cancel")
    expect(reader.private.last).to_contain_text("Nothing was sent, and nothing was charged.")
    expect(waiting).to_contain_text("Not charged")
    expect(waiting.get_by_role("button", name="Try again · 44")).to_be_visible()

    for prompt in ("a red kite, square", PROMPT):
        reader.finish(prompt)
    reader.set_speed("20×")
    for prompt in ("a red kite, square", PROMPT):
        reader.play(reader.card(prompt))
    landed = reader.card(LANDED)
    with reader.slowly():
        _go_on(reader, first, number, LANDED)
        loaded(landed.locator(".embed-thumbnail"))
        reader.finish(LANDED)
    reader.play(landed)
    _tell_and_delete(reader, landed, number)


def _go_on(reader: Channel, card: Locator, number: str, sentence: str) -> None:
    press(card, "Continue")
    form = reader.page.get_by_role("dialog", name=f"Continue job {number}")
    form.get_by_label("What should happen").fill(sentence)
    form.get_by_role("button", name="Submit").click()
    expect(form).to_have_count(0)


def _tell_and_delete(reader: Channel, card: Locator, parent: str) -> None:
    press(card, "Info")
    info = reader.private.last
    expect(info).to_contain_text("the last frame of the video before")
    expect(info).to_contain_text(f"/video → job {parent}")
    expect(info).to_contain_text("88 tokens in all")
    expect(info).to_be_in_viewport()
    reader.close_notices()
    reader.picture("info", info)

    press(info, "Edit description")
    form = reader.page.get_by_role("dialog", name="Describe the video")
    expect(form.get_by_label("Description")).to_have_value(f"5-second video: {LANDED}")
    form.get_by_label("Description").fill("A red kite touches the sand and folds up.")
    form.get_by_role("button", name="Submit").click()
    described = card.get_by_label("A red kite touches the sand and folds up.")
    expect(described).to_be_visible()

    reader.has_all_files(card)
    press(card, "Delete")
    question = reader.private.last
    expect(question).to_contain_text("deleting refunds nothing: it cost 44 tokens")
    reader.picture("delete", question)
    press(question, "Delete it")
    expect(reader.private.last).to_contain_text("Nothing is refunded; it cost 44 tokens.")
    expect(card).to_have_count(0)
