import pytest

from jobs import fingerprint
from jobs.plain import clean


@pytest.mark.fault("V21")
@pytest.mark.parametrize(
    "echo",
    ["A Paper  Boat\n", " a paper boat", "A PAPER BOAT"],
)
def test_a_vendor_that_trims_or_folds_a_prompt_is_still_recognised(echo: str) -> None:
    assert fingerprint.of("kling-v2.1", echo) == fingerprint.of("kling-v2.1", "a paper boat")


@pytest.mark.fault("V21")
def test_a_vendor_that_cuts_long_prompts_is_still_recognised() -> None:
    prompt = "x" * 1500
    assert fingerprint.of("sora-2", prompt[:500]) == fingerprint.of("sora-2", prompt)


def test_another_model_or_prompt_is_another_request() -> None:
    one = fingerprint.of("kling-v2.1", "a paper boat")
    assert one != fingerprint.of("luma-ray2", "a paper boat")
    assert one != fingerprint.of("kling-v2.1", "a paper boot")


def test_both_spellings_of_a_model_are_one() -> None:
    assert fingerprint.of("luma-flash2", "x") == fingerprint.of("luma-ray2-flash", "x")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  a\u200b \u202eboat\u0000 ", "a boat"),
        ("line\nbreak\tand tab", "line break and tab"),
        ("e\u0301", "\u00e9"),
        ("Z" + "\u0335" * 40, "Z" + "\u0335" * 3),
        ("\ue000\U000e0041 tag", "tag"),
        ("\U0001f600 stays", "\U0001f600 stays"),
    ],
)
def test_a_members_text_is_normalised_at_intake(typed: str, kept: str) -> None:
    assert clean(typed) == kept
