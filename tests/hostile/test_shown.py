"""Every string of the corpus in every place that shows what others wrote.

The functions that make messages are found in the code, and so are the texts that go into them: one
that is new is tried as well, and has to be added to the list of places below.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jobs.plain import clean
from models import Job
from tests.hostile.filled import CannotFillError, Filler
from tests.hostile.shown import (
    AS_THEY_COME,
    HELPERS,
    OURS,
    SPECIAL,
    functions,
    payload,
    sentences,
)
from tests.hostile.strings import STRINGS, all_texts, breaches

ROOT = Path(__file__).parents[2]
SAMPLES = 80
# What cannot be: a cap of all servers together, fewer costs than jobs, no model at all.
CANNOT_BE = (KeyError, IndexError, ValueError)

# Where, and whose words. "" stands for all of a message that is one text.
SHOWN = {
    "BudgetExceededError": {("", "BudgetExceededError.pot_name")},
    "Pause.sentence": {("", "Pause.reason")},
    "SpendingStoppedError": {("", "SpendingStoppedError.reason")},
    "budget.log_card": {("description", "Change.reason")},
    "budget.overview_card": {
        ("New videos are paused", "Halt.reason"),
        ("Your new videos are paused", "Halt.reason"),
        ("a field's name", "Pot.name"),
    },
    "budget.pot_line": {("", "Pot.name")},
    "budget.setup_card": {("Paused", "Halt.reason"), ("Pots", "Pot.name")},
    "cards.alt_text": {("", "Showing.alt_text"), ("", "VideoRequest.prompt")},
    "cards.card": {
        ("description", "VideoRequest.prompt"),
        ("Avoid", "VideoRequest.negative_prompt"),
        ("NeuralBox says", "JobView.said"),
        ("The moderator says", "JobView.said"),
    },
    "cards.result": {
        ("description", "VideoRequest.prompt"),
        ("Avoid", "VideoRequest.negative_prompt"),
        ("NeuralBox says", "JobView.said"),
        ("The moderator says", "JobView.said"),
    },
    "chart_words.describe": {("", "describe.names")},
    "chart_words.drawable": {("", "drawable.text")},
    "chart_words.member_names": {("", "member_names.names")},
    "chart_words.short_name": {("", "short_name.text")},
    "forms.alt_text_form": {("", "alt_text_form.text")},
    "forms.video_form": {("", "Wish.avoid"), ("", "Wish.prompt")},
    "host.paused": {("", "Pause.reason")},
    "host.standing_card": {("New videos", "Pause.reason")},
    "info.command": {("", "VideoRequest.negative_prompt"), ("", "VideoRequest.prompt")},
    "info.details": {
        ("description", "VideoRequest.prompt"),
        ("To make it again", "VideoRequest.negative_prompt"),
        ("To make it again", "VideoRequest.prompt"),
        ("Where it came from", "VideoRequest.prompt"),
    },
    "info.listing": {("description", "VideoRequest.prompt")},
    "info.made_line": {("", "VideoRequest.prompt")},
    "info.short": {("", "short.text")},
    "noticeboard.render": {
        ("description", "Notice.body[prompt]"),
        ("description", "Notice.body[reason]"),
        ("Avoid", "Notice.body[avoid]"),
        ("Why", "Notice.body[reason]"),
    },
}


class Seen(NamedTuple):
    """What the samples of one function showed: how many there were, and of each what was where."""

    made: int
    places: dict[int, set[tuple[str, str]]]
    asked: frozenset[str]
    """Every owner that was asked for."""

    @property
    def every(self) -> set[tuple[str, str]]:
        return set().union(*self.places.values())

    def few(self) -> list[int]:
        """Return few samples that show together whatever any of them shows."""
        left, chosen = self.every, []
        while left:
            chosen.append(max(self.places, key=lambda sample: len(self.places[sample] & left)))
            left -= self.places[chosen[-1]]
        return chosen


class Noting(dict[str, Any]):
    """OURS, noting what it is asked for."""

    def __init__(self) -> None:
        super().__init__(OURS)
        self.asked: set[str] = set()

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


def makers() -> dict[str, Any]:
    """Return everything that makes something to read, by name, but for its helpers."""
    every = dict(itertools.chain(functions(), sentences()))
    assert HELPERS.keys() <= every.keys()
    return {name: one for name, one in every.items() if name not in HELPERS}


def places(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return each text of a message with the name of its place."""
    for embed in message.get("embeds", []):
        for name in ("title", "description"):
            yield name, embed.get(name, "")
        yield "footer", embed.get("footer", {}).get("text", "")
        for field in embed.get("fields", []):
            yield "a field's name", field["name"]
            yield field["name"], field["value"]
    if "embeds" not in message:
        for text in all_texts(list(message.values())):
            yield "", text


@cache
def look(name: str) -> Seen:
    """Fill a function in many ways, each text with a mark of its own, and look where they are."""
    found: dict[int, set[tuple[str, str]]] = {}
    ours, made = Noting(), 0
    for sample in range(SAMPLES):
        owners: list[str] = []

        def mark(owner: str, owners: list[str] = owners) -> str:
            if owner not in owners:
                owners.append(owner)
            return f"zqx{owners.index(owner)}z"

        try:
            message = _made(name, Filler(sample, mark, ours, SPECIAL))
        except CANNOT_BE:
            continue
        made += 1
        found[sample] = {
            (place, owners[int(number)])
            for place, text in places(message)
            for number in re.findall(r"zqx(\d+)z", text)
        }
    return Seen(made, found, frozenset(ours.asked))


def _made(name: str, filler: Filler) -> dict[str, Any]:
    return payload(name, filler.call(makers_by_name()[name], name.rsplit(".", 1)[-1]))


@cache
def makers_by_name() -> dict[str, Any]:
    return makers()


@pytest.mark.fault("H2")
@pytest.mark.fault("V34")
@pytest.mark.parametrize("name", makers_by_name())
def test_the_places_that_show_others_words_are_the_listed_ones(name: str) -> None:
    try:
        seen = look(name)
    except CannotFillError as error:
        pytest.fail(f"{error}: it cannot be tried with others' words, and HELPERS says not why")
    assert seen.made >= SAMPLES // 4, "too little of it was tried"
    assert seen.every == SHOWN.get(name, set())


@pytest.mark.fault("H1")
@pytest.mark.fault("H2")
@pytest.mark.fault("H3")
@pytest.mark.fault("H5")
@pytest.mark.fault("V34")
@pytest.mark.parametrize("name", SHOWN)
def test_every_string_stays_inside_code_in_every_place(name: str) -> None:
    for sample in look(name).few():
        for text in STRINGS:
            # Once it is kept; what Discord knows itself, like a name, comes as it is.
            kept = clean(text)

            def words(owner: str, text: str = text, kept: str = kept) -> str:
                return text if owner in AS_THEY_COME else kept

            message = _made(name, Filler(sample, words, OURS, SPECIAL))
            assert breaches(message) == [], (name, sample, text)


def test_the_lists_hold_nothing_that_is_gone() -> None:
    asked = set().union(*(look(name).asked for name in makers_by_name()))
    assert set(OURS) - asked == set()
    assert SHOWN.keys() <= makers_by_name().keys()


def test_a_careless_function_would_be_found() -> None:
    def careless(job: Job) -> str:
        return f"You asked for {job.request.prompt}, {job.request.aspect_ratio}"

    def found(text: str) -> bool:
        filler = Filler(0, lambda _: text, OURS, {})
        return bool(breaches({"content": filler.call(careless, "careless")}))

    assert sum(found(clean(text)) for text in STRINGS) > len(STRINGS) // 2


ROOMS = ("cogs", "jobs", "ui")
OTHERS = {
    *("prompt", "negative_prompt", "avoid", "reason", "said", "message", "alt_text", "description"),
    *("name", "nick", "global_name", "display_name", "filename", "content", "topic", "title"),
}
# Put into a text of ours as they are, and why that is well.
AS_THEY_ARE = {
    ("cogs/budget/common.py", "option.display_name"): "of our own command",
    ("cogs/budget/limits.py", "offer.name"): "a model's plain name",
    ("cogs/generate.py", "offer.name"): "only looked through",
    ("cogs/budget/pots.py", "one.name"): "a choice while typing",
    ("errors.py", "reason"): "a whole sentence",
    ("jobs/allowance.py", "share.name"): "of our own",
    ("jobs/backup_desk.py", "one.path.name"): "for the host, on a terminal",
    ("jobs/checks.py", "newest.path.name"): "for the host, on a terminal",
    ("jobs/checks.py", "reason"): "for the host, on a terminal",
    ("jobs/doctor.py", "path.name"): "for the host, on a terminal",
    ("jobs/doctor.py", "line.topic"): "of our own",
    ("jobs/ports.py", "message"): "what a digest is made of",
    ("jobs/words.py", "prompt"): "what a pattern is looked for in",
    ("ui/cards.py", "offer.name"): "a model's plain name",
    ("ui/cards.py", "embed.description"): "in its block already",
    ("ui/cards.py", "prompt"): "an alt text, where no markdown is read",
    ("ui/chart_days.py", "line.name"): "of our own, drawn",
    ("ui/forums.py", "prompt"): "a post's name, where no markdown is read",
    ("ui/info.py", "prompt"): "a line of a menu",
    ("ui/info.py", "request.prompt"): "the command, which is put into a block or a file",
    ("ui/info.py", "request.negative_prompt"): "the command, which is put into a block or a file",
    ("ui/noticeboard.py", "reason"): "in code already",
}


def put_in(tree: ast.AST) -> Iterator[str]:
    """Return each text of others that is put into one of ours and through nothing before."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FormattedValue):
            continue
        value: ast.AST = node.value
        while isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            value = value.value
        if isinstance(value, ast.Attribute):
            name = value.attr
        elif isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
            name = str(value.slice.value)
        elif isinstance(value, ast.Name):
            # "name" and "title" are what a variable is called that holds words of our own.
            name = value.id if value.id not in ("name", "title") else ""
        else:
            continue
        if name in OTHERS:
            yield ast.unparse(value)


@pytest.mark.fault("H2")
def test_whatever_is_called_like_others_words_is_put_into_ours_through_a_function() -> None:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    found = {
        (path.relative_to(ROOT).as_posix(), what)
        for path in [*files, ROOT / "errors.py"]
        for what in put_in(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(AS_THEY_ARE)


@pytest.mark.fault("H2")
@pytest.mark.parametrize(
    "line",
    ['f"for {job.request.prompt}"', 'f"{halt.reason[:300]}"', "f\"{body['said']}\"", 'f"{reason}"'],
)
def test_the_lint_would_find_it(line: str) -> None:
    assert list(put_in(ast.parse(line)))
