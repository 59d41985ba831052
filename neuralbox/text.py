"""Text as the vendor sends it, made safe to keep, to log and to compare."""

import unicodedata

MESSAGE_CHARS = 300
LINE_SEPARATORS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
KEPT_IN_PROMPTS = frozenset("\t\n\r")


def one_line(text: str, limit: int = MESSAGE_CHARS) -> str:
    """Return `text` as one line of at most `limit` printable characters, white space collapsed.

    Control, format, surrogate, private and unassigned characters are dropped: a sentence of the
    vendor ends up in logs and in Discord messages, where each of them can lie about what follows.
    """
    # Sixteen times the limit is enough to look through padding without working on a megabyte.
    head = text[: limit * 16]
    kept = (" " if char in LINE_SEPARATORS else char for char in head)
    spaced = "".join(
        " " if unicodedata.category(char) == "Zs" else char
        for char in kept
        if char.isprintable() or unicodedata.category(char) == "Zs"
    )
    return unicodedata.normalize("NFC", " ".join(spaced.split()))[:limit].rstrip()


def prompt_text(text: str, limit: int) -> str:
    """Return a prompt from the history without what no prompt of ours can hold.

    Line breaks and tabs stay, since the comparison with our own prompt normalises both sides; what
    goes are surrogates, NUL and the other control characters, which no database takes as text.
    """
    return "".join(
        char
        for char in text[:limit]
        if char in KEPT_IN_PROMPTS or unicodedata.category(char) not in {"Cc", "Cs"}
    )


def is_policy_refusal(sentence: str) -> bool:
    """Say whether a failure's sentence means the prompt broke the content policy.

    The published sentences differ in what stands before and after these two words, and other
    failures share their prefix "Provider error:". Source: "generate/status", "error-handling".
    """
    return "content policy" in " ".join(sentence.casefold().split())
