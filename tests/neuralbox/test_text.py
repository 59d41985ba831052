"""Words of the vendor cannot lie about what follows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralbox.text import is_policy_refusal, one_line, prompt_text
from tests.neuralbox.support import patient


@pytest.mark.parametrize(
    "sentence",
    [
        "Provider error: content policy violation",
        "Content policy violation",
        "Content policy violation: prohibited content detected",
        "CONTENT  POLICY",
    ],
)
def test_each_published_policy_sentence_is_recognised(sentence: str) -> None:
    assert is_policy_refusal(sentence)


@pytest.mark.parametrize("sentence", ["Provider error: timed out", "policy of content", ""])
def test_other_failures_are_no_policy_refusals(sentence: str) -> None:
    assert not is_policy_refusal(sentence)


def test_a_sentence_becomes_one_line_without_hidden_characters() -> None:
    hostile = "bad\nINFO paid\x1b[31m\u202egnp.exe\u0000\ud800 \u2028 done\u200b\t!"
    assert one_line(hostile) == "bad INFO paid[31mgnp.exe done !"


def test_a_sentence_is_cut() -> None:
    assert len(one_line("word " * 100_000)) <= 300
    assert one_line("x" * 301) == "x" * 300


@patient
@given(st.text(st.characters()), st.integers(1, 400))
def test_one_line_is_always_printable_short_and_stable(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert line.isprintable()
    assert len(line) <= limit
    assert line.encode("utf-8").decode("utf-8") == line
    assert one_line(line, limit) == line


@patient
@given(st.text(st.characters()))
def test_a_prompt_from_the_history_can_always_be_stored(text: str) -> None:
    kept = prompt_text(text, 100)
    assert "\x00" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert prompt_text(kept, 100) == kept


def test_a_prompt_keeps_its_lines() -> None:
    assert prompt_text("a boat\n\tin the rain", 100) == "a boat\n\tin the rain"
