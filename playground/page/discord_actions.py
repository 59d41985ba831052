"""A person's hands on the local Discord: writing, commands, buttons, forms."""

from collections.abc import Awaitable, Callable, Iterable

from playground.discord import LocalDiscord, permissions
from playground.discord.errors import ApiError
from playground.discord.interactions import Interaction
from playground.discord.types import Json
from playground.page.order import Order, Refused

Action = Callable[[Order], Awaitable[dict[str, object]]]

# Forms that are still open on some page, or were closed without sending; the oldest go first.
MAX_OPEN_FORMS = 200


def actions(discord: LocalDiscord) -> dict[str, Action]:
    """Return the actions by name."""
    hands = Hands(discord)
    every: Iterable[tuple[str, Action]] = [
        ("say", hands.say),
        ("slash", hands.slash),
        ("autocomplete", hands.autocomplete),
        ("app-command", hands.app_command),
        ("press", hands.press),
        ("choose", hands.choose),
        ("modal", hands.modal),
        ("delete", hands.delete),
    ]
    return {name: _told(action) for name, action in every}


def _told(action: Action) -> Action:
    """Turn what Discord's own client would refuse into a sentence for the person."""

    async def run(order: Order) -> dict[str, object]:
        try:
            return await action(order)
        except ApiError as error:
            raise Refused(str(error.body["message"])) from None
        except (LookupError, ValueError) as error:
            raise Refused(str(error.args[0]) if error.args else "Not possible.") from None

    return run


class Hands:
    """What the acting member can do in a channel."""

    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord
        self._forms: dict[str, Interaction] = {}

    async def say(self, order: Order) -> dict[str, object]:
        """Send a message, perhaps as a reply, perhaps with files."""
        reply_to = order.message("reply_to") if order.body.get("reply_to") else None
        await self._discord.say(
            order.text("content"),
            member=order.user.id,
            channel=order.channel,
            guild=order.guild,
            attachments=order.files.get("", []),
            reply_to=reply_to,
            ping=bool(order.body.get("ping", True)),
        )
        return {}

    async def slash(self, order: Order) -> dict[str, object]:
        """Send a slash command and wait for the bot's first answer."""
        sent = await self._discord.slash(
            order.text("name"),
            member=order.user.id,
            channel=order.channel,
            guild=order.guild,
            subcommand=" ".join(order.texts("subcommand")) or None,
            attachments={option: files[0] for option, files in order.files.items()},
            options=order.mapping("options"),
        )
        return await self._first_answer(sent)

    async def autocomplete(self, order: Order) -> dict[str, object]:
        """Ask the bot for the suggestions of an option."""
        try:
            choices = await self._discord.autocomplete(
                order.text("name"),
                order.text("option"),
                order.text("typed"),
                member=order.user.id,
                channel=order.channel,
                guild=order.guild,
                subcommand=" ".join(order.texts("subcommand")) or None,
                options=order.mapping("options"),
            )
        except TimeoutError:
            raise Refused("Loading options failed") from None
        return {"choices": choices}

    async def app_command(self, order: Order) -> dict[str, object]:
        """Use a message command on a message."""
        sent = await self._discord.message_command(
            order.text("name"), order.message(), member=order.user.id
        )
        return await self._first_answer(sent)

    async def press(self, order: Order) -> dict[str, object]:
        """Press a button."""
        sent = await self._discord.press(
            order.message(), order.text("custom_id"), member=order.user.id
        )
        return await self._first_answer(sent)

    async def choose(self, order: Order) -> dict[str, object]:
        """Choose in a select."""
        sent = await self._discord.choose(
            order.message(), order.text("custom_id"), order.texts("values"), member=order.user.id
        )
        return await self._first_answer(sent)

    async def modal(self, order: Order) -> dict[str, object]:
        """Send a filled form. It stays open until the bot has answered, so it can be sent again."""
        number = order.text("interaction")
        form = self._forms.get(number)
        if form is None or form.user is not order.user:
            raise Refused("This form is not open any more.")
        values: Json = order.mapping("values") | order.files
        sent = await self._discord.submit_modal(form, values, member=order.user.id)
        answer = await self._first_answer(sent)
        if answer["result"] != "failed":
            self._forms.pop(number, None)
        return answer

    async def delete(self, order: Order) -> dict[str, object]:
        """Delete one's own message, or anybody's where one may manage messages."""
        message = order.message()
        is_own = message.author is order.user
        if not is_own and not self._may_manage(order):
            raise Refused("You may delete only your own messages here.")
        self._discord.delete_message(message)
        return {}

    def _may_manage(self, order: Order) -> bool:
        if order.guild is None or order.member is None:
            return False
        allowed = permissions.in_channel(order.guild, order.channel, order.member)
        return bool(allowed & permissions.MANAGE_MESSAGES)

    async def _first_answer(self, sent: Interaction) -> dict[str, object]:
        told: dict[str, object] = {"interaction": str(sent.id)}
        try:
            answer = await sent.answer()
        except TimeoutError:
            return told | {"result": "failed"}
        if answer.modal is not None:
            self._forms[str(sent.id)] = sent
            while len(self._forms) > MAX_OPEN_FORMS:
                del self._forms[next(iter(self._forms))]
            told["modal"] = answer.modal
        return told | {"result": answer.kind}
