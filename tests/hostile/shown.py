"""Whose texts the bot shows, and where: what the bot's own functions make of them.

OURS are the texts that no stranger wrote, with what they may be. Any other text is taken for
others' words, so that a new field is tried with them until it stands here.
"""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import discord

import ui
from errors import UserFacingError
from jobs.switch import Pause
from models import RATIOS
from tests.hostile.filled import Filler, Special
from ui.noticeboard import TITLES

SENTENCE = ("A sentence of ours.",)
MODELS = ("Kling 2.1", "veo-3.1")
"""Names of models: the vendor's are taken only where they are plain words."""

OURS: dict[str, Sequence[Any]] = {
    # Words of the code itself.
    "JobView.stage": (
        *("approval", "waiting", "sending", "checking", "rendering", "late", "down", "unpriced"),
        *("fitting", "final", "final", "final", "final"),
    ),
    "JobView.why": ("slow", "seldom", "down", ""),
    "JobView.said_by": ("NeuralBox", "The moderator"),
    "Showing.hidden": (None, None, None, "hidden", "removed"),
    "Showing.hidden_as": (None, "requester", "moderator", "poster"),
    "Job.attention": (None, "overrun", "two candidates"),
    "OpenJobs.state": ("queued", "pending"),
    "Choice.kind": ("make", "shrink"),
    "Period.zone": ("UTC", "Europe/Berlin"),
    "Report.zone": ("UTC", "Europe/Berlin"),
    "VideoRequest.aspect_ratio": RATIOS,
    "Wish.ratio": (None, *RATIOS),
    "File.name": ("reelbox-jobs-1-2026-11-30.csv",),
    # Random ids and digests of our own making.
    "Job.public_id": ("0" * 32,),
    "Job.fingerprint": ("f" * 64,),
    "Choice.draft_id": ("0" * 32,),
    "VideoRequest.picture": (None, "a" * 64 + ".png"),
    "JobView.token": (None,),
    # Checked where they come in: plain words, letters and digits, addresses without markdown.
    "JobView.model_name": MODELS,
    "Offer.name": MODELS,
    "Offer.slug": ("kling-v2.1",),
    "Choice.model_name": MODELS,
    "VideoRequest.model": ("kling-v2.1",),
    "Wish.model": (None, "kling-v2.1"),
    "Job.generation_id": (None, "gen_18500"),
    "JobView.link": (None, "https://files.neuralbox.example/1.mp4"),
    # Whole sentences that are made elsewhere, and tried there.
    "JobView.reason": (None, *SENTENCE),
    "JobView.notice": (None, *SENTENCE),
    "AskFirstError.sentence": SENTENCE,
    "Standing.closed": SENTENCE,
    "Standing.allowance": SENTENCE,
    "resumed.closed": SENTENCE,
    "Change.what": ("budget", "pot in <#1>", "pictures", "spoiler in 1"),
    "Change.before": (None, "1,000 tokens a month"),
    "Change.after": (None, "2,000 tokens a month"),
    "PromptRejectedError.reason": SENTENCE,
    "ServicePausedError.reason": SENTENCE,
    "PictureRefusedError.sentence": SENTENCE,
    "NotAllowedError.sentence": SENTENCE,
    "TooLateError.sentence": SENTENCE,
    "TooManyJobsError.whose": ("You have",),
    "MissingPermissionsError.names": (("Embed Links", "Attach Files"),),
    "BudgetExceededError.level": ("member", "guild"),
    "BudgetExceededError.source": ("pot", "host"),
    # Names of roles and members come by id, days and outcomes from the books.
    "Slice.label": ("2026-11-22", "2026-11-23", "2026-11-24"),
    # What the caller says of it.
    "listing.title": ("Jobs of this server",),
    "listing.empty": SENTENCE,
    "video_form.title": ("Animate a picture",),
    "video_form.custom_id": ("rb:edit:1",),
    "alt_text_form.custom_id": ("rb:alt:1",),
    "reason_form.title": ("Deny",),
    "reason_form.custom_id": ("rb:deny:1",),
    "reason_form.description": SENTENCE,
    "file_name.suffix": (".mp4",),
    "picture_name.suffix": (".png",),
    "member_names.names key": ("2026-11-22", "2026-11-23"),
    "describe.names key": ("2026-11-22", "2026-11-23"),
    "nameless.user_id": ("1234567890",),
    "count.thing": ("request",),
    "moment.zone": ("UTC",),
}
HELPERS = {
    "text.block": "what others' words go through",
    "text.inline": "what others' words go through",
    "text.price": "numbers alone",
    "text.span": "numbers alone",
    "budget.fitting": "puts lines together",
    "buttons.one": "its caller's label",
    "buttons.numbered": "its caller's ids",
    "buttons.button": "its caller's label",
    "buttons.inert": "its caller's buttons",
    "errors.sentence": "the sentences of errors are tried one by one",
    "router.control_id": "ids, which nobody reads",
    "router.form_values": "reads what comes in",
    "router.chosen": "reads what comes in",
    "attached.picture_url": "reads a message of ours",
    "repeats.pressable": "reads a message of ours",
    "repeats.told": "reads a message of ours",
    "UnknownChoiceError": "its caller's sentence",
}
# Drawn, spoken, a file's name or a line of a menu: no markdown is read in them.
PLAIN = {
    *("cards.alt_text", "cards.file_name", "cards.picture_name", "chart_days.group"),
    *("info.command", "info.made_line"),
}
PLAIN_MODULES = ("chart_words",)
# As Discord has them, not as we keep them.
AS_THEY_COME = {
    *("describe.names", "member_names.names", "short_name.text", "short_name.otherwise"),
    "drawable.text",
}

NUMBERS_TOLD = {
    *("percent", "used", "size", "held", "resets_at", "set_aside", "user", "minutes", "tokens"),
    *("halt", "job", "channel", "duration_s", "spent", "ends_at", "new_job", "actor"),
}
PERHAPS = {"lifted_by": int, "by": int, "is_private": bool, "has_picture": bool, "is_paused": bool}
PARTS = ("smaller", "cap", "pool")
TOLD: dict[str, Sequence[Any]] = {
    "state": tuple(TITLES),
    "ratio": RATIOS,
    "model_name": MODELS,
    "public_id": ("0" * 32,),
    "text": SENTENCE,
}


class Body(dict[str, Any]):
    """The body of a notice, which is JSON: what its keys hold is told above, or others' words."""

    def __init__(self, filler: Filler, where: str) -> None:
        super().__init__()
        self._filler, self._where = filler, where

    def __getitem__(self, key: str) -> Any:
        where = f"{self._where}[{key}]"
        if key in NUMBERS_TOLD:
            return self._filler.make(int, "", where)
        if key in PERHAPS:
            return self._filler.make(PERHAPS[key] | None, "", where)
        if key in TOLD:
            return self._filler.choose(TOLD[key], where)
        if key in PARTS:
            return self._filler.choose((None, Body(self._filler, where)), where)
        return self._filler.text_of(f"Notice.body[{key}]")

    def get(self, key: str, otherwise: Any = None) -> Any:
        is_there = key in self
        return self[key] if is_there else otherwise

    def __contains__(self, key: object) -> bool:
        return bool(self._filler.choose((True, False), f"{self._where} has {key}"))

    def __bool__(self) -> bool:
        return True


SPECIAL: Mapping[str, Special] = {"Notice.body": Body}


def shows_text(hint: Any) -> bool:
    """Return whether a type is, or holds, something that people read."""
    if hint in (str, discord.Embed, discord.ui.View, discord.ui.Modal):
        return True
    return any(map(shows_text, typing.get_args(hint)))


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Return every function of ui/ that makes something to read, with its name."""
    for found in pkgutil.iter_modules(ui.__path__):
        module = importlib.import_module(f"ui.{found.name}")
        for name, one in inspect.getmembers(module, inspect.isfunction):
            is_own = one.__module__ == module.__name__ and not name.startswith("_")
            is_plain = is_own and not inspect.iscoroutinefunction(one)
            if is_plain and shows_text(typing.get_type_hints(one).get("return")):
                yield f"{found.name}.{name}", one


def sentences() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Return every error whose sentence people read, and what makes sentences, with its name."""
    for name in ("jobs", "cogs", "storage", "ui"):
        for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            importlib.import_module(found.name)
    yield "Pause.sentence", _pause
    waiting: list[type[UserFacingError]] = [UserFacingError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if not kind.__module__.startswith("tests."):
                yield kind.__name__, kind


def _pause(pause: Pause) -> str:
    return pause.sentence


def payload(name: str, made: Any) -> dict[str, Any]:
    """Return what was made as the part of a message that it becomes."""
    if isinstance(made, discord.Embed):
        return {"embeds": [made.to_dict()]}
    if isinstance(made, discord.ui.View):
        return {"components": made.to_components()}
    if isinstance(made, discord.ui.Modal):
        return {"form": made.to_dict()}
    if isinstance(made, Exception):
        return {"content": str(made)}
    is_plain = name in PLAIN or name.partition(".")[0] in PLAIN_MODULES
    return {"content": made} if isinstance(made, str) and not is_plain else {"plain": made}
