"""Any exception of a command, once, as a private sentence; the rest is in the log."""

import logging
import secrets

import aiohttp
import discord
from discord import app_commands

from errors import UserFacingError
from storage.errors import DatabaseLostError, DuplicateInteractionError
from ui.rivals import Rivals

log = logging.getLogger(__name__)

# Nothing definite: whether the last commit is there is known only after the new start.
LOST = (
    "The disk on our side failed, so I start anew and look at what was kept. If a card with a job "
    "number appeared, it will still be finished; otherwise please ask again in a minute."
)


def sentence(error: BaseException) -> str:
    """Return what the member is told. What nobody foresaw becomes a reference into the log."""
    original = getattr(error, "original", error)
    if isinstance(original, UserFacingError):
        return str(original)
    if isinstance(error, app_commands.CheckFailure):
        return "You may not use this command here. Nothing was charged."
    if isinstance(original, app_commands.TransformerError):
        return "One of the options has a form I do not understand. Nothing was charged."
    if isinstance(original, DatabaseLostError):
        return LOST
    if isinstance(error, app_commands.CommandSignatureMismatch | app_commands.CommandNotFound):
        return (
            "This command has changed since your Discord loaded it. Nothing was charged. Please "
            "reload Discord and try again."
        )
    reference = secrets.token_hex(4)
    log.error("unforeseen, reference %s", reference, exc_info=original)
    return (
        f"Something went wrong on our side (reference `{reference}`). If a card with a job number "
        "appeared, it will still be finished; otherwise nothing was charged. Please try again."
    )


async def tell(interaction: discord.Interaction, error: BaseException) -> None:
    """Show the sentence to the member alone, as the interaction's answer or after it."""
    original = getattr(error, "original", error)
    if isinstance(original, DuplicateInteractionError):
        return  # the gateway handed it over twice, and the first one answers
    rivals = getattr(interaction.client, "rivals", None)
    if isinstance(rivals, Rivals) and rivals.has(interaction.id, original):
        return
    await say(interaction, sentence(error))


async def say(
    interaction: discord.Interaction, text: str, under: discord.ui.View = discord.utils.MISSING
) -> None:
    """Say something to the member alone, with buttons `under` it or without."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, view=under, ephemeral=True)
        else:
            await interaction.response.send_message(text, view=under, ephemeral=True)
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as failure:
        log.warning("a refusal could not be shown: %r", failure)
