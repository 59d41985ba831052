"""Answers that only whoever asked can see."""

import discord

from ui.text import NOBODY


async def answer(interaction: discord.Interaction, text: str) -> None:
    """Tell whoever asked, privately; nobody named in it is notified."""
    await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
