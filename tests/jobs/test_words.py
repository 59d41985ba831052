"""Options said in words: what of a sentence is an option, and what is the prompt."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UnknownChoiceError
from jobs.words import wish_in

# sentence, prompt, length, shape
SENTENCES: list[tuple[str, str, int | None, str | None]] = [
    ("make it dance", "make it dance", None, None),
    ("make it dance, 10 seconds, square", "make it dance", 10, "1:1"),
    ("10 seconds, square, make it dance", "make it dance", 10, "1:1"),
    ("make it dance. 10 seconds. Square.", "make it dance.", 10, "1:1"),
    ("make it dance; 9:16; 5s", "make it dance", 5, "9:16"),
    ("make it dance\n10 seconds\nwide", "make it dance", 10, "16:9"),
    ("it sails away 10s", "it sails away", 10, None),
    ("it sails away 10s 1:1", "it sails away", 10, "1:1"),
    ("it sails away for 10 seconds!", "it sails away", 10, None),
    ("it sails away in 9:16", "it sails away", None, "9:16"),
    ("it sails away, 10 sec, please", "it sails away, please", 10, None),
    ("it sails away, 10 seconds please", "it sails away", 10, None),
    ("it sails away, and 10 seconds long", "it sails away", 10, None),
    ("it sails away, in portrait format", "it sails away", None, "9:16"),
    ("it sails away, aspect ratio: 9:16", "it sails away", None, "9:16"),
    ("it sails away, with a length of 10 s", "it sails away, with a length of 10 s", None, None),
    ("it sails away, a 10-second video", "it sails away", 10, None),
    ("16:9,10 seconds", "", 10, "16:9"),
    ("vertical", "", None, "9:16"),
    ("Landscape, 10S", "", 10, "16:9"),
    ("make it 10 seconds", "", 10, None),
    ("5 seconds, 10 seconds", "", 10, None),
    ("", "", None, None),
    (" ,;. ", ".", None, None),
    # What is part of a sentence stays there.
    ("a square box opens", "a square box opens", None, None),
    ("portrait of a man", "portrait of a man", None, None),
    ("a wide river, tall trees", "a wide river, tall trees", None, None),
    ("10 seconds of rain", "10 seconds of rain", None, None),
    ("for 10 seconds it rains", "for 10 seconds it rains", None, None),
    ("it explodes after 5 seconds", "it explodes after 5 seconds", None, None),
    ("it explodes after 7 seconds.", "it explodes after 7 seconds.", None, None),
    ("fade out in the last 5 s", "fade out in the last 5 s", None, None),
    ("it blinks every 10 seconds", "it blinks every 10 seconds", None, None),
    ("the clock shows 9:16", "the clock shows 9:16", None, None),
    ("the train leaves at 9:16", "the train leaves at 9:16", None, None),
    ("dance, 2.5 seconds", "dance, 2.5 seconds", None, None),
    ("dance, 2,5 seconds", "dance, 2,5 seconds", None, None),
    ("it scales 21:9", "it scales 21:9", None, None),
    ("it is 1:1.5 in size", "it is 1:1.5 in size", None, None),
    ("10 men, 5 boats", "10 men, 5 boats", None, None),
    ("dance, please", "dance, please", None, None),
    ("make a video", "make a video", None, None),
    ("100 seconds", "refused", None, None),
    ("dance, 7 seconds", "refused", None, None),
    ("dance 0s", "refused", None, None),
]


@pytest.mark.parametrize(("text", "prompt", "length_s", "ratio"), SENTENCES)
def test_a_sentence_is_prompt_but_for_what_is_nothing_but_an_option(
    text: str, prompt: str, length_s: int | None, ratio: str | None
) -> None:
    if prompt == "refused":
        with pytest.raises(UnknownChoiceError, match=r"5 or 10 seconds long.*Nothing was charged"):
            wish_in(text)
        return
    wish = wish_in(text)
    assert (wish.prompt, wish.length_s, wish.ratio) == (prompt, length_s, ratio)
    assert (wish.model, wish.avoid, wish.is_spoiler, wish.is_private) == (None, None, None, False)


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 4000 + "b",
        "a" + ",; " * 1300 + "b",
        "a 10" + " " * 4000 + "b",
        "a 10 s" + ".!" * 2000 + "b",
        "a 10 s " * 570,
        "1" * 4000,
        "1:1" * 1300,
        "make " * 800 + "10",
    ],
)
def test_no_message_keeps_the_bot_busy(text: str) -> None:
    began = time.thread_time()
    wish_in(text)
    assert time.thread_time() - began < 0.2, "a second, before runs were tried only once"


@given(st.text(alphabet="ab 159:,.;!s-\n", max_size=60))
def test_whatever_is_said_comes_out_as_a_wish_or_a_refusal(text: str) -> None:
    try:
        wish = wish_in(text)
    except UnknownChoiceError:
        return
    assert wish.length_s in (None, 5, 10)
    assert wish.ratio in (None, "16:9", "9:16", "1:1")
    assert len(wish.prompt) <= len(text)
