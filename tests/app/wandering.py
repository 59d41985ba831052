"""A clock that somebody sets anew while the bot runs."""

from jobs.ports import Clock


class Wandering:
    """The bot's clock, wrong by so many seconds; waiting is not touched by that."""

    def __init__(self, true: Clock) -> None:
        self._true = true
        self.wrong_by_s = 0.0

    def now(self) -> float:
        """UTC epoch seconds, as the bot believes."""
        return self._true.now() + self.wrong_by_s

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._true.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await self._true.sleep(seconds)
