"""Showing a made video to its requester again, privately, as it fits."""

import discord

from jobs.results import Results
from models import Job
from ui import cards


async def resend(interaction: discord.Interaction, results: Results, job: Job) -> None:
    """Answer with the video: the file, a smaller copy, or a link; says when there is none."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild = interaction.guild
    room = interaction.filesize_limit
    if guild is not None:
        room = min(room, guild.filesize_limit)
    try:
        await _send(interaction, results, job, room)
    except discord.HTTPException as error:
        if error.status != 413 and error.code != 40005:
            raise
        await _send(interaction, results, job, 0)


async def _send(
    interaction: discord.Interaction, results: Results, job: Job, room_bytes: int
) -> None:
    view = await results.view(job)
    video = await results.file(job, room_bytes)
    about = f"Job {job.id}"
    if video.file is not None:
        about += " · a smaller copy" if video.full_bytes else ""
        file = discord.File(
            video.file,
            filename=cards.file_name(view, video.file.suffix),
            description=cards.alt_text(view),
        )
        await interaction.edit_original_response(content=about, attachments=[file])
    elif video.link is not None:
        until = f" at least until <t:{view.link_until}:f>" if view.link_until else ""
        await interaction.edit_original_response(
            content=f"{about}: the file does not fit here. NeuralBox keeps it{until}: "
            f"<{video.link}>"
        )
    else:
        await interaction.edit_original_response(
            content=f"{about}: there is no video to show. "
            + (
                "It is not kept any more."
                if job.generation_id is not None
                else "None was made, and it was not charged."
            )
        )
