"""New messages that may be out already, although no answer ever said so.

Discord forgets a nonce after a few minutes. Whoever sends a message once more after longer than
that (its answer was lost, and Discord then away, or the bot stopped) looks for the first one.
"""

from collections.abc import Callable, Mapping
from typing import Any

import discord
from discord.http import Route

# A message as Discord tells it; what strangers wrote need not be understood to be passed over.
Shown = Mapping[str, Any]
PAGE, MOST_PAGES = 100, 3


async def find_own(
    client: discord.Client, channel_id: int, newer_than: int, is_it: Callable[[Shown], bool]
) -> Shown | None:
    """Return the newest message of our own that is the one looked for, or None.

    One that is not younger than the id `newer_than` is not it: another database may have said the
    same before. Where the history may not be read nothing is found, and the sending tells more.
    """
    own = client.user.id if client.user else 0
    options: dict[str, Any] = {"limit": PAGE}
    for _ in range(MOST_PAGES):
        route = Route("GET", "/channels/{channel_id}/messages", channel_id=channel_id)
        try:
            page = await client.http.request(route, params=options)
        except discord.Forbidden:
            return None
        for message in page:
            if int(message["id"]) <= newer_than:
                return None
            if int(message["author"]["id"]) == own and is_it(message):
                return dict(message)
        if len(page) < PAGE:
            return None
        options["before"] = page[-1]["id"]
    return None


def pressable(message: Shown) -> list[str]:
    """Return the ids of a message's buttons."""
    rows = message.get("components") or []
    return [str(one.get("custom_id")) for row in rows for one in row.get("components", [])]


def told(message: Shown) -> list[tuple[str | None, str | None, str | None]]:
    """Return title, description and foot of a message's embeds."""
    return [
        (
            one.get("title"),
            one.get("description"),
            (one.get("footer") or {}).get("text"),
        )
        for one in message["embeds"]
    ]
