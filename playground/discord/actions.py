"""The person's hands: slash commands, right-clicks, buttons, selects, modals, messages.

Each does what a real client would let that person do, and raises NotPossibleError (a ValueError)
for what it would not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from playground.discord import component_parts, permissions
from playground.discord.client_rules import Filler, NotPossibleError, full_name, nest, pick
from playground.discord.command_rules import MESSAGE_MENU, SLASH
from playground.discord.interaction_payload import Resolver, metadata_of, write_payload
from playground.discord.interactions import Interaction, InteractionKind
from playground.discord.modal_input import choose_values, fill_modal
from playground.discord.parts import Parts
from playground.discord.stage import Stage, Who
from playground.discord.types import Json, Ref
from playground.discord.world import Channel, Guild, Message

Sub = str | tuple[str, ...] | None
Files = Mapping[str, tuple[str, bytes]]


class Hands:
    """What people do. `member`, `channel`, `guild`, `message` are objects, ids or names."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._stage = Stage(parts)

    async def slash(
        self,
        name: str,
        *,
        member: Who = "Ben",
        channel: Ref | Channel = "videos",
        guild: Ref | Guild | None = None,
        subcommand: Sub = None,
        attachments: Files | None = None,
        options: Mapping[str, Any] | None = None,
        **typed: Any,
    ) -> Interaction:
        """Use a slash command; returns at once, `interaction.answer()` waits.

        Options come by keyword or in `options` (for names that clash with this function's own);
        a choice may be given by its name or value; `channel="dm"` is the bot's direct messages.
        """
        values = {**(options or {}), **typed, **(attachments or {})}
        interaction = self._stage.enter(InteractionKind.COMMAND, member, channel, guild)
        command, chain, fields = self._command(interaction, name, subcommand)
        filler = self._filler(interaction)
        filled = filler.fill(fields, values)
        interaction.name = full_name(command, chain)
        data = _command_data(command, nest(chain, filled), filler.resolver.found)
        return self._dispatch(interaction, data)

    async def autocomplete(
        self,
        name: str,
        option: str,
        typed: str,
        *,
        member: Who = "Ben",
        channel: Ref | Channel = "videos",
        guild: Ref | Guild | None = None,
        subcommand: Sub = None,
        options: Mapping[str, Any] | None = None,
        timeout: float = 3.0,
        **others: Any,
    ) -> list[Json]:
        """Type into an option with autocomplete; returns the choices offered.

        The values of other options already filled in travel along. Raises TimeoutError when the
        bot does not answer in time.
        """
        interaction = self._stage.enter(InteractionKind.AUTOCOMPLETE, member, channel, guild)
        command, chain, fields = self._command(interaction, name, subcommand)
        focused = next((one for one in fields if one["name"] == option), None)
        if focused is None or not focused.get("autocomplete"):
            raise NotPossibleError(f"/{name} has no option {option!r} with autocomplete")
        filler = self._filler(interaction)
        filled = filler.fill(fields, {**(options or {}), **others}, complete=False)
        filled.append({"name": option, "type": focused["type"], "value": typed, "focused": True})
        data = _command_data(command, nest(chain, filled), filler.resolver.found)
        self._dispatch(interaction, data)
        return (await interaction.answer(timeout)).choices or []

    async def message_command(
        self, name: str, message: Message | Ref, *, member: Who = "Ben"
    ) -> Interaction:
        """Right-click a message → Apps → `name`."""
        target = self._visible(message, member)
        interaction = self._stage.enter_at(InteractionKind.COMMAND, member, target)
        command = self._stage.command(interaction, name, MESSAGE_MENU)
        interaction.name, interaction.is_context_menu = name, True
        interaction.source = target
        resolver = self._filler(interaction).resolver
        resolver.message(target)
        resolver.user(target.author)
        data = _command_data(command, [], resolver.found) | {"target_id": str(target.id)}
        return self._dispatch(interaction, data)

    async def press(
        self, message: Message | Ref, which: str, *, member: Who | None = None
    ) -> Interaction:
        """Press the button with that custom id or label."""
        target, person, control = self._control(message, which, member)
        if control["type"] != component_parts.BUTTON or "custom_id" not in control:
            raise NotPossibleError(f"{which!r} is no button that the bot hears of")
        return self._use(target, person, control, {})

    async def choose(
        self,
        message: Message | Ref,
        which: str,
        values: Sequence[Any] | Any,
        *,
        member: Who | None = None,
    ) -> Interaction:
        """Choose in the select with that custom id: option values or labels, or ids and names."""
        target, person, control = self._control(message, which, member)
        if control["type"] not in component_parts.SELECTS:
            raise NotPossibleError(f"{which!r} is no select")
        chosen = list(values) if isinstance(values, (list, tuple)) else [values]
        return self._use(target, person, control, {"values": chosen})

    async def submit_modal(
        self,
        interaction: Interaction,
        values: Mapping[str, Any] | None = None,
        *,
        member: Who | None = None,
    ) -> Interaction:
        """Fill in and send the modal that answered an interaction. See fill_modal() for values."""
        modal = interaction.first.modal if interaction.first else None
        if modal is None:
            raise NotPossibleError("no modal was opened by this interaction")
        person = member if member is not None else interaction.user.id
        made = self._stage.enter(
            InteractionKind.MODAL, person, interaction.channel, interaction.guild
        )
        if made.user is not interaction.user:
            raise NotPossibleError("only whom it was opened for can fill in a modal")
        made.parent = interaction
        if not interaction.is_context_menu:
            made.source = interaction.source
        filler = self._filler(made)
        components = fill_modal(filler, modal, values or {})
        data: Json = {"custom_id": modal["custom_id"], "components": components}
        if filler.resolver.found:
            data["resolved"] = filler.resolver.found
        return self._dispatch(made, data)

    def replay(self, interaction: Interaction) -> None:
        """Send the bot the very same interaction again, as a resumed session may."""
        self._stage.send(interaction)

    def forge(self, pressed: Interaction, custom_id: str) -> Interaction:
        """Send a press as a tampered client might: as `pressed`, with an id no message carries."""
        made = self.parts.interactions.open(
            InteractionKind.COMPONENT, pressed.user, pressed.channel, pressed.guild
        )
        made.source = pressed.source
        data = {**pressed.payload["data"], "custom_id": custom_id}
        return self._dispatch(made, data)

    def forge_press(
        self, message: Message | Ref, custom_id: str, *, member: Who, values: Sequence[str] = ()
    ) -> Interaction:
        """Send a press of any button, or a choice of any values, under a message that one sees."""
        target = self._visible(message, member)
        made = self._stage.enter_at(InteractionKind.COMPONENT, member, target)
        made.source = target
        kind = component_parts.STRING_SELECT if values else component_parts.BUTTON
        data: Json = {"custom_id": custom_id, "component_type": kind, "id": 2}
        return self._dispatch(made, data | ({"values": list(values)} if values else {}))

    def forge_form(
        self, message: Message | Ref, custom_id: str, fields: Mapping[str, str], *, member: Who
    ) -> Interaction:
        """Send a filled-in form that nobody was shown, as if opened from a message."""
        target = self._visible(message, member)
        opener = self._stage.enter_at(InteractionKind.COMPONENT, member, target)
        opener.source = target
        opener.metadata = metadata_of(opener)
        made = self._stage.enter_at(InteractionKind.MODAL, member, target)
        made.source, made.parent = target, opener
        labels: list[Json] = [
            {
                "type": component_parts.LABEL,
                "id": number,
                "component": {
                    "type": component_parts.TEXT_INPUT,
                    "id": number + 1,
                    "custom_id": name,
                    "value": value,
                },
            }
            for number, (name, value) in zip(range(1, 99, 2), fields.items(), strict=False)
        ]
        return self._dispatch(made, {"custom_id": custom_id, "components": labels})

    def _use(self, target: Message, person: Who, control: Json, sent: Json) -> Interaction:
        if control.get("disabled"):
            raise NotPossibleError(f"{control['custom_id']!r} is disabled")
        interaction = self._stage.enter_at(InteractionKind.COMPONENT, person, target)
        interaction.source = target
        filler = self._filler(interaction)
        data: Json = {
            "custom_id": control["custom_id"],
            "component_type": control["type"],
            "id": control["id"],
        }
        if "values" in sent:
            data["values"] = choose_values(filler, control, sent["values"])
            if filler.resolver.found:
                data["resolved"] = filler.resolver.found
        return self._dispatch(interaction, data)

    def _command(
        self, interaction: Interaction, name: str, subcommand: Sub
    ) -> tuple[Json, list[Json], list[Json]]:
        command = self._stage.command(interaction, name, SLASH)
        return command, *pick(command, subcommand)

    def _filler(self, interaction: Interaction) -> Filler:
        resolver = Resolver(self.parts.world, self.parts.book.writer, interaction)
        store = self._stage.store_for(interaction)
        return Filler(resolver, interaction.guild, store)

    def _dispatch(self, interaction: Interaction, data: Json) -> Interaction:
        payload = write_payload(self.parts.world, interaction, data)
        if interaction.source is not None and not interaction.is_context_menu:
            payload["message"] = self.parts.book.writer.full(interaction.source)
        interaction.payload = payload
        self._stage.send(interaction)
        return interaction

    def _control(
        self, message: Message | Ref, which: str, member: Who | None
    ) -> tuple[Message, Who, Json]:
        target = self.parts.world.message(message)
        person: Who = member if member is not None else (target.ephemeral_for or "Ben")
        target = self._visible(target, person)
        for control in _controls(target.components):
            if which in (control.get("custom_id"), control.get("label")):
                return target, person, control
        raise NotPossibleError(f"the message has nothing called {which!r}")

    def _visible(self, message: Message | Ref, member: Who) -> Message:
        target = self.parts.world.message(message)
        user = self.parts.world.user(member)
        if target.ephemeral_for not in (None, user.id):
            raise NotPossibleError("only its owner sees an ephemeral message")
        if target.guild_id is not None:
            guild = self.parts.world.guilds[target.guild_id]
            seen = self._stage.allowed(guild, self.parts.world.channels[target.channel_id], user)
            if not seen & permissions.VIEW_CHANNEL:
                raise NotPossibleError(f"{user.name} does not see that channel")
        return target


def _command_data(command: Json, options: list[Json], resolved: Json) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if options:
        data["options"] = options
    if resolved:
        data["resolved"] = resolved
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def _controls(components: list[Json]) -> list[Json]:
    """Return every button and select of a message, however deep."""
    found = []
    for part in components:
        if part["type"] == component_parts.BUTTON or part["type"] in component_parts.SELECTS:
            found.append(part)
        accessory = part.get("accessory")
        found += _controls([*(part.get("components") or []), *([accessory] if accessory else [])])
    return found
