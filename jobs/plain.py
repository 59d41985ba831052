"""Text from outside as it is kept: one line, one form, nothing invisible."""

import unicodedata

COMBINING_RUN = 3


def clean(text: str) -> str:
    """Normalise a member's text: NFC, no invisible or control characters, no combining floods."""
    spaced = text.replace("\n", " ").replace("\t", " ")
    visible = "".join(char for char in spaced if unicodedata.category(char)[0] != "C")
    kept: list[str] = []
    run = 0
    # Only now: an invisible character between a letter and its accent kept them from being one.
    for char in unicodedata.normalize("NFC", visible):
        run = run + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if run <= COMBINING_RUN:
            kept.append(char)
    return " ".join("".join(kept).split())
