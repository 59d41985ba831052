"""What the local NeuralBox asks of a clock."""

from typing import Protocol


class Clock(Protocol):
    """Time as the server sees it; all in seconds."""

    def now(self) -> float:
        """Return UTC epoch seconds."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Sleep on this clock."""
