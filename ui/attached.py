"""The files of a card: the start picture, shown in its embed, and the video beside it.

Discord does not list a file that an embed shows, so the picture cannot be kept by its id: whenever
the files of a card are named anew, it is sent along again.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import discord

from jobs.ports import JobView
from ui import cards


def start_files(view: JobView) -> list[discord.File]:
    """Return the start picture, where there is one."""
    if view.picture is None:
        return []
    return [
        discord.File(
            # Read at once: not every way of sending closes the files it is given.
            io.BytesIO(view.picture.read_bytes()),
            filename=cards.picture_name(view, view.picture.suffix),
            description="The picture this video starts from",
        )
    ]


@contextmanager
def closing(files: list[discord.File]) -> Iterator[list[discord.File]]:
    """Close files at the end, also those that were never sent: sending alone closes them."""
    try:
        yield files
    finally:
        for file in files:
            file.close()


def picture_files(view: JobView) -> list[discord.File]:
    """Return the start picture for the card, which may be one that does not show it."""
    return start_files(view) if cards.shows_picture(view) else []


def videos_on(message: discord.Message) -> list[discord.Attachment]:
    """Return the files on a message of ours but the start picture."""
    return [one for one in message.attachments if not cards.is_picture_name(one.filename)]


def picture_url(message: discord.Message) -> str | None:
    """Return where the start picture on a message of ours is: among its files or in its embed."""
    urls = [one.url for one in message.attachments if cards.is_picture_name(one.filename)]
    urls += [embed.thumbnail.url for embed in message.embeds if embed.thumbnail.url]
    names = ((url, urlsplit(url).path.rpartition("/")[2]) for url in urls)
    return next((url for url, name in names if cards.is_picture_name(name)), None)
