"""Everything the parts of the local NeuralBox share."""

import asyncio
import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playground.neuralbox.allowance import Allowance
from playground.neuralbox.books import Books, Purse
from playground.neuralbox.catalogue import BoxModel, Catalogue
from playground.neuralbox.fate import Fate, draw
from playground.neuralbox.faults import Fault
from playground.neuralbox.profile import Profile
from playground.neuralbox.protocols import Clock
from playground.neuralbox.switches import Switches

_API_ADDRESS = re.compile(r"/api/v\d+/(webhooks|interactions|channels)/")


@dataclass(slots=True)
class SeenRequest:
    """One request as it came in.

    `path` starts below the API's base; `json` is None without a JSON body; `at` is clock time;
    `status` stays None while nothing is answered, and for good when the answer was withheld.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any
    at: float
    status: int | None = None


@dataclass(slots=True)
class _Waiting:
    fault: Fault
    left: int | None


class Script:
    """Faults that wait for their requests."""

    def __init__(self) -> None:
        self._queue: deque[_Waiting] = deque()

    def add(self, faults: tuple[Fault, ...]) -> None:
        """Queue faults behind those that still wait."""
        self._queue.extend(_Waiting(fault, fault.times) for fault in faults)

    def take(self, method: str, path: str, body: object) -> Fault | None:
        """Return the first fault for this request, and use it up by one."""
        for waiting in self._queue:
            if not waiting.fault.on.fits(method, path, body):
                continue
            if waiting.left is not None:
                waiting.left -= 1
                if waiting.left <= 0:
                    self._queue.remove(waiting)
            return waiting.fault
        return None

    def clear(self) -> None:
        """Drop every fault that still waits."""
        self._queue.clear()

    def __len__(self) -> int:
        return len(self._queue)


@dataclass(slots=True)
class World:
    """The account, the catalogue, the clock, the script: one of each, shared by all parts."""

    clock: Clock
    profile: Profile
    key: str
    media_scale: float
    seed: int
    catalogue: Catalogue = field(default_factory=Catalogue)
    switches: Switches = field(default_factory=Switches)
    script: Script = field(default_factory=Script)
    requests: list[SeenRequest] = field(default_factory=list)
    file_requests: list[SeenRequest] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    origin: str = ""
    skew_s: float = 0.0  # how far this server's idea of the time is off
    wait_scale: float = 1.0
    allowance: Allowance = field(init=False)
    books: Books = field(init=False)
    luck: random.Random = field(init=False)
    draw_fate: Callable[[BoxModel], Fate] = field(init=False)
    _change: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.allowance = Allowance(self.clock, self.profile, self.switches)
        self.books = Books(Purse(self.profile.balance, self.profile.bonus), self.seed)
        self.luck = random.Random(self.seed)
        self.draw_fate = self._published_fate

    def look_for_secrets(self, seen: SeenRequest, text: str) -> None:
        """Note a request whose text tells what nobody may be told: a secret, or an API's address.

        Addresses below a Discord API stand for whoever holds a token, or have one in them.
        """
        told = [secret for secret in {*self.secrets, self.key} if secret in text]
        if told or _API_ADDRESS.search(text):
            self.leaks.append(f"{seen.method} {seen.path}")

    def touch(self) -> None:
        """Tell those who wait that something is different: a request, an end, a switch."""
        self._change.set()
        self._change = asyncio.Event()

    async def changed(self) -> None:
        """Wait for the next difference."""
        await self._change.wait()

    def stamp(self, at: float) -> str:
        """Return a time as answers show it: UTC, whole seconds, by the server's own clock."""
        return datetime.fromtimestamp(int(at + self.skew_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _published_fate(self, model: BoxModel) -> Fate:
        return draw(model, self.luck, realistic=self.profile.realistic)
