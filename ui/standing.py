"""How this address stands with Discord: refused requests are counted, before they bring a ban.

Discord shuts out an address for a while that was refused 10,000 times within ten minutes. Source:
"topics/rate-limits".
"""

from collections import deque
from types import SimpleNamespace

import aiohttp

from jobs.ports import Clock

WINDOW_S = 600.0
REFUSALS = frozenset({401, 403, 404, 429})
# From here on cards are not changed while a video is made; results still come.
LEAVE_OUT_PROGRESS_AT = 2_500
# From here on nothing is sent but answers to members; results wait.
STOP_AT = 5_000


class Standing:
    """Counts the refusals of the last ten minutes, of every request of one client."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused: deque[float] = deque(maxlen=STOP_AT)

    @property
    def refusals(self) -> int:
        """How many requests were refused in the last ten minutes; at most `STOP_AT` are counted."""
        oldest = self._clock.monotonic() - WINDOW_S
        while self._refused and self._refused[0] <= oldest:
            self._refused.popleft()
        return len(self._refused)

    def allows(self, *, is_progress: bool) -> bool:
        """Say whether a message may be sent or changed that no member waits for at once."""
        return self.refusals < (LEAVE_OUT_PROGRESS_AT if is_progress else STOP_AT)

    def watch(self, trace: aiohttp.TraceConfig) -> None:
        """Have every answer of Discord's reported here."""
        trace.on_request_end.append(self._ended)

    async def _ended(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestEndParams,
    ) -> None:
        if params.response.status in REFUSALS:
            self._refused.append(self._clock.monotonic())
