"""One run's stage: both local servers, the data directories, and bots that come and go."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from playground.neuralbox.profile import Profile
from storage.database import BALLAST_BYTES
from tests.harness import zygote
from tests.harness.board import Board, Slot
from tests.harness.loops import HarnessSelector, SharedLoop, Watched
from tests.harness.victim import BotClock, Life
from tests.mapping import mapping

T = TypeVar("T")
START = 1_800_000_000.0
SMALL_CLIPS = 1 / 6
KILLED = -signal.SIGKILL
DATABASE = "reelbox.sqlite3"


class Workshop:
    """What all runs of a process share: the fork server, the board, the template of a database.

    To be made before any loop or thread is.
    """

    def __init__(self) -> None:
        self.board = Board()
        self.zygote, self._zygote_pid = zygote.begin(self.board)
        self._shm = Path("/dev/shm")  # noqa: S108 - memory is enough for what a kill leaves
        self.root = Path(
            tempfile.mkdtemp(prefix="reelbox-", dir=self._shm if self._shm.is_dir() else None)
        )
        self.template: Path | None = None
        self.commands: dict[int | None, dict[int, Any]] = {}

    def close(self) -> None:
        """End the fork server and remove every file."""
        self.zygote.close()
        os.waitpid(self._zygote_pid, 0)
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, work: Callable[["Workshop"], Any]) -> Any:
        """Run a coroutine function on a loop of its own, whose clock begins at zero."""
        self.board.time = 0.0
        selector = HarnessSelector(self.board)
        loop = SharedLoop(selector, self.board)
        loop.on_thread = selector.count_thread
        self.selector = selector
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(work(self))


@dataclass(slots=True)
class Bot:
    """One life of a bot."""

    slot: Slot
    log: Path
    pid: int = 0
    code: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    channel: socket.socket | None = None


class Stage:
    """Two servers that live as long as the run."""

    def __init__(
        self, workshop: Workshop, clock: BotClock, discord: LocalDiscord, box: LocalNeuralBox
    ) -> None:
        self.workshop, self.clock, self.discord, self.box = workshop, clock, discord, box
        self.folder = Path(tempfile.mkdtemp(dir=workshop.root))
        self.settings: dict[str, dict[str, Any]] = {}
        self.prepare: Callable[[sqlite3.Connection], None] = lambda _tx: None
        """What a guild's admins did before it all began; done to each new copy of the template."""
        self.bots: dict[int, Bot] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, workshop: Workshop, profile: Profile) -> AsyncIterator["Stage"]:
        """Start both servers; nothing of the run is left afterwards."""
        clock = BotClock(workshop.board, START)
        async with AsyncExitStack() as stack:
            discord = LocalDiscord(clock, rate_limits=False)
            box = LocalNeuralBox(clock, profile=profile, media_scale=SMALL_CLIPS, clips="shared")
            for server in (discord, box):
                await server.start()
                stack.push_async_callback(server.stop)
            stage = cls(workshop, clock, discord, box)
            stack.callback(shutil.rmtree, stage.folder, True)
            loop = asyncio.get_running_loop()
            loop.add_reader(workshop.zygote, stage._hear)
            stack.callback(loop.remove_reader, workshop.zygote)
            stack.push_async_callback(stage.kill_all)
            yield stage

    def data(self, name: str = "data", *, is_empty: bool = False) -> Path:
        """A bot's data directory; new ones begin with the template's database, or with none."""
        directory = self.folder / name
        if not directory.exists():
            directory.mkdir(mode=0o700)
            template = self.workshop.template
            if template is not None and not is_empty:
                shutil.copyfile(template, directory / DATABASE)
                with contextlib.closing(sqlite3.connect(directory / DATABASE)) as tx, tx:
                    self.prepare(tx)
            # Of the size that the bot keeps, but without its bytes: eight MiB less to write a run.
            with (directory / "ballast").open("wb") as ballast:
                ballast.truncate(BALLAST_BYTES)
        return directory

    def mapping(self, data: Path) -> dict[str, Any]:
        """The configuration of a bot."""
        return mapping(self.discord, self.box, data, self.settings)

    async def start(
        self,
        data: Path,
        *,
        slot: int = 0,
        seed: int = 0,
        kill_at: int = 0,
        kill_after_s: float = 0.0,
        is_first: bool = False,
    ) -> Bot:
        """Start a bot and return at once; it has its process by then."""
        board = self.workshop.board
        bot = Bot(board.slots[slot], self.folder / f"bot-{slot}.log")
        bot.slot.reset()
        bot.slot.end = kill_at
        if not self.bots.keys() - {slot}:
            self._forget_sessions()
        self.bots[slot] = bot
        self.workshop.selector.bots[slot] = None
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        bot.channel = ours
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, self._listen, bot)
        log = str(bot.log)
        life = Life(slot, self.mapping(data), START, log, seed, kill_after_s, is_first)
        socket.send_fds(self.workshop.zygote, [life.packed()], [theirs.fileno()])
        theirs.close()
        return bot

    def _forget_sessions(self) -> None:
        """No process is left that could resume one, and each would be told everything."""
        gateway = self.discord.parts.gateway
        for session in [one for one in gateway.sessions.values() if one.connection is None]:
            gateway.end(session)

    async def stop(self, bot: Bot) -> None:
        """SIGTERM, and its end awaited."""
        os.kill(bot.pid, signal.SIGTERM)
        await bot.ended.wait()

    async def kill(self, bot: Bot) -> None:
        """SIGKILL: no handler, no finally, no flush."""
        while bot.code is None and not bot.pid:  # noqa: ASYNC110 - a moment, if at all
            await asyncio.sleep(0)
        if bot.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(bot.pid, signal.SIGKILL)
            self.workshop.selector.bots[bot.slot.number] = None
            await bot.ended.wait()

    async def kill_all(self) -> None:
        """Leave no process behind."""
        for bot in list(self.bots.values()):
            await self.kill(bot)

    async def eventually(
        self, condition: Callable[[], bool], limit_s: float = 3600.0, every_s: float = 1.0
    ) -> bool:
        """Wait until it holds, for so long on the clock; False when it did not."""
        ends_at = self.workshop.board.time + limit_s
        while not condition():
            if self.workshop.board.time >= ends_at:
                return False
            await asyncio.sleep(every_s)
        return True

    def _listen(self, bot: Bot) -> None:
        """What a bot says: first the way to see whether it sleeps, later that it does."""
        assert bot.channel is not None
        try:
            if self.workshop.selector.bots.get(bot.slot.number) is None and bot.code is None:
                said, descriptors, _, _ = socket.recv_fds(bot.channel, 4096, 1)
                if descriptors:
                    watched = Watched(bot.slot, bot.channel, descriptors[0])
                    self.workshop.selector.bots[bot.slot.number] = watched
            else:
                said = bot.channel.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            asyncio.get_running_loop().remove_reader(bot.channel)

    def _hear(self) -> None:
        """What the fork server says: a bot was born, or has died."""
        message = self.workshop.zygote.recv(zygote.MESSAGE_BYTES)
        if not message:
            self.workshop.selector.give_up()  # there will be no more bots
            asyncio.get_running_loop().remove_reader(self.workshop.zygote)
            return
        told = json.loads(message)
        bot = self.bots.get(told["slot"])
        if bot is None or (bot.pid and bot.pid != told["pid"]):
            return
        bot.pid = told["pid"]
        if "code" not in told:
            return
        bot.code = told["code"]
        bot.slot.leave()
        self.workshop.selector.bots.pop(bot.slot.number, None)
        if bot.channel is not None:
            asyncio.get_running_loop().remove_reader(bot.channel)
            bot.channel.close()
        bot.ended.set()


@contextmanager
def reading(data: Path) -> Iterator[sqlite3.Connection]:
    """Open a bot's database as anybody may: read-only, and past the bot."""
    uri = f"{(data / DATABASE).as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()
