"""Interactions: what a person did, the answer it got, and the token that lasts 15 minutes."""

import asyncio
import base64
import dataclasses
import enum
import secrets
import time

from playground.discord.errors import refusal
from playground.discord.events import EventLog
from playground.discord.snowflake import SnowflakeMaker
from playground.discord.types import Clock, Json
from playground.discord.world import Channel, Guild, Message, User

# Source: "interactions/receiving-and-responding". The first is real time, the second the clock's.
FIRST_ANSWER_S = 3.0
TOKEN_LIFE_S = 15 * 60.0


class InteractionKind(enum.IntEnum):
    """Discord's interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


@dataclasses.dataclass(slots=True)
class Answer:
    """The first answer to an interaction.

    `kind` is message, deferred, modal, choices, update or deferred_update. `message` is the live
    message it made or changed; `modal` and `choices` are as the bot sent them.
    """

    kind: str
    message: Message | None = None
    ephemeral: bool = False
    modal: Json | None = None
    choices: list[Json] | None = None


@dataclasses.dataclass(slots=True, eq=False)
class Interaction:
    """One interaction. `payload` is what the bot was sent; `answered` is set with the answer.

    `messages` are those made through its token, the first answer's among them.
    """

    id: int
    token: str
    kind: InteractionKind
    user: User
    channel: Channel
    guild: Guild | None
    created_at: float
    log: EventLog = dataclasses.field(repr=False)
    name: str = ""
    is_context_menu: bool = False
    source: Message | None = None
    parent: "Interaction | None" = dataclasses.field(default=None, repr=False)
    payload: Json = dataclasses.field(default_factory=dict, repr=False)
    metadata: Json = dataclasses.field(default_factory=dict, repr=False)
    answered: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    dispatched_at: float = 0.0
    response_ms: float | None = None
    original_id: int | None = None
    messages: list[Message] = dataclasses.field(default_factory=list)
    first: Answer | None = None

    async def answer(self, timeout: float = FIRST_ANSWER_S) -> Answer:
        """Return the first answer; raises TimeoutError after so many real seconds."""
        async with asyncio.timeout(timeout):
            await self.answered.wait()
        assert self.first is not None  # noqa: S101 - set before the event
        return self.first

    async def final(self, timeout: float = 15.0) -> Message:
        """Return the message that the person is left with, waiting out a "thinking" one.

        That is the first answer's message once it says something; where the bot took the thinking
        message away instead, the first followup. Raises TimeoutError after so many real seconds,
        and LookupError for an answer that has no message (a modal, choices).
        """
        async with asyncio.timeout(timeout):
            answer = await self.answer(timeout)
            if answer.message is None:
                raise LookupError(f"the answer was a {answer.kind}")
            while (message := self._said(answer.message)) is None:
                await self.log.wait_for(lambda _: True, timeout=timeout)
            return message

    def _said(self, original: Message) -> Message | None:
        if not original.deleted:
            return None if original.loading else original
        later = [m for m in self.messages if m is not original]
        return later[0] if later else None

    def settle(self, answer: Answer) -> None:
        """Note the first answer."""
        self.first = answer
        self.response_ms = (time.monotonic() - self.dispatched_at) * 1000
        self.answered.set()

    @property
    def failed(self) -> bool:
        """True when the three seconds passed without an answer ("interaction failed")."""
        return not self.answered.is_set() and self._late

    @property
    def _late(self) -> bool:
        return time.monotonic() - self.dispatched_at > FIRST_ANSWER_S


class InteractionBook:
    """All interactions, by id and by token."""

    def __init__(self, ids: SnowflakeMaker, clock: Clock, log: EventLog, app_id: int) -> None:
        self.ids = ids
        self.clock = clock
        self.log = log
        self.app_id = app_id
        self.by_id: dict[int, Interaction] = {}
        self.by_token: dict[str, Interaction] = {}

    def open(
        self, kind: InteractionKind, user: User, channel: Channel, guild: Guild | None
    ) -> Interaction:
        """Begin an interaction, not yet told to the bot."""
        number = self.ids.next()
        raw = f"interaction:{number}:{secrets.token_urlsafe(96)}".encode()
        token = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        made = Interaction(number, token, kind, user, channel, guild, self.clock.now(), self.log)
        self.by_id[number] = made
        self.by_token[token] = made
        return made

    def to_answer(self, interaction_id: int, token: str) -> Interaction:
        """Find the interaction of a callback.

        Raises ApiError 10062 when it is unknown or three seconds old, 40060 when it has its
        answer already.
        """
        found = self.by_id.get(interaction_id)
        if found is None or found.token != token or found.failed:
            raise refusal("unknown_interaction")
        if found.answered.is_set():
            raise refusal("already_answered")
        return found

    def of_webhook(self, app_id: int, token: str) -> Interaction:
        """Find the interaction whose token a webhook route uses.

        Raises ApiError 10015 for an unknown or still unanswered one, 50027 after 15 minutes.
        """
        found = self.by_token.get(token)
        if found is None or app_id != self.app_id:
            raise refusal("unknown_webhook")
        if self.clock.now() >= found.created_at + TOKEN_LIFE_S:
            raise refusal("token_expired")
        if not found.answered.is_set():
            raise refusal("unknown_webhook")
        return found
