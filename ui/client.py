"""The Discord client: log in however long Discord is away, register commands when they changed."""

import asyncio
import hashlib
import json
import logging
import sqlite3
from types import SimpleNamespace

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands

from crashpoints import reach
from jobs.ports import Clock
from storage import settings
from storage.database import Database
from ui import errors
from ui.rivals import Rivals
from ui.router import Router
from ui.shapes import CheckedTree
from ui.standing import Standing

log = logging.getLogger(__name__)

# View Channel, Send Messages, Send Messages in Threads, Embed Links, Attach Files, Read History.
PERMISSIONS = 274878024704
LOGIN_RETRY_S = (1, 5, 15, 60)
COMMANDS = "commands"
# Discord takes 1,000 new sessions a day and then makes the token void. The library gives up on one
# that takes longer than a minute, so no wait may be longer.
SESSION_WAITS_S = (5.0, 15.0, 50.0)
SESSIONS_WITHIN_S = 3600.0


def use_addresses(api_url: str, gateway_url: str, cdn_url: str) -> None:
    """Point discord.py at REST, Gateway and files: it keeps all three in class attributes."""
    discord.asset.Asset.BASE = cdn_url
    discord.http.Route.BASE = api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


class Reelbox(commands.Bot):
    """Commands and nothing else; jobs live on without it."""

    def __init__(
        self, token: str, db: Database, clock: Clock, *, message_content: bool = False
    ) -> None:
        # Voice is not used here, so its missing libraries are no news.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        self.rivals = Rivals(clock)
        self.standing = Standing(clock)
        """How many requests Discord refused lately."""
        super().__init__(
            http_trace=self._watched(),
            command_prefix=commands.when_mentioned,
            help_command=None,
            # Messages, for those that mention the bot: without the privileged intent Discord
            # leaves the text and files of all others out.
            intents=discord.Intents(
                guilds=True, guild_messages=True, message_content=message_content
            ),
            # Nobody is pinged unless a call names the one person.
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            tree_cls=CheckedTree,
        )
        self._token = token
        self._db = db
        self._clock = clock
        self._sessions: list[float] = []
        self.router = Router()
        """Answers buttons and forms."""
        self.command_ids: dict[str, int] = {}
        self.logged_in = asyncio.Event()
        """Set once requests can be made."""
        self.connected = asyncio.Event()
        """Set once the gateway brings interactions."""
        self.tree.error(self._on_command_error)

    def _watched(self) -> aiohttp.TraceConfig:
        """Return what tells those that have to know of each request to Discord."""
        trace = aiohttp.TraceConfig()
        self.rivals.watch(trace)
        self.standing.watch(trace)
        return _told(trace)

    async def live(self) -> None:
        """Log in and stay connected; raises LoginFailure when the token is not accepted."""
        attempt = 0
        while not self.logged_in.is_set():
            try:
                await self.login(self._token)
                self.logged_in.set()
            except discord.LoginFailure:
                raise
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                delay_s = LOGIN_RETRY_S[min(attempt, len(LOGIN_RETRY_S) - 1)]
                attempt += 1
                log.warning("Discord cannot be reached, again in %d s: %s", delay_s, error)
                await self.http.close()
                self.http.connector = discord.utils.MISSING  # closed with its session
                await self._clock.sleep(delay_s)
        log.info("to add this bot to a server, open %s", self.invite_link())
        await self.connect(reconnect=True)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Begin a session anew, the more slowly the more of them Discord has just ended."""
        if initial:
            return
        now = self._clock.monotonic()
        self._sessions = [at for at in self._sessions if at > now - SESSIONS_WITHIN_S]
        delay_s = SESSION_WAITS_S[min(len(self._sessions), len(SESSION_WAITS_S) - 1)]
        self._sessions.append(now + delay_s)
        log.info("Discord ended the session of shard %s; a new one in %d s", shard_id, delay_s)
        await self._clock.sleep(delay_s)

    def invite_link(self) -> str:
        """Return the address with which an admin adds this bot to a server."""
        return discord.utils.oauth_url(
            self.application_id or 0,
            permissions=discord.Permissions(PERMISSIONS),
            scopes=("bot", "applications.commands"),
        )

    async def setup_hook(self) -> None:
        """Register the commands, only when the set changed since the last time."""
        tree = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        shape = json.dumps([self.application_id, tree], sort_keys=True, default=str)
        digest = hashlib.sha256(shape.encode()).hexdigest()
        known = await self._db.read(settings.list_scope, COMMANDS)
        if known.pop("digest", None) != digest:
            known = {command.name: str(command.id) for command in await self.tree.sync()}
            await self._db.write(_store_commands, digest, known)
        self.command_ids.update({name: int(command_id) for name, command_id in known.items()})

    async def add_feature(self, cog: commands.Cog) -> None:
        """Add a cog, and the entry in a message's menu that it may have as `menu`."""
        await self.add_cog(cog)
        if isinstance(menu := getattr(cog, "menu", None), app_commands.ContextMenu):
            self.tree.add_command(menu)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Commands go to the tree by themselves; presses and forms go to the router."""
        await self.router.handle(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """Take no text commands: a cog listens to mentions."""

    async def on_connect(self) -> None:
        """The gateway session is up."""
        self.connected.set()

    async def _on_command_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        await errors.tell(interaction, error)


def _told(trace: aiohttp.TraceConfig) -> aiohttp.TraceConfig:
    """Say of every request that it leaves or came back, also of those discord.py repeats."""
    trace.on_request_start.append(_leaving)
    trace.on_request_end.append(_answered)
    return trace


async def _leaving(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestStartParams,
) -> None:
    reach("before discord", params.method, params.url.path)


async def _answered(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
) -> None:
    reach("after discord", params.method, params.url.path)


def _store_commands(tx: sqlite3.Connection, digest: str, ids: dict[str, str]) -> None:
    for name in settings.list_scope(tx, COMMANDS):
        settings.drop(tx, COMMANDS, name)
    for name, command_id in {**ids, "digest": digest}.items():
        settings.put(tx, COMMANDS, name, command_id)
