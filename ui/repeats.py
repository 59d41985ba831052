"""New messages that may be out already, although no answer ever said so.

Discord forgets a nonce after a few minutes. Whoever sends a message once more after longer than
that (its answer was lost, and Discord then away, or the bot stopped) looks for the first one.
Without the right to read the place's history nothing is found, and it is sent again.
"""

from collections.abc import Callable

import discord

# As many as one request brings. While Discord is away nobody writes, so more would find no more.
LOOK_BACK = 100


async def find_own(
    client: discord.Client,
    channel: discord.abc.Messageable,
    is_it: Callable[[discord.Message], bool],
) -> discord.Message | None:
    """Return the newest message of our own in a channel that is the one looked for, or None."""
    own = client.user.id if client.user else 0
    async for message in channel.history(limit=LOOK_BACK):
        if message.author.id == own and is_it(message):
            return message
    return None
