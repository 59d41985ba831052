"""What somebody writes who wants more than to be read, and how Discord reads what we make of it.

Every string says MARK wherever it would be read as our own words, so that finding it outside of
code is finding a breach.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

MARK = "zqx"
GRAVES = "`\u02cb\u0060\uff40\u1fef\u2035\u00b4"
FENCES = [
    "```",
    "``````",
    "``",
    "`",
    "~~~",
    "`\u200b``",
    "`\u200b`\u200b`",
    "\\```",
    "```\\",
    "````",
]


def _strings() -> Iterator[str]:
    mentions = ["@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "<id:browse>", "<id:guide>"]
    yield from (f"{MARK} {one} {MARK}" for one in mentions)
    yield from (f"{MARK} </video:1> {MARK} {one}" for one in ("</budget pause:1>", "</a b c:2>"))
    yield from (f"<t:1:{style}>{MARK}" for style in "tTdDfFR")
    yield from (f"{MARK} {one}" for one in ("<:boat:1>", "<a:boat:1>", ":joy:", "\U0001f4a9" * 200))
    for fence in FENCES:
        yield f"{fence}{MARK} @everyone"
        yield f"{MARK}{fence}\n@everyone {MARK}\n{fence}"
        yield f"{fence}{fence}{MARK}{fence}"
    yield from (f"{grave * 3}{MARK}{grave * 3} @here {MARK}" for grave in GRAVES)
    masked = [
        "[safe](https://evil.example)",
        "[a]( https://evil.example 'b')",
        "[a][b]\n[b]: https://evil",
    ]
    yield from (f"{MARK} {one} {MARK}" for one in masked)
    links = [
        "https://evil.example",
        "<https://evil.example>",
        "http://evil.example/x_(y)",
        "discord.gg/evil",
    ]
    yield from (f"{MARK} {one} {MARK}" for one in links)
    yield from (
        f"{MARK} {one}" for one in ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x")
    )
    lines = ["# ", "## ", "### ", "-# ", "> ", ">>> ", "- ", "* ", "1. ", "||", "---", "\\"]
    yield from (f"{one}{MARK}\n{one}{MARK}" for one in lines)
    around = ["**", "__", "*", "_", "~~", "||", "***", "__**"]
    yield from (f"{one}{MARK}{one}" for one in around)
    bidi = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    yield from (f"{MARK}{one}gnp.exe{MARK}" for one in bidi)
    hidden = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u115f\u3164\u2800"
    yield from (f"@{one}everyone {MARK}{one}{MARK}" for one in hidden)
    yield "".join(chr(0xE0000 + ord(char)) for char in "hidden tag") + MARK
    yield f"{MARK}a" + "\u0301" * 400
    yield f"{MARK}a" + ("\u0301" * 3 + "\u200d") * 100
    yield f"{MARK}a" + ("\u0300\u0301\u0302\u200b" * 100)
    yield f"{MARK}\u0488" + "\u20e0" * 200
    yield from (
        f"{MARK}{one}{MARK}" for one in ("\0", "\x07", "\x08" * 50, "\x7f", "\x9b31m", "\x85")
    )
    yield from (
        f"{MARK}\x1b{one}{MARK}" for one in ("[2J", "[31m", "]0;title\x07", "]8;;https://e\x07")
    )
    yield from (
        f"{MARK}{one}{MARK}" for one in ("\ud800", "\udfff", "\udc00\ud800", "\ue000", "\U000f0000")
    )
    yield from (
        f"{MARK}{one}{MARK}" for one in ("\u2028", "\u2029", "\r\n", "\r", "\v", "\f", "\n\n\n")
    )
    templates = [
        "{0}",
        "{job}",
        "{0.__class__}",
        "%s%n",
        "${7*7}",
        "{{7*7}}",
        "<%= 7 %>",
        "$(id)",
        "`id`",
    ]
    yield from (f"{MARK} {one} {MARK}" for one in templates)
    yield from (
        f"{one}{MARK}"
        for one in ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "=cmd|'/c calc'!A0", ";=1")
    )
    sql = [
        "'; DROP TABLE job; --",
        "' OR 1=1 --",
        '"; DELETE FROM entry',
        "1); --",
        "\\'; --",
        "%' ESCAPE '",
    ]
    yield from (f"{MARK} {one}" for one in sql)
    yield f"{MARK} " + "\u0635\u0644\u0649 " * 50
    yield f"{MARK}" + "\ufdfd" * 100
    yield f"<script>{MARK}</script><img src=x onerror={MARK}>"
    yield f'", "content": "{MARK} @everyone'
    yield f'\\", \\"allowed_mentions\\": null, \\"{MARK}'


STRINGS = tuple(dict.fromkeys(_strings()))

_BLOCK = re.compile(r"```(?:[a-z0-9_+\-.#]+?\n)?\n*([^\n].*?)\n*```", re.DOTALL | re.IGNORECASE)
_INLINE = re.compile(r"(`+)(.*?[^`])\1(?!`)", re.DOTALL)
_LINK = re.compile(r"https?://(?!discord\.com/channels/)")
SUPPRESSED = 1 << 2


def outside_of_code(text: str) -> str:
    """Return what Discord reads as markdown: all but code, which it takes from the left."""
    rest, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and not text[at + 1].isalnum():
            rest, at = rest + text[at : at + 2], at + 2
            continue
        code = _BLOCK.match(text, at) or _INLINE.match(text, at)
        if code:
            rest, at = rest + " ", code.end()
        else:
            rest, at = rest + text[at], at + 1
    return rest


def said_in(payload: dict[str, Any]) -> Iterator[str]:
    """Return every text of a message that is read as markdown."""
    yield payload.get("content") or ""
    for embed in payload.get("embeds") or []:
        yield embed.get("title") or ""
        yield embed.get("description") or ""
        yield (embed.get("footer") or {}).get("text") or ""
        yield (embed.get("author") or {}).get("name") or ""
        for field in embed.get("fields") or []:
            yield field["name"]
            yield field["value"]


def all_texts(found: Any) -> Iterator[str]:
    """Return every text in a payload, however deep."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for one in found.values():
            yield from all_texts(one)
    elif isinstance(found, list):
        for one in found:
            yield from all_texts(one)


def breaches(message: dict[str, Any]) -> list[str]:
    """Return what is wrong with a message that shows what others wrote."""
    found = [
        f"outside of code: {text!r}" for text in said_in(message) if MARK in outside_of_code(text)
    ]
    if _LINK.search(outside_of_code(message.get("content") or "")) and not (
        (message.get("flags") or 0) & SUPPRESSED
    ):
        found.append(f"a link that unfurls: {message['content']!r}")
    for text in all_texts(message):
        odd = {char for char in text if unicodedata.category(char)[0] == "C" and char != "\n"}
        if odd:
            found.append(f"characters {odd!r} in {text!r}")
        if re.search("[\u0300-\u036f\u0488\u20d0-\u20ff]{4}", text):
            found.append(f"a flood of marks in {text!r}")
    return found
