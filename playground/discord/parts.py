"""The rooms of the local Discord, put together once and shared by its faces."""

import dataclasses

from playground.discord.access import Access
from playground.discord.callbacks import Callbacks
from playground.discord.cdn import Cdn
from playground.discord.commands import CommandStore
from playground.discord.composer import Composer
from playground.discord.default_world import Founder, found, made_up_token
from playground.discord.events import EventLog
from playground.discord.faults import FaultScript
from playground.discord.gateway import Gateway
from playground.discord.interactions import InteractionBook
from playground.discord.messages import MessageBook
from playground.discord.outside import Outside
from playground.discord.ratelimit import RateLimits
from playground.discord.rest import RestApi
from playground.discord.routes_account import AccountRoutes
from playground.discord.routes_commands import CommandRoutes
from playground.discord.routes_forums import ForumRoutes
from playground.discord.routes_interactions import InteractionRoutes
from playground.discord.routes_messages import MessageRoutes
from playground.discord.snowflake import SnowflakeMaker
from playground.discord.types import Clock
from playground.discord.world import World
from playground.record import Recorder


@dataclasses.dataclass(slots=True)
class Parts:
    """Everything the local Discord is made of."""

    clock: Clock
    ids: SnowflakeMaker
    token: str
    world: World
    founder: Founder
    log: EventLog
    cdn: Cdn
    gateway: Gateway
    commands: CommandStore
    interactions: InteractionBook
    book: MessageBook
    composer: Composer
    limits: RateLimits
    faults: FaultScript
    rest: RestApi
    outside: Outside | None = None
    """Where interactions come from instead of the guild they are made in."""


def build(clock: Clock, recorder: Recorder | None, *, rate_limits: bool) -> Parts:
    """Build a fresh local Discord with its default world."""
    ids = SnowflakeMaker()
    world, founder = found(ids, clock.now())
    token = made_up_token(world.bot.id)
    log = EventLog(clock.now)
    cdn = Cdn(clock)
    gateway = Gateway(world, log, token)
    commands = CommandStore(ids, clock, log, world.bot.id)
    interactions = InteractionBook(ids, clock, log, world.bot.id)
    book = MessageBook(world, clock, cdn, log, gateway)
    composer = Composer(world, cdn)
    limits = RateLimits(on=rate_limits)
    faults = FaultScript()
    access = Access(world)
    callbacks = Callbacks(world, clock, log, book, composer)
    routes = [
        *InteractionRoutes(world, interactions, callbacks, book, composer).routes(),
        *MessageRoutes(world, clock, access, book, composer, limits).routes(),
        *ForumRoutes(world, clock, access, book, composer, log).routes(),
        *AccountRoutes(world, gateway, access, log).routes(),
        *CommandRoutes(commands, access).routes(),
    ]
    rest = RestApi(routes, token, limits, faults, log, recorder)
    return Parts(
        clock=clock,
        ids=ids,
        token=token,
        world=world,
        founder=founder,
        log=log,
        cdn=cdn,
        gateway=gateway,
        commands=commands,
        interactions=interactions,
        book=book,
        composer=composer,
        limits=limits,
        faults=faults,
        rest=rest,
    )
