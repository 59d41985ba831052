"""Text from outside as it is kept: one line, one form, nothing invisible."""

import unicodedata

COMBINING_RUN = 3


def clean(text: str) -> str:
    """Normalise a member's text: NFC, no invisible or control characters, no combining floods."""
    kept: list[str] = []
    run = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        run = run + 1 if category in {"Mn", "Me"} else 0
        if char in "\n\t":
            kept.append(" ")
        elif category[0] != "C" and run <= COMBINING_RUN:
            kept.append(char)
    return " ".join("".join(kept).split())
