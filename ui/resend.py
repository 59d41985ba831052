"""Showing a made video to its requester again, privately, as it fits."""

import discord

from jobs.delivery import ROOMS_BYTES
from jobs.results import Results
from models import Job
from ui import cards

TOO_LARGE = 40005


async def resend(interaction: discord.Interaction, results: Results, job: Job) -> None:
    """Answer with the video: the file, a smaller copy, or a link; says when there is none."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild = interaction.guild
    room = interaction.filesize_limit
    if guild is not None:
        room = min(room, guild.filesize_limit)
    for room_bytes in (room, *(step for step in ROOMS_BYTES if step < room), 0):
        try:
            await _send(interaction, results, job, room_bytes)
        except discord.HTTPException as error:
            if error.status != 413 and error.code != TOO_LARGE:
                raise
        else:
            return


async def _send(
    interaction: discord.Interaction, results: Results, job: Job, room_bytes: int
) -> None:
    view = await results.view(job)
    video = await results.file(job, room_bytes) if room_bytes else await results.link(job)
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
        # An address may be longer than a message, but not than an embed.
        embed = discord.Embed(title=about, colour=cards.DONE)
        embed.description = f"The file does not fit here. NeuralBox keeps it{until}: <{video.link}>"
        await interaction.edit_original_response(embed=embed)
    else:
        await interaction.edit_original_response(content=f"{about}: {_nothing(job)}")


def _nothing(job: Job) -> str:
    if not job.state.is_final:
        return "it is not done yet. `/videos jobs` shows how it stands."
    if job.showing.hidden == "removed":
        return "it was taken down."
    if job.generation_id is not None:
        return "its video is not to be had just now, or not kept any more. Try again in a while."
    return "no video was made, and nothing was charged."
