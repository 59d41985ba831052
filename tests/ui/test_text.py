import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.text import block, price, span, tokens


@given(st.text(max_size=3000), st.integers(20, 1024))
def test_any_text_becomes_one_block_within_its_limit(text: str, limit: int) -> None:
    shown = block(text, limit)
    assert len(shown) <= limit
    assert shown.startswith("```\n")
    assert shown.endswith("\n```")
    assert "`" not in shown[4:-4]


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 tokens"), (1, "1 token"), (1234, "1,234 tokens")]
)
def test_amounts_read_as_people_say_them(count: int, words: str) -> None:
    assert tokens(count) == words


def test_ranges_read_as_people_say_them() -> None:
    assert price((44, 88)) == "44–88 tokens"
    assert price((88, 88)) == "88 tokens"
    assert span((45, 90)) == "45–90 s"
    assert span((90, 240)) == "2–4 min"
