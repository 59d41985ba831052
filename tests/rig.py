"""The whole thing under test: the real bot, a local Discord and a local NeuralBox over sockets."""

import asyncio
import contextlib
import inspect
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import bot
import config
from assembly import App
from jobs.ports import Clock
from models import LENGTHS_S, Job, State
from playground.clock import FakeClock
from playground.discord import LocalDiscord
from playground.discord.interactions import Answer, Interaction
from playground.discord.world import Message
from playground.neuralbox import LocalNeuralBox
from playground.record import Recorder
from storage import invariants, jobs, ledger, prices, schema
from storage.database import BALLAST, BALLAST_BYTES, DATABASE, READERS
from tests.bot_process import SharedClock
from tests.mapping import mapping
from tests.payloads import loud

T = TypeVar("T")
TRAFFIC = Path(__file__).parent.parent / "build" / "traffic"
STEP_S = 5.0
IDLE_S = 0.005
QUIET_S = 0.002
QUIETS = 2
MOST_QUIETS = 150
"""A step of the clock is over when so many looks in a row see nothing move, or after so many."""
SMALL_CLIPS = 1 / 6


class Rig:
    """Two servers that live as long as the test, and a bot that may be started anew."""

    def __init__(
        self,
        discord: LocalDiscord,
        box: LocalNeuralBox,
        clock: FakeClock | SharedClock,
        data: Path,
    ) -> None:
        self.discord, self.box, self.clock, self.data = discord, box, clock, data
        self.settings: dict[str, dict[str, Any]] = {}
        self.bot_clock: Clock = clock
        """The bot's own clock, for a test in which it is not the servers'."""
        self.is_furnished = True
        """Whether a new host has its file and today's prices before the first start."""
        self.records: list[dict[str, Any]] = []
        self.app: App | None = None
        self._hanging: set[int] = set()
        self._reader: sqlite3.Connection | None = None
        self._stack: AsyncExitStack | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, data: Path, name: str, clock: FakeClock | SharedClock, **box_options: Any
    ) -> AsyncIterator[Self]:
        """Start both servers; what the bot sends Discord is recorded under the test's name."""
        async with AsyncExitStack() as stack:
            recorder = Recorder(TRAFFIC / f"{name}.jsonl")
            stack.callback(recorder.close)
            discord = LocalDiscord(clock, recorder=recorder)
            box_options.setdefault("clips", "shared")
            box = LocalNeuralBox(clock, media_scale=SMALL_CLIPS, **box_options)
            for server in (discord, box):
                await server.start()
                stack.push_async_callback(server.stop)
            rig = cls(discord, box, clock, data)
            rig.records = recorder.records
            stack.push_async_callback(rig.stop_bot)
            yield rig
            # Whatever a test is about: nothing that left in it could have notified anybody else.
            assert loud(rig.records) == []

    def configure(self, section: str, **keys: Any) -> None:
        """Change configuration keys for the next start of the bot."""
        self.settings.setdefault(section, {}).update(keys)

    def config(self) -> config.Config:
        """The bot's configuration, pointed at the two local servers."""
        return config.from_mapping(self.mapping(), {})

    def mapping(self) -> dict[str, dict[str, Any]]:
        """The same as it would stand in a file."""
        # Backups have tests of their own; elsewhere a day of the clock would make two dozen.
        plain = {"storage": {"backups": False}}
        return mapping(self.discord, self.box, self.data, plain, self.settings)

    async def start_bot(self) -> None:
        """Start the bot; returns when it is connected."""
        if self.is_furnished and not (self.data / DATABASE).exists():
            _furnish(self.data, self.config().video.models, self.box, int(self.clock.now()))
        self._stack = AsyncExitStack()
        starting = self._stack.enter_async_context(bot.running(self.config(), self.bot_clock))
        self.app = await asyncio.wait_for(starting, 60)

    async def stop_bot(self) -> None:
        """Stop it in order."""
        if self._reader is not None:
            # Open any longer, it would keep the bot from folding its log back at the end.
            self._reader.close()
            self._reader = None
        if self._stack is not None:
            stack, self._stack, self.app = self._stack, None, None
            await stack.aclose()

    async def restart_bot(self) -> None:
        """Stop and start."""
        await self.stop_bot()
        await self.start_bot()

    async def refreshed(self) -> None:
        """Wait until the bot has the balance, the first history and every price.

        Those are its first requests: what a test scripts or counts after this is meant for others.
        """
        await self.balance_known()
        await self.eventually(self._is_swept)
        count = "SELECT count(*) FROM price"
        wanted = len(self.config().video.models) * len(LENGTHS_S)
        await self.eventually(
            lambda: bool(self.read(lambda tx: tx.execute(count).fetchone()[0]) == wanted)
        )
        assert self.app is not None
        await self.app.service.load()  # the bot itself is only about to read them

    def _is_swept(self) -> bool:
        """Say whether the start's look at the history is over, and has left its mark."""
        run = None if self.app is None else self.app.db.this_run
        return run is not None and run.line != ""

    async def balance_known(self) -> None:
        """Wait until the bot has asked for the vendor's balance."""
        known = "SELECT count(*) FROM meta WHERE k = 'balance_at'"
        await self.eventually(lambda: self.read(lambda tx: bool(tx.execute(known).fetchone()[0])))

    async def ask(self, prompt: str = "a paper boat in the rain", **options: Any) -> Answer:
        """Use /video; return what comes of it."""
        return await outcome(await self.discord.slash("video", prompt=prompt, **options))

    async def card(self, prompt: str = "a paper boat in the rain", **options: Any) -> Message:
        """Use /video, expecting a public card, which a busy machine may put off."""
        message = await (await self.discord.slash("video", prompt=prompt, **options)).final()
        assert message.ephemeral_for is None, message.content
        return message

    async def refusal(self, prompt: str = "a paper boat in the rain", **options: Any) -> str:
        """Use /video, expecting a private sentence, which a busy machine may put off."""
        message = await (await self.discord.slash("video", prompt=prompt, **options)).final()
        assert message.ephemeral_for is not None, message.embeds
        return message.content

    async def eventually(
        self, condition: Callable[[], bool | Awaitable[bool]], timeout_s: float = 30.0
    ) -> None:
        """Wait in real time until it holds; the clock stands still meanwhile."""
        async with asyncio.timeout(timeout_s):
            while not await _holds(condition):  # noqa: ASYNC110 - a condition, not an event
                await asyncio.sleep(0.005)

    async def run_until(
        self,
        condition: Callable[[], bool | Awaitable[bool]],
        limit_s: float = 1800.0,
        step_s: float = STEP_S,
    ) -> None:
        """Let the clock run until it holds, for at most `limit_s` seconds of the clock.

        Discord's rate limits run in real time, so at the end that gets its share too.
        """
        ends_at = self.clock.now() + limit_s
        await self.settle()  # what was asked for just before leaves at this moment, not later
        while not await _holds(condition):
            if self.clock.now() >= ends_at:
                await self.eventually(condition)
                return
            wakes = self._wakes()
            await self.clock.advance(step_s)
            if self._wakes() != wakes or self._unanswered() or self._is_writing():
                await self.settle()
            else:
                await asyncio.sleep(IDLE_S)  # what takes real time goes on

    async def settle(self) -> None:
        """Give sockets and the database real time until nothing moves any more.

        Else hours of the clock would pass on a busy machine before a request is answered, or one
        would reach the vendor long after it was booked.
        """
        before: object = None
        calm = 0
        for _ in range(MOST_QUIETS):
            await asyncio.sleep(QUIET_S)
            await self._written()
            state = (
                len(self.box.requests),
                len(self.box.file_requests),
                len(self.records),
                self.discord.parts.rest.requests,
                self._unanswered(),
                self._sleepers(),
            )
            # A request that hung before this step hangs on the clock, or for long.
            is_calm = state == before and self._unanswered() <= self._hanging
            calm = calm + 1 if is_calm else 0
            before = state
            if calm >= QUIETS:
                break
        self._hanging = self._unanswered()

    def _wakes(self) -> int | float:
        return self.clock.wakes if isinstance(self.clock, FakeClock) else self.clock.now()

    async def _written(self) -> None:
        """Wait until whatever was handed to the database before this is done."""
        if self.app is not None and self._is_writing():
            await self.app.db.write(_nothing)
            await asyncio.gather(*(self.app.db.read(_nothing) for _ in range(READERS)))

    def _is_writing(self) -> bool:
        if self.app is None or self.app.db.lost.is_set():
            return False
        return self.app.db.open_calls > 0

    def _sleepers(self) -> int:
        return self.clock.sleepers if isinstance(self.clock, FakeClock) else 0

    def _unanswered(self) -> set[int]:
        """Tell requests apart that the vendor has not answered, or (below zero) Discord."""
        ours = {id(seen) for seen in self.box.requests[-20:] if seen.status is None}
        return ours | {-number for number in self.discord.parts.rest.unanswered}

    async def finished(
        self, message: Message, limit_s: float = 1800.0, step_s: float = STEP_S
    ) -> Message:
        """Let the clock run until the card is in its last form and the requester is told."""
        await self.run_until(lambda: bool(self.pings(message)), limit_s, step_s)
        return self.shown(message)

    def shown(self, message: Message) -> Message:
        """The message as the channel shows it now."""
        return next(m for m in self.discord.messages(message.channel_id) if m.id == message.id)

    def pings(self, message: Message) -> list[Message]:
        """The bot's replies to a card."""
        channel = self.discord.messages(message.channel_id)
        return [m for m in channel if m.reference == message.id and m.author.bot]

    def fields(self, message: Message) -> dict[str, str]:
        """A card's fields by name."""
        return {field["name"]: field["value"] for field in message.embeds[0].get("fields", [])}

    def generation_id(self, message: Message) -> str:
        """The vendor's id of a card's job, which must have one."""
        generation_id = self.job_of(message).generation_id
        assert generation_id is not None
        return generation_id

    def posts(self) -> int:
        """How many times the bot asked the vendor to make something."""
        return sum(seen.method == "POST" and seen.path == "/generate" for seen in self.box.requests)

    def job_of(self, message: Message) -> Job:
        """The job whose card this is, read from the file itself."""
        job_id = int(message.embeds[0]["footer"]["text"].removeprefix("Job "))
        return self.read(lambda tx: jobs.get(tx, job_id))

    def jobs_in(self, *states: State) -> list[Job]:
        """All jobs in these states, or all there are."""
        return self.read(lambda tx: jobs.list_in(tx, *(states or tuple(State))))

    def account(self, name: str) -> ledger.Account:
        """The balance of a level, over all its periods: org, guild:<id> or member:<id>:<id>."""
        return self.read(lambda tx: _balance(tx, name))

    def guild_account(self) -> ledger.Account:
        """The first guild's balance."""
        return self.account(f"guild:{self.guild_id}")

    @property
    def guild_id(self) -> int:
        """The first guild's id."""
        return next(iter(self.discord.world.guilds.values())).id

    def sound(self) -> None:
        """Every invariant holds, and the ledger is what the vendor charged."""
        assert self.read(invariants.violations) == {}
        assert self.account("org").spent_tokens == self.box.charged_total

    def read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run a reading function of the storage room on the file, past the bot.

        While the bot runs here all of them share a connection: to read the schema anew takes
        longer than most of what is asked.
        """
        if self.app is None or self.app.db.lost.is_set():
            with contextlib.closing(self._open_reader()) as connection:
                return function(connection)
        if self._reader is None:
            self._reader = self._open_reader()
        return function(self._reader)

    def _open_reader(self) -> sqlite3.Connection:
        uri = f"{(self.data / 'reelbox.sqlite3').as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection


async def outcome(interaction: Interaction) -> Answer:
    """Return the first answer, with the message that the person is left with.

    A busy machine may put an answer off in public, and tell privately what it comes to.
    """
    answer = await interaction.answer()
    if answer.message is None:
        return answer
    message = await interaction.final()
    return replace(answer, message=message, ephemeral=message.ephemeral)


def _furnish(data: Path, offered: tuple[str, ...], box: LocalNeuralBox, now: int) -> None:
    """Leave a file as on the second day; a first day would be most of what a test costs."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / BALLAST).open("wb") as ballast:
        ballast.truncate(BALLAST_BYTES)
    (data / DATABASE).write_bytes(_empty_file())
    tx = sqlite3.connect(data / DATABASE)
    told = [(slug, model) for slug in offered if (model := box.catalogue.find(slug))]
    for slug, model in told:
        for duration_s in LENGTHS_S:
            prices.put(tx, slug, duration_s, model.price(duration_s), now)
    prices.put_models(
        tx,
        [prices.StoredModel(slug, m.name, m.min_tokens, m.max_tokens, now) for slug, m in told],
    )
    tx.commit()
    tx.close()


@cache
def _empty_file() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, DATABASE)
        schema.prepare(path)
        return path.read_bytes()


def _balance(tx: sqlite3.Connection, name: str) -> ledger.Account:
    accounts = [
        ledger.get(tx, row[0])
        for row in tx.execute(
            "SELECT account FROM cell WHERE account = ? OR account LIKE ? || '@%' ORDER BY rowid",
            (name, name),
        )
    ]
    if not accounts:
        return ledger.get(tx, name)
    return ledger.Account(
        name,
        accounts[-1].capped,
        accounts[-1].limit_tokens,
        sum(account.held_tokens for account in accounts),
        sum(account.spent_tokens for account in accounts),
    )


def _nothing(_tx: sqlite3.Connection) -> None:
    pass


async def _holds(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    held = condition()
    return await held if inspect.isawaitable(held) else bool(held)
