"""The members' side: forged component ids, forged forms, and anything typed."""

import json
import unicodedata
from types import SimpleNamespace
from typing import Any, cast

import discord

from cogs.budget import common, pots, stops
from errors import NoSuchJobError, NotAllowedError, UnknownChoiceError, UserFacingError
from jobs.plain import clean
from jobs.words import wish_in
from models import LENGTHS_S, RATIOS
from tests.fuzz.plainly import result_of
from ui.forms import wish_from
from ui.router import Router, chosen, control_id, form_values
from ui.text import block, inline

ACTIONS = ("again", "edit", "info", "really", "make", "undo", "pick")
SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
DEPTH = 12


class Member:
    """Who presses or sends a form, with what Discord would pass on of it."""

    def __init__(self, kind: discord.InteractionType, data: object) -> None:
        self.type, self.data, self.client = kind, data, None
        self.told: list[str] = []
        self.response = SimpleNamespace(is_done=lambda: False, send_message=self._say)

    async def _say(self, text: str, *, view: object, ephemeral: bool) -> None:
        assert ephemeral, "a refusal for everybody to see"
        self.told.append(text)


def seen(kind: discord.InteractionType, data: object) -> discord.Interaction:
    """Return the interaction as the router gets it."""
    return cast(discord.Interaction, Member(kind, data))


def parsed(data: bytes) -> object:
    """Return JSON as a gateway would hand it over; other bytes are text."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")


def press(data: bytes) -> None:
    """A component or a form under any id: the right handler with sound arguments, or a refusal."""
    given = parsed(data)
    for kind in (discord.InteractionType.component, discord.InteractionType.modal_submit):
        check_press(kind, given)


def check_press(kind: discord.InteractionType, given: object) -> None:
    """Route one id; whoever answers gets what the id says, and nobody else is called."""
    calls: list[tuple[str, tuple[str, ...]]] = []
    router = Router()
    for action in ACTIONS:

        async def handle(
            _interaction: discord.Interaction, arguments: tuple[str, ...], action: str = action
        ) -> None:
            calls.append((action, arguments))

        router.on_press(action, handle)
        router.on_form(action, handle)
    member = Member(kind, {"custom_id": given})
    result_of(router.handle(cast(discord.Interaction, member)))
    parts = given.split(":") if isinstance(given, str) else []
    is_ours = parts[:1] == ["rb"] and len(parts) > 1 and parts[1] in ACTIONS and len(parts) <= 5
    if is_ours and all(1 <= len(part) <= 40 and set(part) <= SAFE for part in parts[2:]):
        assert calls == [(parts[1], tuple(parts[2:]))]
        assert control_id(calls[0][0], *calls[0][1]) == given
        assert member.told == []
    else:
        assert calls == []
        assert member.told == [str(NoSuchJobError())], "an error that nobody foresaw"


def form(data: bytes) -> None:
    """A form's or a select's payload of any shape: texts by their ids, and a wish from them."""
    given = parsed(data)
    kind = discord.InteractionType.modal_submit
    values = form_values(seen(kind, {"components": given}))
    assert all(type(part) is str for pair in values.items() for part in pair)
    wish = wish_from(values)
    assert wish.length_s is None or 0 <= wish.length_s < 1_000
    assert all(text is None or text for text in (wish.model, wish.ratio, wish.avoid))
    picked = chosen(seen(discord.InteractionType.component, {"values": given}))
    assert picked is None or type(picked) is str
    form_values(seen(kind, given if isinstance(given, dict) else None))


def typed(data: bytes) -> None:
    """Anything typed where words are read: a value within its bounds, or a sentence that helps."""
    if data[:1] == b"!":  # so that half a surrogate pair can be said as well
        text = data[1 : (len(data) - 1) // 2 * 2 + 1].decode("utf-16-le", "surrogatepass")[:4_000]
    else:
        text = data.decode("utf-8", "replace")[:4_000]
    try:
        wish = wish_in(text)
    except UnknownChoiceError as refusal:
        assert str(refusal)
    else:
        assert wish.length_s in (None, *LENGTHS_S)
        assert wish.ratio in (None, *RATIOS)
        assert len(wish.prompt) <= len(text)
    for kind in ("week", "month", "day"):
        day = helped(common.parse_day, kind, text)
        assert day is None or 1 <= day <= 31
    seconds = helped(pots._seconds, text)
    assert seconds is None or 3_600 <= seconds <= pots.MOST_DAYS * 86_400
    levels = helped(stops._levels, text)
    if levels:
        assert all(1 <= int(level) <= 100 for level in levels.split())
        assert len(levels.split()) <= stops.MOST_LEVELS
    plain = clean(text)
    assert clean(plain) == plain, "cleaned twice is not cleaned once"
    assert unicodedata.is_normalized("NFC", plain)
    assert all(char == " " or unicodedata.category(char)[0] != "C" for char in plain)
    plain.encode("utf-8")
    shown = block(plain, 1_000)
    assert len(shown) <= 1_000
    assert "`" not in shown[3:-3]
    assert "\n" not in inline(text)
    assert "`" not in inline(text)[1:-1]


def helped(read: Any, *given: str) -> Any:
    """Return what is read, or None when it was refused in words for who typed it."""
    try:
        return read(*given)
    except NotAllowedError as refusal:
        assert isinstance(refusal, UserFacingError)
        return None


def press_seeds() -> list[bytes]:
    """Ids of ours, whole and spoilt."""
    sound = [control_id(action, "aB3_-xyz", "44") for action in ACTIONS]
    spoilt = ["rb", "rb:", "rb:again:", "rb::x", "RB:again", "rb:again:a:b:c:d", "rb:again:a b"]
    spoilt += [
        "rb:again:\n",
        "rb:again:x\n",
        "rb:again:" + "x" * 41,
        "rb:weiß:x",
        "\x00",
        "x" * 100,
    ]
    spoilt += ["rb:again:\N{ARABIC-INDIC DIGIT THREE}", "null", "[]", '{"a": 1}', "1e999"]
    return [text.encode() for text in (*sound, *spoilt)]


def form_seeds() -> list[bytes]:
    """Forms as Discord sends them, and what no client sends."""
    prompt = {"type": 4, "custom_id": "prompt", "value": "a boat"}
    length = {"type": 3, "custom_id": "length", "values": ["5"]}
    rows = [{"type": 1, "components": [prompt]}, {"type": 18, "component": length}]
    odd: list[Any] = [[], {}, None, [None], [[prompt]], [{"component": [length]}], prompt]
    odd += [[{"custom_id": 1, "value": "x"}], [{"custom_id": "length", "values": [5]}]]
    odd += [[{"custom_id": "length", "value": digits}] for digits in ("-1", "²", "٣", "9999", "")]
    nested: Any = prompt
    for _ in range(DEPTH):
        nested = {"component": nested, "components": [nested]}
    return [json.dumps(one).encode() for one in (rows, *odd, nested)]


def typed_seeds() -> list[bytes]:
    """Sentences with options, and characters that lie."""
    texts = ["make it dance, 10 seconds, square", "a boat 16:9", "after 5 seconds", "0 s", "99s"]
    texts += ["3 days", "2 weeks", "1h", "50 80 95", "off", "Mon", "31", "32", "\u202e\u200b\ufeff"]
    texts += [
        "e" + "\u0301" * 40,
        "\U000e0041",
        "```\n@everyone",
        "٣ days",
        "\ud7a3",
        " " * 200,
        "",
    ]
    half_a_pair = b"!" + "\ud800 5 s".encode("utf-16-le", "surrogatepass")
    return [*(text.encode() for text in texts), half_a_pair]
