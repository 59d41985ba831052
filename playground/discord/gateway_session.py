"""One gateway session: what was sent to it, so that it can be taken up again after a cut."""

import asyncio
import collections
import contextlib
import json
import secrets
import time
import zlib

from aiohttp import web

from playground.discord.types import Json

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_MESSAGE_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_MESSAGE_TYPING = 1 << 14
MESSAGE_CONTENT = 1 << 15
# Bits that mean nothing: 17 to 19, 22, 23, and everything above the poll votes.
KNOWN_INTENTS = 0b11_0011_1111_1111_1111_1111_1111 & ~(0b111 << 17) & ~(0b11 << 22)

# Events kept for a session that is away, and how long (real time) it may stay away.
KEPT_EVENTS = 5_000
RESUMABLE_S = 300.0


class Connection:
    """One socket: text frames, or binary ones of a single zlib stream."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        *,
        compressed: bool,
    ) -> None:
        self.socket = socket
        self._transport = transport
        self.last_heartbeat = time.monotonic()
        self._zlib = zlib.compressobj() if compressed else None
        self._queue: asyncio.Queue[str | int] = asyncio.Queue()

    def send(self, text: str) -> None:
        """Queue one message. Nobody waits for a client that reads slowly."""
        self._queue.put_nowait(text)

    def send_op(self, op: int, data: object = None) -> None:
        self.send(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def close(self, code: int) -> None:
        """Queue a close code, behind what is still to be sent."""
        self._queue.put_nowait(code)

    async def write(self) -> None:
        """Send what is queued, in order, until the socket is gone."""
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._queue.get()
                if isinstance(item, int):
                    await self.socket.close(code=item)
                    return
                if self._zlib is None:
                    await self.socket.send_str(item)
                else:
                    data = self._zlib.compress(item.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(data)

    def cut(self) -> None:
        """Break the connection without a goodbye."""
        if self._transport is not None:
            self._transport.abort()


class Session:
    """What one IDENTIFY began. `connection` is None while its socket is away."""

    def __init__(self, intents: int, shard: tuple[int, int] | None) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.seq = 0
        self.connection: Connection | None = None
        self.away_since: float | None = None
        self.ended = False
        self._kept: collections.deque[tuple[int, str]] = collections.deque(maxlen=KEPT_EVENTS)

    def wants(self, intent: int) -> bool:
        """Tell whether any of these intents was asked for (0: everybody gets it)."""
        return not intent or bool(self.intents & intent)

    def serves(self, guild_id: int | None) -> bool:
        """Tell whether a guild belongs to this shard; direct messages go to shard 0."""
        if self.shard is None:
            return True
        return self.shard[0] == ((guild_id or 0) >> 22) % self.shard[1]

    def dispatch(self, name: str, data: Json) -> None:
        """Number an event, keep it, and send it if the socket is there."""
        self.seq += 1
        text = json.dumps({"op": 0, "s": self.seq, "t": name, "d": data}, separators=(",", ":"))
        self._kept.append((self.seq, text))
        if self.connection is not None:
            self.connection.send(text)

    def can_resume(self, seq: int) -> bool:
        if self.ended or (
            self.away_since is not None and time.monotonic() - self.away_since > RESUMABLE_S
        ):
            return False
        return not self._kept or seq >= self._kept[0][0] - 1

    def replay(self, connection: Connection, seq: int) -> None:
        """Send what came after `seq`, then RESUMED, and be live on this connection."""
        for number, text in self._kept:
            if number > seq:
                connection.send(text)
        self.connection, self.away_since = connection, None
        self.dispatch("RESUMED", {})

    def leave(self) -> None:
        """Note that the socket is gone."""
        self.connection, self.away_since = None, time.monotonic()
