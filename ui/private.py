"""Cards that one member alone sees: reached through the interaction's token while that lives, and
stood in for by a direct message afterwards, since nobody can edit them by their ids.
"""

from typing import Any

import discord

from jobs.ports import JobView, PlaceGoneError
from ui import buttons, cards
from ui.attached import picture_files, picture_url

NOBODY = discord.AllowedMentions.none()
# Unknown message, unknown webhook, invalid token: the private card is out of reach.
OUT_OF_REACH = frozenset({10008, 10015, 50027})


async def edit(client: discord.Client, view: JobView, files: list[discord.File] | None) -> None:
    """Edit the private card; `files` come beside the start picture, None leaves all as it is."""
    hook, message_id = _reach(client, view)
    kept: list[discord.Attachment] = []
    if files is None and view.job.showing.hidden is None:
        shown = await hook.fetch_message(message_id)
        kept = [one for one in shown.attachments if not cards.is_picture_name(one.filename)]
    for one in kept:
        one.description = cards.alt_text(view)
    await hook.edit_message(
        message_id,
        embed=cards.card(view),
        attachments=[*picture_files(view), *kept, *(files or [])],
        view=buttons.beneath(view),
        allowed_mentions=NOBODY,
    )


async def picture_link(client: discord.Client, view: JobView) -> str:
    """Return the address of the start picture on the private card, or of one sent in a DM."""
    if view.token is not None:
        hook, message_id = _reach(client, view)
        try:
            shown = await hook.fetch_message(message_id)
        except discord.HTTPException as error:
            if error.code not in OUT_OF_REACH:
                raise
        else:
            if url := picture_url(shown):
                return url
    if view.picture is None:
        raise PlaceGoneError("the picture is neither on the card nor kept")
    message = await _dm(
        client,
        view,
        content="The picture that your private video starts from; NeuralBox fetches it from here.",
        files=picture_files(view),
        nonce=f"reelbox-start-{view.job.id}",
    )
    return message.attachments[0].url


async def finish(
    client: discord.Client, view: JobView, files: list[discord.File], nonce: str
) -> None:
    """Show a private result on its card, or in a direct message when that is out of reach."""
    if view.token is not None:
        try:
            await edit(client, view, files)
        except discord.HTTPException as error:
            if error.code not in OUT_OF_REACH:
                raise
            for file in files:
                file.reset()
        else:
            return
    embed = cards.result(view)
    embed.set_thumbnail(url=None)
    await _dm(client, view, embed=embed, files=files, nonce=nonce)


def _reach(client: discord.Client, view: JobView) -> tuple[discord.Webhook, int]:
    """Return what edits the answers of an interaction, and the private card's id."""
    application_id = client.application_id or 0
    hook = discord.Webhook.partial(application_id, view.token or "", client=client)
    return hook, view.job.message_id or 0


async def _dm(client: discord.Client, view: JobView, **message: Any) -> discord.Message:
    channel = await client.create_dm(discord.Object(view.job.user_id))
    return await channel.send(**message, allowed_mentions=NOBODY)
