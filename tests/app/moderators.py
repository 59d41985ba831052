"""Dear videos and the request about one, in one call each, for the tests of approvals."""

from models import State
from playground.discord.interactions import Answer
from playground.discord.world import Message
from storage import approvals, notices, spending
from storage.approvals import Approval
from tests.rig import Rig

ABOVE = "50"
MODEL = "kling-v2.1"


async def choose(rig: Rig, **values: str | None) -> None:
    assert rig.app is not None
    for key, value in values.items():
        await rig.app.db.write(spending.put, rig.guild_id, key, value)


def general(rig: Rig) -> int:
    return rig.discord.world.channel("general", rig.discord.world.guild(None)).id


def request(rig: Rig) -> Message:
    """Return the one request in the moderators' channel."""
    [message] = [one for one in rig.discord.messages(general(rig)) if one.author.bot]
    return message


def is_asked(rig: Rig) -> bool:
    return any(one.author.bot for one in rig.discord.messages(general(rig)))


async def asked(rig: Rig, member: str = "Ben", prompt: str = "a dear boat") -> Message:
    """Ask for 88 tokens' worth; return the card, with the request out as well."""
    card = await rig.card(prompt, model=MODEL, length=10, member=member)
    await rig.eventually(lambda: is_asked(rig) and rig.job_of(card).state is State.QUEUED)
    await rig.eventually(lambda: notice(rig).message_id is not None)
    return card


def notice(rig: Rig) -> notices.Notice:
    sql = "SELECT guild_id, mark FROM notice WHERE kind = 'approval'"
    [(guild_id, mark)] = rig.read(lambda tx: tx.execute(sql).fetchall())
    found = rig.read(lambda tx: notices.find(tx, guild_id, mark))
    assert found is not None
    return found


def approval(rig: Rig, card: Message) -> Approval:
    job_id = rig.job_of(card).id
    found = rig.read(lambda tx: approvals.find(tx, job_id))
    assert found is not None
    return found


def labels(message: Message) -> list[str]:
    return [part["label"] for row in message.components for part in row["components"]]


def title(message: Message) -> str:
    return str(message.embeds[0]["title"])


async def deny(rig: Rig, reason: str, member: str = "Ada") -> Answer:
    [button] = [b for b in request(rig).components[0]["components"] if b["label"] == "Deny"]
    opened = await rig.discord.press(request(rig), button["custom_id"], member=member)
    first = await opened.answer()
    if first.modal is None:
        return first
    sent = await rig.discord.submit_modal(opened, {"reason": reason})
    return await sent.answer()


async def told(rig: Rig, state: str) -> Message:
    """Wait until the request says what became of it, and return it; its buttons are gone."""
    await rig.eventually(lambda: notice(rig).body["state"] == state)
    await rig.eventually(lambda: not request(rig).components)
    return request(rig)
