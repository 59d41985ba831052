"""A local Discord: REST, Gateway and file store on 127.0.0.1, driven by a person's actions."""

from playground.discord.client_rules import NotPossibleError
from playground.discord.errors import ApiError
from playground.discord.events import Event
from playground.discord.faults import Fault, fault
from playground.discord.interactions import Answer, Interaction
from playground.discord.server import LocalDiscord
from playground.discord.world import Attachment, Channel, ChannelKind, Guild, Member, Message, User

__all__ = [
    "Answer",
    "ApiError",
    "Attachment",
    "Channel",
    "ChannelKind",
    "Event",
    "Fault",
    "Guild",
    "Interaction",
    "LocalDiscord",
    "Member",
    "Message",
    "NotPossibleError",
    "User",
    "fault",
]
