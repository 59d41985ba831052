"""Puts a draft into a message: files, embeds, components, flags, mentions, all or nothing."""

import dataclasses

from playground.discord import mentions
from playground.discord.cdn import Cdn
from playground.discord.component_parts import Reader
from playground.discord.component_rules import read_components
from playground.discord.embed_rules import Pictures, stored_embeds
from playground.discord.errors import Form, refusal
from playground.discord.media_probe import content_type_of, safe_name, shape_of
from playground.discord.message_rules import FIRST_REAL_ID, Draft, Listed
from playground.discord.types import Json
from playground.discord.uploads import Upload
from playground.discord.world import (
    FLAG_COMPONENTS_V2,
    FLAG_LOADING,
    FLAG_SUPPRESS_EMBEDS,
    FLAG_SUPPRESS_NOTIFICATIONS,
    Attachment,
    Message,
    World,
)

MAX_FILES = 10


class Composer:
    """Checks a draft against the message it makes or changes, then applies it."""

    def __init__(self, world: World, cdn: Cdn) -> None:
        self.world = world
        self.cdn = cdn

    async def apply(
        self,
        form: Form,
        message: Message,
        draft: Draft,
        uploads: dict[int, Upload],
        *,
        may_ping_all: bool,
        created: bool,
    ) -> None:
        """Apply a draft.

        Raises ApiError, having changed nothing: 50035 with all faults, 40005 for a file above the
        limit of the place, 30015 for too many files, 50006 when nothing would be left to show.
        """
        form.check()
        limit = self.world.upload_limit(self.world.channels[message.channel_id])
        if any(len(upload.data) > limit for upload in uploads.values()):
            raise refusal("too_large")
        listed_new, kept = self._plan(form, message, draft, uploads)
        form.check()
        if len(kept) + len(listed_new) > MAX_FILES:
            raise refusal("attachments_full")
        fresh = [
            (await self._attachment(message, uploads[entry.id], entry), uploads[entry.id].data)
            for entry in listed_new
        ]
        flags = _flags_after(message, draft)
        files = [*kept, *(file for file, _ in fresh)]
        pictures = Pictures(form, {file.filename: file for file in files}, self.cdn.path_of)
        embeds = message.embeds
        if draft.embeds is not None:
            embeds = stored_embeds((*draft.path, "embeds"), draft.embeds, pictures)
        components = self._components(form, message, draft, files, flags)
        content = message.content if draft.content is None else draft.content
        _check_layout(form, draft, flags, content, embeds)
        form.check()
        if message.deleted:  # while a video's header was read
            raise refusal("unknown_message")
        shown = content or embeds or files or message.stickers
        if not shown and not (components and flags & FLAG_COMPONENTS_V2):
            raise refusal("empty_message")
        for file, data in fresh:
            self.cdn.put(file.path, data, file.content_type, ephemeral=file.ephemeral)
        for path in {file.path for file in message.files} - {file.path for file in files}:
            self.cdn.forget(path)
        if draft.embeds is not None:
            files = [_placed(file, file.id in pictures.embedded) for file in files]
        message.content, message.embeds, message.components = content, embeds, components
        message.files, message.flags = files, flags
        mentions.apply(
            self.world, message, draft.allowed, may_ping_all=may_ping_all, created=created
        )

    def _plan(
        self, form: Form, message: Message, draft: Draft, uploads: dict[int, Upload]
    ) -> tuple[list[Listed], list[Attachment]]:
        """Return the entries of new files and the files that stay.

        Without a list everything stays and every upload is added; a list must name both, pictures
        that an embed shows among them.
        """
        existing = {file.id: file for file in message.files}
        if draft.attachments is None:
            return [Listed(index, path=draft.path) for index in sorted(uploads)], message.files
        new, kept = [], []
        for entry in draft.attachments:
            if entry.id in existing:
                kept.append(_as_told(existing.pop(entry.id), entry))
            elif entry.id < FIRST_REAL_ID and entry.id in uploads:
                new.append(entry)
            else:
                form.fault((*entry.path, "id"), "ATTACHMENT_NOT_FOUND", "Attachment data not found")
        for index in uploads.keys() - {entry.id for entry in new}:
            text = f"files[{index}] is not named by any attachment"
            form.fault((*draft.path, "attachments"), "ATTACHMENT_NOT_LISTED", text)
        return new, kept

    async def _attachment(self, message: Message, upload: Upload, entry: Listed) -> Attachment:
        name = safe_name(entry.filename or upload.filename)
        kind = content_type_of(name)
        shape = await shape_of(upload.data, kind)
        file_id = self.world.ids.next()
        where = f"/attachments/{message.channel_id}"
        if message.ephemeral:
            where = f"/ephemeral-attachments/{self.world.bot.id}"
        return Attachment(
            id=file_id,
            channel_id=message.channel_id,
            filename=name,
            size=len(upload.data),
            content_type=kind,
            path=f"{where}/{file_id}/{name}",
            description=entry.description,
            width=shape.width,
            height=shape.height,
            duration_s=shape.duration_s,
            ephemeral=message.ephemeral,
            spoiler=bool(entry.spoiler) or name.startswith("SPOILER_"),
        )

    def _components(
        self,
        form: Form,
        message: Message,
        draft: Draft,
        files: list[Attachment],
        flags: int,
    ) -> list[Json]:
        if draft.components is None:
            return message.components
        reader = Reader(form, {file.filename: file for file in files}, self.cdn.path_of)
        layout = bool(flags & FLAG_COMPONENTS_V2)
        return read_components(reader, (*draft.path, "components"), draft.components, layout=layout)


def _as_told(file: Attachment, entry: Listed) -> Attachment:
    """Return a file that stays with what its entry says of it."""
    described = entry.description if entry.described else file.description
    spoiler = file.spoiler if entry.spoiler is None else entry.spoiler
    return dataclasses.replace(file, description=described, spoiler=spoiler)


def _placed(file: Attachment, embedded: bool) -> Attachment:
    """Return a file as the new embeds leave it.

    A picture that they do not name by `attachment://` is an ordinary attachment again, even where
    they show it by its address. Reported: discord-api-docs #1340, #4809.
    """
    return dataclasses.replace(file, embedded=embedded)


def _flags_after(message: Message, draft: Draft) -> int:
    """Return the flags: thinking ends, the layout flag is never taken back."""
    flags = message.flags & ~FLAG_LOADING
    if draft.flags is None:
        return flags
    flags &= ~FLAG_SUPPRESS_EMBEDS
    settable = FLAG_SUPPRESS_EMBEDS | FLAG_SUPPRESS_NOTIFICATIONS | FLAG_COMPONENTS_V2
    return flags | draft.flags & settable


def _check_layout(form: Form, draft: Draft, flags: int, content: str, embeds: list[Json]) -> None:
    """A message with the layout flag holds components only. Source: "components/reference"."""
    if not flags & FLAG_COMPONENTS_V2:
        return
    for name, value in (("content", content), ("embeds", embeds)):
        if value:
            text = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            form.fault((*draft.path, name), code, text)
