"""Showing text that others wrote: inert, inside a code block, cut to length."""

import discord

from models import in_tokens

# No message of ours notifies anybody, whatever names stand in it; a ping says whom it is for.
NOBODY = discord.AllowedMentions.none()
# Looks like a backtick and closes nothing.
_LOOKALIKE = "\N{MODIFIER LETTER GRAVE ACCENT}"

# In the place of words that were emptied by their age.
NOT_KEPT = "(not kept any more)"

tokens = in_tokens


def block(text: str, limit: int) -> str:
    """Return the text as one code block of at most `limit` characters, fences included."""
    room = limit - len("```\n\n```")
    # An empty fence would take in what stands after it.
    plain = text.replace("`", _LOOKALIKE) or NOT_KEPT
    if len(plain) > room:
        plain = plain[: room - 1].rstrip() + "…"
    return f"```\n{plain}\n```"


def inline(text: str) -> str:
    """Return the text as inline code, on one line, for a sentence of ours."""
    return f"`{' '.join(text.replace('`', _LOOKALIKE).split())}`"


def price(bounds: tuple[int, int]) -> str:
    """Return a price range as people read it: "44–88 tokens"."""
    low, high = bounds
    return tokens(high) if low == high else f"{low:,}–{tokens(high)}"


def span(seconds: tuple[int, int]) -> str:
    """Return a range of seconds as people read it: "45–90 s", "2–3 min"."""
    low, high = seconds
    if high > 180:
        return f"{max(1, round(low / 60))}–{round(high / 60)} min"
    return f"{low} s" if low == high else f"{low}–{high} s"
