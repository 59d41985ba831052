"""The rooms put together: who is given whom, and whom each one tells."""

from dataclasses import dataclass

from discord.ext import commands

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
from config import Config
from jobs.accounting import Accounts
from jobs.approvals import Approvals
from jobs.backups import Backups
from jobs.board import Board
from jobs.budgets import Budgets
from jobs.choices import Choices
from jobs.delivery import Delivery
from jobs.directories import Directories
from jobs.drafts import Drafts
from jobs.export import Exports
from jobs.forecast import Forecast
from jobs.gate import Gate
from jobs.intake import Intake
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
from jobs.recovery import Start
from jobs.reports import Reports
from jobs.results import Results
from jobs.schedule import Schedule
from jobs.service import JobService
from jobs.simulate import Simulations
from jobs.sources import Picks
from jobs.submit import Submitter
from jobs.sweep import Sweeper
from jobs.switch import HostSwitch
from jobs.tidings import Tidings
from jobs.upkeep import Upkeep
from jobs.videos import Videos
from jobs.vigil import Vigil
from jobs.worker import Worker
from media import Fetcher, PictureGate, Studio
from neuralbox import NeuralBox
from storage.database import DATABASE, Database
from storage.ledger import Limits
from ui.announcer import DiscordAnnouncer
from ui.client import Reelbox
from ui.desk import Desk
from ui.host import Hosts
from ui.notes import PassingNotes
from ui.noticeboard import DiscordNoticeBoard


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


@dataclass(frozen=True, slots=True)
class Opened:
    """What is opened before the rooms are put together, and closed after the last of them."""

    db: Database
    box: NeuralBox
    gate: Gate
    schedule: Schedule
    fetcher: Fetcher
    studio: Studio
    picture_gate: PictureGate
    client: Reelbox
    directories: Directories


def build(config: Config, clock: Clock, opened: Opened, start: Start) -> App:
    """Put the rooms together; what one loop finishes, another is told to look at."""
    db, box, gate, schedule = opened.db, opened.box, opened.gate, opened.schedule
    client, studio = opened.client, opened.studio
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
    pictures = Pictures(db, opened.picture_gate, studio, opened.directories.pictures, clock)
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
        db,
        box,
        gate,
        opened.fetcher,
        studio,
        opened.directories.videos,
        config.storage.min_free_bytes,
        clock,
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
    keeping = Keeping(
        db, opened.directories.videos, opened.directories.pictures, config.storage, clock
    )
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
