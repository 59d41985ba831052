"""/help: what the bot does here, in short, with this host's actual prices and limits."""

from collections.abc import Mapping

import discord
from discord import app_commands
from discord.ext import commands

from config import LimitsConfig
from jobs.service import JobService
from models import LENGTHS_S
from ui.cards import SHAPES, WORKING, offer_line
from ui.places import asker, require_guild

FIELD_CHARS = 1024


class Help(commands.Cog):
    """Explain the bot in one private card."""

    def __init__(
        self, service: JobService, limits: LimitsConfig, command_ids: Mapping[str, int]
    ) -> None:
        self.service = service
        self.limits = limits
        self.command_ids = command_ids

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    async def help(self, interaction: discord.Interaction) -> None:
        """How to make a video here, what it costs and how long it takes."""
        require_guild(interaction)
        video = self.service.video
        embed = discord.Embed(title="How to make a video", colour=WORKING)
        embed.description = (
            f"Type {self._mention('video')} and say what the video should show. The price is held "
            "at once, charged when the video is done, and given back in full if there is none.\n\n"
            f"If you say nothing else, you get **{video.length_s} seconds**, "
            f"**{SHAPES[video.ratio]}**, with **{self.service.name_of(video.model)}**. "
            "Everything but the prompt is optional."
        )
        embed.add_field(
            name="A picture that moves",
            value=(
                f"Attach it to {self._mention('video')}; or right-click (on a phone: hold) a "
                "message with a picture → Apps → **Animate image**; or, unless this server "
                "switched it off, mention me with a picture and what should happen. The video "
                "takes the shape of the picture. "
                f"{self._mention('preferences pictures')} says who may animate yours."
            ),
            inline=False,
        )
        embed.add_field(
            name="Afterwards",
            value=(
                "Under each video: **Again** and **Edit** make a new one, **Continue** goes on "
                "from its last frame; whoever presses pays, at the price of a new video. **Info** "
                "tells everything, **Delete** takes it away and refunds nothing. "
                f"{self._mention('videos get')} brings a video of yours once more, "
                f"{self._mention('videos jobs')} shows what is on its way."
            ),
            inline=False,
        )
        heading = f"Models · price for {LENGTHS_S[0]} to {LENGTHS_S[-1]} seconds"
        embed.add_field(name=heading, value=self._models(), inline=False)
        embed.add_field(
            name="Limits",
            value=(
                f"At a time, up to {self.limits.in_flight_per_member} of your videos are made and "
                f"up to {self.limits.unfinished_per_member} may be unfinished in all. "
                f"A prompt has up to {video.max_prompt_chars:,} characters."
            ),
            inline=False,
        )
        if interaction.guild_id is not None:
            left = await self.service.left_tokens(asker(interaction).spender)
            if left is not None:
                embed.add_field(name="Left for you here", value=f"{left:,} tokens", inline=False)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    def _models(self) -> str:
        text = ""
        for offer in self.service.offers():
            line = f"{offer_line(offer)}\n"
            if len(text) + len(line) >= FIELD_CHARS:
                return f"{text}…"
            text += line
        return text or "None right now."

    def _mention(self, name: str) -> str:
        command_id = self.command_ids.get(name.partition(" ")[0])
        return f"</{name}:{command_id}>" if command_id else f"`/{name}`"
