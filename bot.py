"""The process: build everything, connect, stop. `python bot.py --help` tells what else it does."""

import argparse
import asyncio
import logging
import os
import resource
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import discord
from discord.ext import commands

import config as configuration
import logs
from cogs.admin import Admin
from cogs.animate import Animate
from cogs.approvals import ApprovalButtons
from cogs.budget import Budget
from cogs.drafts import DraftButtons
from cogs.generate import Generate
from cogs.help import Help
from cogs.mention import Mention
from cogs.preferences import Preferences
from cogs.results import ResultButtons
from cogs.returns import Returns
from cogs.settings import Settings
from cogs.videos import Videos as VideosCog
from config import Config, ConfigError
from jobs import backup_desk, backups, doctor
from jobs.accounting import Accounts
from jobs.aftermath import close_intake
from jobs.approvals import Approvals
from jobs.backups import Backups
from jobs.board import Board
from jobs.budgets import Budgets
from jobs.choices import Choices
from jobs.clock import SystemClock
from jobs.delivery import Delivery
from jobs.drafts import Drafts
from jobs.export import Exports
from jobs.forecast import Forecast
from jobs.gate import Gate
from jobs.intake import STOPPING, Intake
from jobs.keeping import Keeping
from jobs.links import PictureLinks
from jobs.notes import Notes
from jobs.notices import NoticeBearer
from jobs.orders import Orders
from jobs.outbox import Deliverer
from jobs.pictures import Pictures
from jobs.poll import Poller
from jobs.ports import Clock
from jobs.prices import PriceBook
from jobs.reconcile import Reconciler
from jobs.recovery import Start, recover
from jobs.reports import Reports
from jobs.results import Results
from jobs.schedule import Schedule
from jobs.service import JobService
from jobs.simulate import Simulations
from jobs.sources import Picks
from jobs.submit import Submitter
from jobs.sweep import Sweeper, close_intake_until_swept
from jobs.switch import HostSwitch
from jobs.tidings import Tidings
from jobs.upkeep import Upkeep
from jobs.videos import Videos
from jobs.vigil import Vigil
from jobs.waiting import load_schedule
from jobs.watchdog import Watchdog
from jobs.worker import Worker
from media import Fetcher, PictureGate, Studio, sweep_leftovers
from neuralbox import NeuralBox
from storage.database import DATABASE, Database, open_database
from storage.errors import DatabaseLostError, UnusableDatabaseError
from storage.ledger import Limits
from storage.lock import AlreadyRunningError
from storage.mounts import require_local
from ui.announcer import DiscordAnnouncer
from ui.client import Reelbox, use_addresses
from ui.desk import Desk
from ui.host import Hosts
from ui.notes import PassingNotes
from ui.noticeboard import DiscordNoticeBoard
from ui.rivals import OtherCopyError

log = logging.getLogger(__name__)

# So that a supervisor can tell what a restart cannot mend.
EXIT_BROKEN, EXIT_LOST, EXIT_DATABASE, EXIT_TOKEN, EXIT_CONFIG = 1, 70, 74, 77, 78
EXIT_STUCK, EXIT_OTHER_COPY = 71, 76
EXIT_RESTORE, EXIT_BACKUP, EXIT_LOCKED = backup_desk.EXIT_CODES
TOKEN_REFUSED = 4004  # the gateway's close code for a token that was revoked meanwhile
# For cards that are on their way when the bot is stopped; Discord gives them three seconds.
LAST_PROMISES_S = 3.0
# Nothing that the loop does takes a second; a process that stands still for this long is ended.
STUCK_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class App:
    """The running bot, for whoever started it."""

    client: Reelbox
    db: Database
    service: JobService
    worker: Worker
    intake: Intake
    switch: HostSwitch
    cogs: tuple[commands.Cog, ...]


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
    directories = _make_directories(config.storage.data_dir)
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
            directories[1],
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
        _drop_leftovers(directories)
        start = await db.insist(recover, int(clock.now()), db.last_run)
        db.leave_trace(start.epoch, start.swept_to)
        gate = Gate(db, box, clock)
        await gate.load()
        box.on_request, box.on_answer = gate.sent, gate.answered
        schedule = await load_schedule(db, gate.windows, clock)
        rooms = (db, box, gate, schedule, fetcher, studio, picture_gate, client)
        app = _build(config, clock, *rooms, directories, start)
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


def _build(
    config: Config,
    clock: Clock,
    db: Database,
    box: NeuralBox,
    gate: Gate,
    schedule: Schedule,
    fetcher: Fetcher,
    studio: Studio,
    picture_gate: PictureGate,
    client: Reelbox,
    directories: tuple[Path, Path],
    start: Start,
) -> App:
    """Put the rooms together; what one loop finishes, another is told to look at."""
    videos_dir, pictures_dir = directories
    gate.watched = lambda: len(schedule) + submitter.on_their_way
    intake = Intake(
        clock,
        config.storage.data_dir,
        config.storage.min_free_bytes,
        config.limits.commands_per_minute,
    )
    book = PriceBook(
        db, box, gate, clock, schedule.waits, config.video.models, config.video.without_picture
    )
    pictures = Pictures(db, picture_gate, studio, pictures_dir, clock)
    allowed = Limits(
        config.budget.host_tokens,
        config.budget.guild_tokens,
        config.budget.member_tokens,
        config.budget.period,
    )
    board = Board(db, book, pictures, clock, allowed)
    announcer = DiscordAnnouncer(client, client.logged_in, client.standing)
    links = PictureLinks(db, board, announcer, clock)
    submitter = Submitter(
        db, box, gate, book, intake, clock, config.limits, config.neuralbox.post_timeout_s, links
    )
    videos = Videos(
        db, box, gate, fetcher, studio, videos_dir, config.storage.min_free_bytes, clock
    )
    delivery = Delivery(db, board, announcer, videos, pictures)
    deliverer = Deliverer(db, board, announcer, delivery, submitter, clock)

    def changed() -> None:
        worker.nudge()

    tidings = Tidings(db, gate, schedule, clock, changed)
    gate.on_turn = changed
    poller = Poller(db, box, gate, book, schedule, tidings, clock, changed)
    board.forecast = Forecast(submitter, schedule, tidings.next_look_at, clock)
    reconciler = Reconciler(db, box, gate, clock, changed)
    sweeper = Sweeper(db, box, gate, intake, start, clock, changed)
    keeping = Keeping(db, videos_dir, pictures_dir, config.storage, clock)
    upkeep = Upkeep(db, box, gate, book, intake, keeping, Accounts(db, clock), clock)

    def told() -> None:
        bearer.alarm.nudge()
        approvals.alarm.nudge()

    submitter.on_change = changed
    submitter.on_account_trouble = upkeep.check_balance
    board_of_notices = DiscordNoticeBoard(client, client.logged_in, client.standing)
    bearer = NoticeBearer(db, board_of_notices, clock)
    bearer.on_change = changed
    service = JobService(
        db, book, intake, board, submitter, clock, config.video, config.limits, allowed
    )
    service.on_told = told
    approvals = Approvals(db, service, submitter, clock, config.limits, allowed)
    vigil = Vigil(config.storage.data_dir / DATABASE, intake, clock)
    worker = Worker(
        submitter,
        poller,
        reconciler,
        sweeper,
        deliverer,
        upkeep,
        bearer,
        approvals,
        vigil,
        Backups(db, config.storage, clock),
        clock,
    )
    results = Results(db, board, submitter, videos, pictures, clock)
    budgets = Budgets(db, clock, allowed, bearer.alarm.nudge)
    switch = HostSwitch(db, intake, gate, clock)
    cogs = _cogs(config, clock, db, client, service, results, pictures, budgets, approvals, switch)
    return App(client, db, service, worker, intake, switch, cogs)


def _cogs(
    config: Config,
    clock: Clock,
    db: Database,
    client: Reelbox,
    service: JobService,
    results: Results,
    pictures: Pictures,
    budgets: Budgets,
    approvals: Approvals,
    switch: HostSwitch,
) -> tuple[commands.Cog, ...]:
    """Make what members see; each answers for its own commands, buttons and forms."""
    choices = Choices(db, clock)
    orders = Orders(service, results, pictures, choices)
    drafts = Drafts(db, service, clock)
    desk, router = Desk(service, drafts, client.rivals), client.router
    notes = PassingNotes(client, Notes(db, clock), clock)
    return (
        Generate(service, orders, desk, allows_links=pictures.allows_links),
        Animate(service, orders, results, Picks(db, clock), desk, router),
        Mention(
            service,
            orders,
            drafts,
            results,
            choices,
            notes,
            clock,
        ),
        ResultButtons(service, orders, results, desk, router),
        ApprovalButtons(approvals, results, router),
        DraftButtons(drafts, orders, desk, notes, router),
        VideosCog(service, results, router),
        Returns(results),
        Settings(choices),
        Budget(
            budgets,
            service,
            Reports(db, clock, budgets.allowed, service.name_of),
            Simulations(db, clock, budgets.allowed),
            Exports(db, clock, budgets.allowed),
            router,
        ),
        Preferences(choices),
        Admin(switch, Hosts(client, clock)),
        Help(service, config.limits, client.command_ids),
    )


async def _fail_when_lost(db: Database) -> None:
    await db.lost.wait()
    raise DatabaseLostError("the database failed")


def _make_directories(data_dir: Path) -> tuple[Path, Path]:
    """Make the data directory and those for videos and pictures, readable by this user alone.

    They may be another copy's, as long as the lock is not held: what is in them is left alone.
    """
    videos_dir, pictures_dir = data_dir / "videos", data_dir / "pictures"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (videos_dir, pictures_dir):
            directory.mkdir(mode=0o700, exist_ok=True)
        for directory in (data_dir, videos_dir, pictures_dir):
            _keep_private(directory)
    except OSError as error:
        raise _unusable(data_dir, error) from error
    return videos_dir, pictures_dir


def _drop_leftovers(directories: tuple[Path, Path]) -> None:
    """Remove what a killed process left half done. Under the lock: a running copy's parts live."""
    for directory in directories:
        try:
            sweep_leftovers(directory)
        except OSError as error:
            raise _unusable(directory.parent, error) from error


def _unusable(data_dir: Path, error: OSError) -> UnusableDatabaseError:
    return UnusableDatabaseError(
        f"storage.data_dir {data_dir} cannot be used: {error.strerror or error}; make it a "
        "directory that this user may write to"
    )


def _keep_private(directory: Path) -> None:
    """Take from others what they may do in a directory that was there before."""
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o077:
        try:
            directory.chmod(0o700)
        except OSError as error:
            log.warning("%s can be read by others, and stays so: %s", directory, error.strerror)


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
    """Run a subcommand; return the process's exit code."""
    parser = argparse.ArgumentParser(prog="bot.py", description="Reelbox, a Discord video bot")
    commands = ("run", "check", "doctor", "backup", "restore")
    parser.add_argument("command", nargs="?", choices=commands, default="run")
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        help="where a backup goes (else among the bot's own); which one is restored (else a list)",
    )
    parser.add_argument("--config", type=Path, default=Path("config.toml"), metavar="FILE")
    parser.add_argument("--json", action="store_true", help="what doctor finds, for a program")
    options = parser.parse_args(arguments)
    if options.file is not None and options.command not in ("backup", "restore"):
        parser.error(f"{options.command} takes no file")
    os.umask(0o077)
    if options.command == "doctor":
        now = int(SystemClock().now())
        page, is_well = doctor.report(options.config, now, as_json=options.json)
        sys.stdout.write(page)
        return 0 if is_well else EXIT_BROKEN
    try:
        config = configuration.load(options.config)
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        return EXIT_CONFIG
    if options.command == "check":
        sys.stdout.write(f"{options.config} is fine\n")
        return 0
    if options.command in ("backup", "restore"):
        said, code = _keep_books(options.command, options.file, config)
        (sys.stderr if code else sys.stdout).write(said)
        return code
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the token and the key
    logs.set_up(
        config.logging.level,
        as_json=config.logging.format == "json",
        secrets=[
            (config.discord.token, "discord token"),
            (config.neuralbox.key, "neuralbox key"),
        ],
    )
    return _run(config)


def _keep_books(command: str, file: Path | None, config: Config) -> tuple[str, int]:
    """Back up, restore, or list what could be restored; return what to say and the exit code."""
    now = int(SystemClock().now())
    if command == "backup":
        return backup_desk.back_up(config.storage, file, now)
    if file is None:
        return backup_desk.list_backups(config.storage, now)
    return backup_desk.restore(config.storage, file, now)


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
