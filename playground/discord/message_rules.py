"""Discord's rules on the body of a message, before it meets the message it changes.

Source: "resources/message" (create, edit), "interactions/receiving-and-responding".
"""

import dataclasses
from typing import Any

from playground.discord import mentions
from playground.discord.embed_rules import check_embeds
from playground.discord.errors import Form, Path, snowflake
from playground.discord.types import Json
from playground.discord.world import (
    FLAG_COMPONENTS_V2,
    FLAG_EPHEMERAL,
    FLAG_SUPPRESS_EMBEDS,
    FLAG_SUPPRESS_NOTIFICATIONS,
)

MAX_CONTENT = 2_000
MAX_NONCE = 25
MAX_DESCRIPTION = 1_024

# Below this an attachment's id is the number of an uploaded file, above it is a real one.
FIRST_REAL_ID = 1 << 40


@dataclasses.dataclass(slots=True)
class Listed:
    """One entry of `attachments`: a file that stays (real id) or comes (number of the upload).

    `described` tells whether the entry speaks of the description at all; a null or an empty one
    takes it away.
    """

    id: int
    filename: str | None = None
    description: str | None = None
    described: bool = False
    spoiler: bool | None = None
    path: Path = ()


@dataclasses.dataclass(slots=True)
class Draft:
    """What a body asks for. None means: not mentioned, so an edit leaves it as it is."""

    path: Path
    allowed: mentions.Allowed
    content: str | None = None
    embeds: list[Json] | None = None
    components: list[Any] | None = None
    attachments: list[Listed] | None = None
    flags: int | None = None
    nonce: str | int | None = None
    enforce_nonce: bool = False
    reply_to: int | None = None
    fail_if_not_exists: bool = True
    tts: bool = False


def read_draft(
    form: Form, body: Any, *, of_interaction: bool, path: Path = (), edit: bool = False
) -> Draft:
    """Read a message body, noting its faults. An explicit null empties, as Discord has it."""
    if body is None:
        body = {}
    if not isinstance(body, dict):
        form.fault(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used")
        body = {}
    allowed = mentions.read_allowed(
        form,
        (*path, "allowed_mentions"),
        body.get("allowed_mentions"),
        of_interaction=of_interaction,
    )
    draft = Draft(path, allowed, tts=bool(body.get("tts")))
    if "content" in body:
        draft.content = _content(form, (*path, "content"), body["content"])
    if "embeds" in body:
        draft.embeds = check_embeds(form, (*path, "embeds"), body["embeds"] or [])
    if "components" in body:
        draft.components = body["components"] or []
    if "attachments" in body:
        draft.attachments = _attachments(form, (*path, "attachments"), body["attachments"] or [])
    for name, code in (("poll", "POLL_NOT_HERE"), ("sticker_ids", "STICKER_NOT_HERE")):
        if body.get(name):
            form.fault((*path, name), code, "The local Discord does not send these")
    draft.flags = _flags(form, (*path, "flags"), body.get("flags"))
    if not edit:
        _nonce(form, path, body, draft)
        _reference(form, path, body.get("message_reference"), draft)
    return draft


def _content(form: Form, path: Path, content: Any) -> str:
    if content is None:
        return ""
    if not isinstance(content, str):
        content = str(content)
    text: str = content.strip()
    form.length(path, text, 0, MAX_CONTENT)
    return text


def _flags(form: Form, path: Path, flags: Any) -> int | None:
    """Keep the flags that a sender may set; Discord ignores the others."""
    if flags is None or not form.number(path, flags, 0, (1 << 31) - 1):
        return None
    settable = (
        FLAG_SUPPRESS_EMBEDS | FLAG_EPHEMERAL | FLAG_SUPPRESS_NOTIFICATIONS | FLAG_COMPONENTS_V2
    )
    return int(flags) & settable


def _attachments(form: Form, path: Path, listed: Any) -> list[Listed]:
    if not form.length(path, listed, 0, 1000, what="list"):
        return []
    found = []
    for index, entry in enumerate(listed):
        at = (*path, index)
        number = snowflake(entry.get("id")) if isinstance(entry, dict) else None
        if number is None:
            form.required((*at, "id"))
            continue
        description = entry.get("description")
        if description is not None:
            form.length((*at, "description"), description, 0, MAX_DESCRIPTION)
        filename = entry.get("filename")
        if filename is not None:
            form.length((*at, "filename"), filename, 1, 1024)
        found.append(
            Listed(
                number,
                filename,
                description or None,
                described="description" in entry,
                spoiler=entry.get("is_spoiler"),
                path=at,
            )
        )
    return found


def _nonce(form: Form, path: Path, body: Json, draft: Draft) -> None:
    nonce = body.get("nonce")
    if isinstance(nonce, str):
        form.length((*path, "nonce"), nonce, 0, MAX_NONCE)
    elif nonce is not None:
        form.number((*path, "nonce"), nonce, -(1 << 63), (1 << 63) - 1)
    draft.nonce = nonce
    draft.enforce_nonce = bool(body.get("enforce_nonce")) and nonce is not None


def _reference(form: Form, path: Path, reference: Any, draft: Draft) -> None:
    if reference is None:
        return
    at = (*path, "message_reference")
    target = snowflake(reference.get("message_id")) if isinstance(reference, dict) else None
    if target is None:
        form.required((*at, "message_id"))
        return
    if reference.get("type") not in (None, 0):
        form.fault((*at, "type"), "BASE_TYPE_CHOICES", "Value must be one of (0,).")
    draft.reply_to = target
    draft.fail_if_not_exists = reference.get("fail_if_not_exists") is not False
