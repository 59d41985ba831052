"""The process: open everything, connect, stop. `python bot.py --help` tells what else it does."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

import assembly
import command_line
from assembly import App, Opened
from config import Config
from jobs import backup_desk, backups, directories
from jobs.aftermath import close_intake
from jobs.clock import SystemClock
from jobs.gate import Gate
from jobs.intake import STOPPING
from jobs.ports import Clock
from jobs.recovery import recover
from jobs.sweep import close_intake_until_swept
from jobs.waiting import load_schedule
from jobs.watchdog import Watchdog
from media import Fetcher, PictureGate, Studio
from neuralbox import NeuralBox
from storage.database import Database, open_database
from storage.errors import DatabaseLostError, UnusableDatabaseError
from storage.lock import AlreadyRunningError
from storage.mounts import require_local
from ui.client import Reelbox, use_addresses
from ui.rivals import OtherCopyError

log = logging.getLogger(__name__)

# So that a supervisor can tell what a restart cannot mend.
EXIT_LOST, EXIT_STUCK, EXIT_DATABASE, EXIT_OTHER_COPY, EXIT_TOKEN = 70, 71, 74, 76, 77
EXIT_BROKEN, EXIT_CONFIG = command_line.EXIT_CODES
EXIT_RESTORE, EXIT_BACKUP, EXIT_LOCKED = backup_desk.EXIT_CODES
TOKEN_REFUSED = 4004  # the gateway's close code for a token that was revoked meanwhile
# For cards that are on their way when the bot is stopped; Discord gives them three seconds.
LAST_PROMISES_S = 3.0
# Nothing that the loop does takes a second; a process that stands still for this long is ended.
STUCK_AFTER_S = 30.0


@asynccontextmanager
async def running(
    config: Config, clock: Clock | None = None, watchdog: Watchdog | None = None
) -> AsyncIterator[App]:
    """Run the bot for the life of the block; inside it, Discord is connected.

    Raises AlreadyRunningError or UnusableDatabaseError before anything is sent anywhere. What
    breaks the bot later (a lost database, a revoked token) ends the block with an ExceptionGroup.
    Leaving it lets requests in flight finish while members are told that no new videos are taken; a
    kill loses nothing either. A `watchdog` guards the loop meanwhile.
    """
    clock = clock or SystemClock()
    use_addresses(config.discord.api_url, config.discord.gateway_url, config.discord.cdn_url)
    kept_in = directories.make(config.storage.data_dir)
    if not config.storage.allow_network_disk:
        require_local(config.storage.data_dir)
    studio = Studio()
    async with (
        open_database(
            config.storage.data_dir,
            before_migrating=backups.before_migrating(config.storage, int(clock.now())),
        ) as db,
        NeuralBox(
            config.neuralbox.base_url,
            config.neuralbox.key,
            clock=clock,
            options=config.neuralbox.options,
            post_timeout_s=config.neuralbox.post_timeout_s,
            get_timeout_s=config.neuralbox.get_timeout_s,
        ) as box,
        Fetcher(
            config.neuralbox.result_origins, max_bytes=config.neuralbox.max_result_bytes
        ) as fetcher,
        PictureGate(
            kept_in.pictures,
            studio,
            config.pictures.origins,
            links=config.pictures.links,
            max_bytes=config.pictures.max_bytes,
            max_pixels=config.pictures.max_pixels,
            min_free_bytes=config.storage.min_free_bytes,
        ) as picture_gate,
        Reelbox(
            config.discord.token, db, clock, message_content=config.discord.message_content
        ) as client,
    ):
        directories.drop_leftovers(kept_in)
        start = await db.insist(recover, int(clock.now()), db.last_run)
        await db.leave_trace(start.epoch, start.swept_to, start.line)
        gate = Gate(db, box, clock)
        await gate.load()
        box.on_request, box.on_answer = gate.sent, gate.answered
        schedule = await load_schedule(db, gate.windows, clock)
        opened = Opened(db, box, gate, schedule, fetcher, studio, picture_gate, client, kept_in)
        app = assembly.build(config, clock, opened, start)
        if start.rewound is not None:
            close_intake(app.intake, start.rewound, clock)
        elif start.has_past:
            close_intake_until_swept(app.intake)
        await app.switch.load()
        await app.service.load()
        for cog in app.cogs:
            await client.add_feature(cog)
        async with asyncio.TaskGroup() as tasks:
            worker = tasks.create_task(app.worker.run(start.epoch), name="worker")
            others = [
                tasks.create_task(client.live(), name="gateway"),
                tasks.create_task(client.rivals.fail_when_beaten(), name="rivals"),
                tasks.create_task(_fail_when_lost(db), name="database"),
            ]
            if watchdog is not None:
                others.append(tasks.create_task(watchdog.feed(), name="watchdog"))
            try:
                await client.connected.wait()
                yield app
            finally:
                # Members hear why until the last request in flight is answered and written down.
                app.intake.close("stopping", STOPPING)
                worker.cancel()
                await asyncio.wait({worker})
                await app.service.promises_kept(LAST_PROMISES_S)
                for task in others:
                    task.cancel()


async def _fail_when_lost(db: Database) -> None:
    await db.lost.wait()
    raise DatabaseLostError("the database failed")


async def serve(config: Config) -> None:
    """Run until SIGINT or SIGTERM, also when that comes before Discord ever answered."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    bot = asyncio.create_task(_stay(config), name="bot")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait((bot, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    bot.cancel()
    try:
        await bot
    except asyncio.CancelledError:
        log.info("stopped; unfinished jobs are taken up at the next start")


async def _stay(config: Config) -> None:
    async with running(config, watchdog=Watchdog(STUCK_AFTER_S, EXIT_STUCK)):
        log.info("ready")
        await asyncio.Event().wait()


def main(arguments: list[str] | None = None) -> int:
    """Do what was typed; return the process's exit code."""
    return command_line.main(arguments, _run)


def _run(config: Config) -> int:
    try:
        asyncio.run(serve(config))
    except (AlreadyRunningError, UnusableDatabaseError, DatabaseLostError) as error:
        log.critical("%s", error)
        if isinstance(error, AlreadyRunningError):
            return EXIT_LOCKED
        if isinstance(error, DatabaseLostError):
            return EXIT_LOST  # between the check of the file and the first loop
        if said := backup_desk.newest_words(config.storage, int(SystemClock().now())):
            log.critical("%s", said)
        return EXIT_DATABASE
    except BaseExceptionGroup as group:
        return _code_of(group)
    return 0


def _code_of(group: BaseExceptionGroup[BaseException]) -> int:
    """Say in the log what ended the running bot; return the exit code for it."""
    if group.subgroup(_is_token_refused):
        log.critical("Discord does not accept the token; make a new one and set it again")
        return EXIT_TOKEN
    if group.subgroup(discord.PrivilegedIntentsRequired):
        log.critical(
            "discord.message_content is on, but “Message Content Intent” is off for this bot; "
            "switch it on in Discord's developer portal (Bot → Privileged Gateway Intents), or "
            "set discord.message_content = false"
        )
        return EXIT_CONFIG
    if group.subgroup(DatabaseLostError):
        return EXIT_LOST
    if group.subgroup(OtherCopyError):
        log.critical(
            "another copy of this bot runs elsewhere with the same Discord token and answers "
            "what is asked of this one; stop one of them, or give each a token of its own"
        )
        return EXIT_OTHER_COPY
    log.critical("the bot broke; a new start takes up every job", exc_info=group)
    return EXIT_BROKEN


def _is_token_refused(error: BaseException) -> bool:
    return isinstance(error, discord.LoginFailure) or (
        isinstance(error, discord.ConnectionClosed) and error.code == TOKEN_REFUSED
    )


if __name__ == "__main__":
    sys.exit(main())
