"""Text from outside in the one form in which it is kept."""

import pytest

from jobs.plain import clean


@pytest.mark.parametrize("between", ["", "\x00", "\u200b", "\u200d\u202e"])
def test_an_accent_behind_something_invisible_is_one_letter_all_the_same(between: str) -> None:
    assert clean(f"cafe{between}\u0301") == "caf\u00e9"
    assert clean(f"\u1112{between}\u1161") == "\ud558"


def test_what_was_cleaned_is_clean() -> None:
    flood = "e" + "\u0301" * 9 + "\x00" + "\u0305\u0301" * 9 + "\n\u200b \t\u0301x"
    assert clean(clean(flood)) == clean(flood)


def test_invisible_characters_do_not_carry_a_flood_of_accents_past_the_limit() -> None:
    flood = "\u200b".join(["\u0336\u0489\u0336"] * 300)
    assert clean(f"e{flood}") == "e\u0336\u0489\u0336"
