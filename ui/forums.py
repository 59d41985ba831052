"""Results as posts of a forum: one post for each job, found again by its name.

Opening a post takes no nonce, so the forum's open posts are looked through before. It is opened
with words alone and then edited like any message, so that each step may be repeated.
"""

import discord
from discord.http import Route

from jobs.ports import JobView
from ui import cards

NAME_CHARS = 100


async def open_post(client: discord.Client, forum: discord.ForumChannel, view: JobView) -> int:
    """Return the job's post, opened if it is not there; its first message has the same id."""
    prefix = f"Job {view.job.id} · "
    for post in await forum.guild.active_threads():
        is_ours = post.owner_id == forum.guild.me.id and post.parent_id == forum.id
        if is_ours and post.name.startswith(prefix):
            return post.id
    prompt = " ".join(view.job.request.prompt.split())
    embed = cards.result(view)
    embed.set_thumbnail(url=None)
    # The library's own call adds a query that Discord does not describe.
    made = await client.http.request(
        Route("POST", "/channels/{channel_id}/threads", channel_id=forum.id),
        json={
            "name": f"{prefix}{prompt}"[:NAME_CHARS],
            "message": {"embeds": [embed.to_dict()], "allowed_mentions": {"parse": []}},
        },
    )
    return int(made["id"])
