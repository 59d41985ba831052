"""Words shared by the rooms of the local Discord."""

from typing import Any, Protocol

Json = dict[str, Any]
"""A JSON object as it goes over the wire."""

Ref = int | str
"""How a person names something: its id, the id as text, or its name."""


class Clock(Protocol):
    """Time as the playground sees it; may run faster than the wall clock."""

    def now(self) -> float:
        """UTC epoch seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        ...
