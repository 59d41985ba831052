"""Reply to a picture and mention the bot with a sentence: the picture moves.

Without the message-content intent Discord shows the bot only the message that mentions it, so a
picture in that very message will do, and one that is replied to gets a pointer to the menu.
"""

import logging
import re

import aiohttp
import discord
from discord.ext import commands

from errors import MissingPermissionsError, TooFastError, UserFacingError
from jobs.choices import Choices
from jobs.drafts import AskFirstError, Drafts
from jobs.orders import Orders, Person
from jobs.ports import Clock, nonce_of
from jobs.results import Results
from jobs.service import JobService
from jobs.sources import Source
from jobs.words import wish_in
from models import Asker, Order, Way
from storage.errors import DuplicateInteractionError
from ui import buttons, cards, drafts
from ui.attached import picture_files
from ui.errors import sentence
from ui.notes import NOTE_LIFE_S, PassingNotes
from ui.places import has_unplaced_roles, parent_of, require_permissions, role_ids
from ui.sources import pictures_in

log = logging.getLogger(__name__)

POINTER = (
    "I cannot see that picture from here. Right-click it (or hold it) → Apps → **Animate image**, "
    "or mention me in a message that carries the picture. Nothing was charged."
)
NO_PICTURE = (
    "Reply to a picture and mention me with what should happen, or type `/video`. Nothing was "
    "charged."
)


class Mention(commands.Cog):
    """Answer a mention that comes with a picture, or as a reply to one."""

    def __init__(
        self,
        service: JobService,
        orders: Orders,
        drafts: Drafts,
        results: Results,
        choices: Choices,
        notes: PassingNotes,
        clock: Clock,
    ) -> None:
        self.service, self.orders, self.drafts, self.results = service, orders, drafts, results
        self.choices, self.notes, self.clock = choices, notes, clock
        self._told: dict[tuple[int, int], float] = {}

    async def cog_unload(self) -> None:
        """Leave no task behind."""
        self.notes.stop()

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        """Take back what an earlier process left standing."""
        await self.notes.sweep()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Take a mention by a member of a guild; everything else is none of our business."""
        guild, author = message.guild, message.author
        if guild is None or guild.me is None or author.bot or message.webhook_id is not None:
            return
        mention = re.compile(rf"<@!?{guild.me.id}>")
        # A reply with ping to one of our cards mentions us as well, but says nothing to us.
        if not isinstance(author, discord.Member) or not mention.search(message.content):
            return
        if not message.channel.permissions_for(author).use_application_commands:
            return  # where members may not use commands, they may not by this road either
        if not (await self.choices.of_guild(guild.id)).mentions:
            return
        try:
            await self._take(message, author, mention.sub(" ", message.content))
        except DuplicateInteractionError:
            return  # the gateway replayed it after a resume
        except MissingPermissionsError as error:
            log.info("a mention in %d goes unanswered: %s", message.channel.id, error)
        except TooFastError as error:
            if self._may_tell_pace(message.channel.id, author.id):
                await self.notes.leave(message, str(error))
        except AskFirstError as asking:
            under, until = drafts.beneath(asking), asking.ends_at
            await self.notes.leave(message, drafts.text(asking), under, until)
        except UserFacingError as error:
            await self.notes.leave(message, str(error))
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("a mention could not be answered: %s", error)
        except Exception as error:
            await self.notes.leave(message, sentence(error))

    async def _take(self, message: discord.Message, author: discord.Member, text: str) -> None:
        guild_id = author.guild.id
        is_thread = isinstance(message.channel, discord.Thread)
        require_permissions(message.channel.permissions_for(author.guild.me), is_thread=is_thread)
        self.service.admit(guild_id, author.id)
        source = await self._source(message)
        if source is None:
            await self.notes.leave(message, POINTER if message.reference else NO_PICTURE)
            return
        rights = message.channel.permissions_for(author)
        person = Person(
            guild_id,
            message.channel.id,
            author.id,
            rights.manage_messages,
            parent_of(message.channel),
        )
        order = await self.orders.fresh(person, wish_in(text), source, Way.MENTION)
        await self._promise(message, author, order)

    async def _source(self, message: discord.Message) -> Source | None:
        """Return the picture meant: of the message itself, else of the one it replies to."""
        if own := [one for one in pictures_in(message) if "/emojis/" not in one.url]:
            return own[0]
        if message.reference is None:
            return None
        replied_to = message.reference.resolved
        if not isinstance(replied_to, discord.Message):
            return None
        job = None
        if message.guild and replied_to.author.id == message.guild.me.id:
            job = await self.results.find_by_message(message.guild.id, replied_to.id)
            if job is None:
                return None  # a note of ours: whose picture it shows is not known any more
        found = pictures_in(replied_to, job)
        return found[0] if found else None

    async def _promise(
        self, message: discord.Message, author: discord.Member, order: Order
    ) -> None:
        asked_by = Asker(
            interaction_id=message.id,
            interaction_token="",
            guild_id=author.guild.id,
            channel_id=message.channel.id,
            user_id=author.id,
            upload_limit_bytes=author.guild.filesize_limit,
            role_ids=role_ids(author),
            has_unplaced_roles=has_unplaced_roles(author),
            parent_id=parent_of(message.channel),
        )
        reservation = await self.drafts.reserve(asked_by, order)
        job_id = reservation.job.id
        view = self.service.first_view(reservation)
        try:
            card = await message.channel.send(
                embed=cards.card(view),
                files=picture_files(view),
                view=buttons.beneath(view) or discord.utils.MISSING,
                reference=message.to_reference(fail_if_not_exists=False),
                nonce=nonce_of(reservation.job, "card"),
                allowed_mentions=discord.AllowedMentions.none(),
            )
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("job %d: its card may be lost: %s", job_id, error)
            await self.service.abandon(job_id, tell=True)
            return
        await self.service.enqueue(job_id, message.channel.id, card.id)

    def _may_tell_pace(self, channel_id: int, user_id: int) -> bool:
        """Say whether to note that somebody is too fast; for each time it would fill the channel.

        True once while such a note stands.
        """
        now = self.clock.monotonic()
        self._told = {whom: until for whom, until in self._told.items() if until > now}
        if (channel_id, user_id) in self._told:
            return False
        self._told[channel_id, user_id] = now + NOTE_LIFE_S
        return True
