"""The first answer to an interaction. Source: "interactions/receiving-and-responding"."""

from typing import Any

from playground.discord.composer import Composer
from playground.discord.errors import ApiError, Form
from playground.discord.events import EventLog
from playground.discord.interactions import Answer, Interaction, InteractionKind
from playground.discord.message_rules import read_draft
from playground.discord.messages import MessageBook
from playground.discord.modal_rules import read_modal
from playground.discord.types import Clock, Json
from playground.discord.uploads import Body, Upload
from playground.discord.world import (
    FLAG_EPHEMERAL,
    FLAG_LOADING,
    Message,
    MessageKind,
    World,
)

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
MAX_CHOICES = 25


class Callbacks:
    """Turns a callback's body into what people see."""

    def __init__(
        self, world: World, clock: Clock, log: EventLog, book: MessageBook, composer: Composer
    ) -> None:
        self.world = world
        self.clock = clock
        self.log = log
        self.book = book
        self.composer = composer

    async def answer(self, interaction: Interaction, body: Body) -> Json:
        """Carry out the first answer; returns the body for `with_response`.

        Raises ApiError 50035 when the type does not fit the interaction or its data is wrong; the
        interaction then still waits for an answer.
        """
        payload = body.payload if isinstance(body.payload, dict) else {}
        kind, data = payload.get("type"), payload.get("data")
        allowed = _allowed(interaction)
        if kind not in allowed:
            form = Form()
            form.fault(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
            form.check()
        if kind in (MESSAGE, DEFERRED):
            answer = await self._message(interaction, kind, data, body.uploads)
        elif kind == UPDATE:
            answer = await self._update(interaction, data, body.uploads)
        elif kind == DEFERRED_UPDATE:
            interaction.original_id = interaction.source.id if interaction.source else None
            answer = Answer("deferred_update", message=interaction.source)
        elif kind == CHOICES:
            answer = Answer("choices", choices=_choices(interaction, data))
        else:
            form = Form()
            modal = read_modal(form, ("data",), data)
            form.check()
            answer = Answer("modal", modal=modal)
        interaction.settle(answer)
        self.log.add(
            "interaction_answered",
            answer.message,
            interaction_id=interaction.id,
            answer=answer.kind,
            response_ms=interaction.response_ms,
        )
        return self._told(interaction, answer)

    def new_message(self, interaction: Interaction, *, ephemeral: bool, original: bool) -> Message:
        """Return an empty message of the bot, made through an interaction's token."""
        kind, reply_to = MessageKind.REPLY, interaction.original_id
        if original and interaction.source is not None and not interaction.is_context_menu:
            reply_to = interaction.source.id
        elif original:
            kind, reply_to = _kind_of_original(interaction), None
        message = Message(
            id=self.world.ids.next(),
            channel_id=interaction.channel.id,
            guild_id=interaction.guild.id if interaction.guild else None,
            author=self.world.bot,
            created_at=self.clock.now(),
            kind=kind,
            flags=FLAG_EPHEMERAL if ephemeral else 0,
            application_id=self.world.bot.id,
            webhook_id=self.world.bot.id,
            interaction_metadata=interaction.metadata,
            ephemeral_for=interaction.user.id if ephemeral else None,
        )
        if reply_to is not None:
            message.reference, message.reference_channel_id = reply_to, interaction.channel.id
        if original and interaction.kind is InteractionKind.COMMAND:
            user = interaction.metadata["user"]
            message.interaction = {
                "id": str(interaction.id),
                "type": int(interaction.kind),
                "name": interaction.name,
                "user": user,
            }
        if not original and interaction.original_id is not None:
            message.interaction_metadata = interaction.metadata | {
                "original_response_message_id": str(interaction.original_id)
            }
        return message

    async def _message(
        self, interaction: Interaction, kind: int, data: Any, uploads: dict[int, Upload]
    ) -> Answer:
        form = Form()
        draft = read_draft(form, data, of_interaction=True, path=("data",))
        flags = draft.flags or 0
        ephemeral = bool(flags & FLAG_EPHEMERAL)
        message = self.new_message(interaction, ephemeral=ephemeral, original=True)
        if kind == DEFERRED:
            if flags & ~FLAG_EPHEMERAL:
                text = "A deferred answer may carry the ephemeral flag only"
                form.fault(("data", "flags"), "BASE_TYPE_CHOICES", text)
            form.check()
            message.flags |= FLAG_LOADING
        else:
            await self.composer.apply(
                form, message, draft, uploads, may_ping_all=False, created=True
            )
        _still_open(interaction)
        interaction.original_id = message.id
        interaction.messages.append(message)
        self.book.add(message)
        return Answer("deferred" if kind == DEFERRED else "message", message, ephemeral)

    async def _update(
        self, interaction: Interaction, data: Any, uploads: dict[int, Upload]
    ) -> Answer:
        form = Form()
        draft = read_draft(form, data, of_interaction=True, path=("data",), edit=True)
        message = interaction.source
        assert message is not None  # noqa: S101 - type 7 is allowed with a source only
        await self.composer.apply(form, message, draft, uploads, may_ping_all=False, created=False)
        _still_open(interaction)
        interaction.original_id = message.id
        self.book.changed(message)
        return Answer("update", message, message.ephemeral)

    def _told(self, interaction: Interaction, answer: Answer) -> Json:
        told: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
        if answer.message is not None:
            told |= {
                "response_message_id": str(answer.message.id),
                "response_message_loading": answer.message.loading,
                "response_message_ephemeral": answer.message.ephemeral,
            }
        told["channel_id"] = str(interaction.channel.id)
        if interaction.guild is not None:
            told["guild_id"] = str(interaction.guild.id)
        kind = {"message": MESSAGE, "update": UPDATE}.get(answer.kind)
        if kind is not None and answer.message is not None:
            message = self.book.writer.full(answer.message)
            return {"interaction": told, "resource": {"type": kind, "message": message}}
        return {"interaction": told}


def _kind_of_original(interaction: Interaction) -> MessageKind:
    if interaction.kind is not InteractionKind.COMMAND:
        return MessageKind.DEFAULT
    menu = interaction.is_context_menu
    return MessageKind.CONTEXT_MENU_ANSWER if menu else MessageKind.SLASH_ANSWER


def _allowed(interaction: Interaction) -> tuple[int, ...]:
    """Return the answer types that an interaction may get."""
    if interaction.kind is InteractionKind.AUTOCOMPLETE:
        return (CHOICES,)
    if interaction.kind is InteractionKind.COMMAND:
        return (MESSAGE, DEFERRED, MODAL)
    on_message = interaction.source is not None
    updates = (DEFERRED_UPDATE, UPDATE) if on_message else ()
    if interaction.kind is InteractionKind.MODAL:
        return (MESSAGE, DEFERRED, *updates)
    return (MESSAGE, DEFERRED, *updates, MODAL)


def _still_open(interaction: Interaction) -> None:
    """Refuse the second of two answers that were under way at once."""
    if interaction.answered.is_set() or interaction.original_id is not None:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")


def _choices(interaction: Interaction, data: Any) -> list[Json]:
    """Read autocomplete choices: 25 at most, names 1 to 100, values of the option's type."""
    form = Form()
    path = ("data", "choices")
    choices = data.get("choices") if isinstance(data, dict) else None
    kept: list[Json] = []
    if not form.length(path, choices, 0, MAX_CHOICES, what="list") or choices is None:
        form.check()
        return kept
    wanted = _focused_type(interaction.payload["data"].get("options") or [])
    for index, choice in enumerate(choices):
        if not isinstance(choice, dict):
            form.fault((*path, index), "MODEL_TYPE_CONVERT", "Only dictionaries may be used")
            continue
        form.length((*path, index, "name"), choice.get("name"), 1, 100)
        at = (*path, index, "value")
        value = choice.get("value")
        if wanted == 3:
            form.length(at, value, 1, 100)
        elif isinstance(value, bool) or not isinstance(value, int if wanted == 4 else (int, float)):
            form.fault(at, "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
        kept.append({"name": choice.get("name"), "value": value})
    form.check()
    return kept


def _focused_type(options: list[Json]) -> int:
    for option in options:
        if option.get("focused"):
            return int(option["type"])
        if option.get("options"):
            return _focused_type(option["options"])
    return 3
