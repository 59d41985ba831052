"""The gateway socket: hello, heartbeats, identify, resume, and Discord's close codes.

Source: "events/gateway", "topics/opcodes-and-status-codes" (gateway close codes).
"""

import asyncio
import collections
import json
import time
from collections.abc import Callable

from aiohttp import WSMsgType, web

from playground.discord import gateway_session as gs
from playground.discord.events import EventLog
from playground.discord.gateway_session import Connection, Session
from playground.discord.payloads import guild_create_json, own_user_json
from playground.discord.types import Json
from playground.discord.world import World

HEARTBEAT_INTERVAL_MS = 41_250
# How long a closing handshake may take when the client does not answer.
CLOSE_TIMEOUT_S = 2.0
IDENTIFIES_A_DAY = 1_000
# A client may send so many messages a minute, each of so many bytes.
SEND_LIMIT, SEND_WINDOW_S = 120, 60.0
MAX_CLIENT_BYTES = 4_096

APP_FLAG_MEMBERS_LIMITED = 1 << 15
APP_FLAG_CONTENT_LIMITED = 1 << 19

MakeData = Callable[[Session], Json]


class _CloseSocketError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Gateway:
    """All sessions of the bot. Every one of them gets every event, as on the real gateway."""

    def __init__(self, world: World, log: EventLog, token: str) -> None:
        self.world = world
        self.log = log
        self.token = token
        self.url = ""
        self.heartbeat_interval_ms = HEARTBEAT_INTERVAL_MS
        self.message_content_enabled = False
        self.members_enabled = False
        self.down = False
        self.identifies_left = IDENTIFIES_A_DAY
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()

    @property
    def app_flags(self) -> int:
        """The application's flags: which privileged intents its switches allow."""
        content = APP_FLAG_CONTENT_LIMITED if self.message_content_enabled else 0
        return content | (APP_FLAG_MEMBERS_LIMITED if self.members_enabled else 0)

    @property
    def connected(self) -> bool:
        """True while a session is identified and its socket is there."""
        return any(session.connection for session in self.sessions.values())

    def dispatch(
        self,
        name: str,
        data: Json | MakeData,
        *,
        intent: int = 0,
        guild_id: int | None = None,
    ) -> None:
        """Send an event to every session that wants it (any of `intent`; 0: all)."""
        for session in list(self.sessions.values()):
            if session.wants(intent) and session.serves(guild_id) and not session.ended:
                session.dispatch(name, data(session) if callable(data) else data)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it closes."""
        if self.down:
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(timeout=CLOSE_TIMEOUT_S, compress=False)
        await socket.prepare(request)
        # zstd-stream is answered with plain frames, which its clients read as well.
        connection = Connection(
            socket,
            request.transport,
            compressed=request.query.get("compress") == "zlib-stream",
        )
        self.connections.add(connection)
        client = _Client(self, connection)
        tasks = [
            asyncio.create_task(connection.write(), name="gateway writer"),
            asyncio.create_task(client.watch_heartbeats(), name="gateway heartbeat watch"),
        ]
        try:
            if request.query.get("v", "10") not in ("9", "10"):
                raise _CloseSocketError(4012, "Invalid API version.")
            if request.query.get("encoding", "json") != "json":
                raise _CloseSocketError(4002, "Error while decoding payload.")
            await client.run()
        except _CloseSocketError as closing:
            if closing.code not in (4000, 4007, 4009) and client.session is not None:
                self.end(client.session)
            await socket.close(code=closing.code, message=closing.reason.encode())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.connections.discard(connection)
            self._away(client.session, connection, socket.close_code)
        return socket

    def _away(self, session: Session | None, connection: Connection, code: int | None) -> None:
        if session is None or session.connection is not connection:
            return
        session.leave()
        # A client that says goodbye properly gives its session up. Source: "events/gateway".
        if code in (1000, 1001):
            self.end(session)
        self.log.add("disconnected", code=code)

    def end(self, session: Session) -> None:
        """Make a session impossible to resume."""
        session.ended = True
        self.sessions.pop(session.id, None)

    def close_all(self, code: int) -> None:
        """Close every socket with a code, as the server."""
        for connection in list(self.connections):
            connection.close(code)

    async def stop(self) -> None:
        """Close every socket and wait for that."""
        closing = [one.socket.close(code=1001) for one in list(self.connections)]
        await asyncio.gather(*closing, return_exceptions=True)

    def cut_all(self) -> None:
        """Break every connection without a goodbye."""
        for connection in list(self.connections):
            connection.cut()


class _Client:
    """The other end of one socket."""

    def __init__(self, gateway: Gateway, connection: Connection) -> None:
        self.gateway = gateway
        self.connection = connection
        self.session: Session | None = None
        self._sent: collections.deque[float] = collections.deque()

    async def run(self) -> None:
        self.connection.send_op(
            10, {"heartbeat_interval": self.gateway.heartbeat_interval_ms, "_trace": ["local"]}
        )
        async for frame in self.connection.socket:
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            message = self._read(frame.data)
            self._take(message["op"], message.get("d"))

    async def watch_heartbeats(self) -> None:
        """Close a client that stopped sending heartbeats (real time)."""
        while True:
            patience_s = self.gateway.heartbeat_interval_ms / 1000 * 1.5
            await asyncio.sleep(patience_s / 3)
            if time.monotonic() - self.connection.last_heartbeat > patience_s:
                self.connection.close(4009)
                return

    def _read(self, data: str | bytes) -> Json:
        now = time.monotonic()
        self._sent.append(now)
        while self._sent[0] < now - SEND_WINDOW_S:
            self._sent.popleft()
        if len(self._sent) > SEND_LIMIT:
            raise _CloseSocketError(4008, "You are being rate limited.")
        try:
            message = json.loads(data)
        except ValueError:
            message = None
        if len(data) > MAX_CLIENT_BYTES or not isinstance(message, dict):
            raise _CloseSocketError(4002, "Error while decoding payload.")
        if not isinstance(message.get("op"), int):
            raise _CloseSocketError(4001, "Unknown opcode.")
        return message

    def _take(self, op: int, data: object) -> None:
        if op == 1:
            self.connection.last_heartbeat = time.monotonic()
            self.connection.send_op(11)
        elif op == 2:
            self._identify(data)
        elif op == 6:
            self._resume(data)
        elif op in (3, 4, 8, 31):
            if self.session is None:
                raise _CloseSocketError(4003, "Not authenticated.")
            if op == 8:
                self._members(data)
        else:
            raise _CloseSocketError(4001, "Unknown opcode.")

    def _identify(self, data: object) -> None:
        gateway = self.gateway
        if self.session is not None:
            raise _CloseSocketError(4005, "Already authenticated.")
        if not isinstance(data, dict) or not isinstance(data.get("properties"), dict):
            raise _CloseSocketError(4002, "Error while decoding payload.")
        if data.get("token") != gateway.token or gateway.identifies_left <= 0:
            raise _CloseSocketError(4004, "Authentication failed.")
        session = Session(self._intents(data.get("intents")), _shard(data.get("shard")))
        gateway.identifies_left -= 1
        gateway.sessions[session.id] = session
        session.connection, self.session = self.connection, session
        guilds = [
            guild
            for guild in gateway.world.guilds.values()
            if guild.has_bot and session.serves(guild.id)
        ]
        session.dispatch("READY", self._ready(session, [guild.id for guild in guilds]))
        if session.wants(gs.GUILDS):
            everybody = session.wants(gs.GUILD_MEMBERS)
            for guild in guilds:
                created = guild_create_json(gateway.world, guild, all_members=everybody)
                session.dispatch("GUILD_CREATE", created)
        gateway.log.add("connected", session_id=session.id, intents=session.intents)

    def _intents(self, intents: object) -> int:
        if not isinstance(intents, int) or intents < 0 or intents & ~gs.KNOWN_INTENTS:
            raise _CloseSocketError(4013, "Invalid intent(s).")
        allowed = gs.MESSAGE_CONTENT if self.gateway.message_content_enabled else 0
        allowed |= gs.GUILD_MEMBERS if self.gateway.members_enabled else 0
        privileged = gs.MESSAGE_CONTENT | gs.GUILD_MEMBERS | gs.GUILD_PRESENCES
        if intents & privileged & ~allowed:
            raise _CloseSocketError(4014, "Disallowed intent(s).")
        return intents

    def _ready(self, session: Session, guild_ids: list[int]) -> Json:
        gateway = self.gateway
        empty = "relationships private_channels presences guild_join_requests"
        return {
            **{name: [] for name in empty.split()},
            "v": 10,
            "user": own_user_json(gateway.world.bot),
            "user_settings": {},
            "session_type": "normal",
            "session_id": session.id,
            "resume_gateway_url": gateway.url,
            "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
            "geo_ordered_rtc_regions": ["local"],
            "auth": {},
            "application": {"id": str(gateway.world.bot.id), "flags": gateway.app_flags},
            "_trace": ["local"],
            **({"shard": list(session.shard)} if session.shard else {}),
        }

    def _resume(self, data: object) -> None:
        if self.session is not None:
            raise _CloseSocketError(4005, "Already authenticated.")
        if not isinstance(data, dict) or data.get("token") != self.gateway.token:
            raise _CloseSocketError(4004, "Authentication failed.")
        session = self.gateway.sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        if session is None or not isinstance(seq, int) or not session.can_resume(seq):
            self.connection.send_op(9, False)
            return
        if seq > session.seq:
            raise _CloseSocketError(4007, "Invalid seq.")
        self.session = session
        session.replay(self.connection, seq)
        self.gateway.log.add("resumed", session_id=session.id)

    def _members(self, data: object) -> None:
        """Answer a request for members with the bot alone, which needs no privileged intent."""
        guild_id = int(data["guild_id"]) if isinstance(data, dict) else 0
        guild = self.gateway.world.guilds.get(guild_id)
        if guild is None or self.session is None:
            return
        everybody = self.session.wants(gs.GUILD_MEMBERS)
        full = guild_create_json(self.gateway.world, guild, all_members=everybody)
        chunk = {
            "guild_id": str(guild_id),
            "members": full["members"],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        if isinstance(data, dict) and data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        self.session.dispatch("GUILD_MEMBERS_CHUNK", chunk)


def _shard(shard: object) -> tuple[int, int] | None:
    if shard is None:
        return None
    if (
        isinstance(shard, list)
        and len(shard) == 2
        and all(isinstance(part, int) for part in shard)
        and 0 <= shard[0] < shard[1]
    ):
        return shard[0], shard[1]
    raise _CloseSocketError(4010, "Invalid shard.")
