"""Cards that one member alone sees: reached through the interaction's token while that lives, and
stood in for by a direct message afterwards, since nobody can edit them by their ids.
"""

import logging
from typing import Any

import discord

from jobs.ports import JobView, NotNowError, PlaceGoneError, nonce_of
from ui import buttons, cards
from ui.attached import picture_files, picture_url, videos_on
from ui.repeats import find_own, told
from ui.text import NOBODY

log = logging.getLogger(__name__)

# Unknown message, unknown webhook, invalid token: the private card is out of reach.
OUT_OF_REACH = frozenset({10008, 10015, 50027})


async def edit(client: discord.Client, view: JobView, files: list[discord.File] | None) -> None:
    """Edit the private card; `files` come beside the start picture, None leaves the video as it is.

    While the video is being made no file is named: a picture that is sent along again becomes
    another file, and the vendor may still be fetching the one before.
    """
    hook, message_id = _reach(client, view)
    if view.stage != "final":
        await _say(hook, message_id, view)
        return
    kept: list[discord.Attachment] = []
    if files is None and view.job.showing.hidden is None:
        kept = videos_on(await hook.fetch_message(message_id))
    for one in kept:
        one.description = cards.alt_text(view)
    await hook.edit_message(
        message_id,
        embed=cards.card(view),
        attachments=[*picture_files(view), *kept, *(files or [])],
        view=buttons.beneath(view),
        allowed_mentions=NOBODY,
    )


async def _say(hook: discord.Webhook, message_id: int, view: JobView) -> None:
    """Tell how it stands, to a card that may be out of reach: it was only a progress then."""
    try:
        await hook.edit_message(
            message_id,
            embed=cards.card(view),
            view=buttons.beneath(view),
            allowed_mentions=NOBODY,
        )
    except discord.HTTPException as error:
        if error.code not in OUT_OF_REACH:
            raise
        log.info("job %d: its private card is out of reach", view.job.id)


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
    # Not looked for: a second one does no harm, and another video's picture would.
    message = await _dm(
        client,
        view,
        content="The picture that your private video starts from; NeuralBox fetches it from here.",
        files=picture_files(view),
        nonce=nonce_of(view.job, "start"),
    )
    return message.attachments[0].url


async def finish(
    client: discord.Client, view: JobView, files: list[discord.File], nonce: str
) -> None:
    """Show a private result on its card, or in a direct message when that is out of reach."""
    if await _is_in_reach(client, view):
        try:
            await edit(client, view, files)
        except discord.HTTPException as error:
            if error.code not in OUT_OF_REACH:
                raise
            # It was lost this very moment, and the try has closed the files.
            raise NotNowError(str(error)) from error
        return
    if view.job.showing.hidden is not None:
        return  # nothing to show, and nobody to tell
    embed = cards.result(view)
    embed.set_thumbnail(url=None)
    words = (embed.title, embed.description, embed.footer.text)
    if view.may_be_out:
        channel = await client.create_dm(discord.Object(view.job.user_id))
        since = view.job.interaction_id
        if await find_own(client, channel.id, since, lambda one: words in told(one)):
            return
    await _dm(client, view, embed=embed, files=files, nonce=nonce)


async def _is_in_reach(client: discord.Client, view: JobView) -> bool:
    """Say whether the private card can still be edited."""
    if view.token is None:
        return False
    hook, message_id = _reach(client, view)
    try:
        await hook.fetch_message(message_id)
    except discord.HTTPException as error:
        if error.code not in OUT_OF_REACH:
            raise
        return False
    return True


def _reach(client: discord.Client, view: JobView) -> tuple[discord.Webhook, int]:
    """Return what edits the answers of an interaction, and the private card's id."""
    application_id = client.application_id or 0
    hook = discord.Webhook.partial(application_id, view.token or "", client=client)
    return hook, view.job.message_id or 0


async def _dm(client: discord.Client, view: JobView, **message: Any) -> discord.Message:
    channel = await client.create_dm(discord.Object(view.job.user_id))
    return await channel.send(**message, allowed_mentions=NOBODY)
