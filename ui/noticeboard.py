"""What a guild's admins and moderators are told in a channel of theirs, each kind from its body."""

import asyncio
from collections.abc import Container
from typing import Any

import discord

from storage.notices import Notice
from ui.buttons import Style, button, inert
from ui.cards import DONE, ENDED, SHAPES, WORKING
from ui.connection import connected
from ui.repeats import Shown, find_own, pressable, told
from ui.router import control_id
from ui.standing import Standing
from ui.text import NOBODY, block, inline, tokens

PROMPT_CHARS, REASON_CHARS, TEXT_CHARS = 1000, 400, 2000
TITLES = {
    "waiting": "May this video be made?",
    "approved": "This video was approved",
    "smaller": "A smaller video was approved",
    "denied": "This video was denied",
    "lapsed": "Nobody decided in time",
    "cancelled": "This video was called off",
}
# What tells a request for approval from its job's card, which bears the same number.
REQUESTS = frozenset(TITLES.values())


class DiscordNoticeBoard:
    """Implements the port that notices are brought through."""

    def __init__(
        self, client: discord.Client, logged_in: asyncio.Event, standing: Standing
    ) -> None:
        self._client = client
        self._logged_in, self._standing = logged_in, standing

    async def post(self, notice: Notice, taken: Container[int] | None) -> int:
        """Post it; a message that was out already is brought to what the notice says now."""
        async with connected(self._logged_in, self._standing):
            embed, channel = render(notice), self._channel(notice)
            if taken is not None:

                def is_it(message: Shown) -> bool:
                    return int(message["id"]) not in taken and _is_of(notice, embed, message)

                found = await find_own(self._client, notice.channel_id, 0, is_it)
                if found is not None:
                    out = channel.get_partial_message(int(found["id"]))
                    await out.edit(embed=embed, view=beneath(notice), allowed_mentions=NOBODY)
                    return out.id
            message = await channel.send(
                embed=embed,
                view=beneath(notice) or discord.utils.MISSING,
                nonce=notice.nonce,
                allowed_mentions=NOBODY,
            )
            shown = message.embeds[0] if message.embeds else None
            if shown is None or (shown.title, shown.description) != (
                embed.title,
                embed.description,
            ):
                await message.edit(embed=embed, view=beneath(notice), allowed_mentions=NOBODY)
            return message.id

    async def edit(self, notice: Notice) -> None:
        """Edit the message; buttons that are of no use any more go."""
        async with connected(self._logged_in, self._standing):
            message = self._channel(notice).get_partial_message(notice.message_id or 0)
            await message.edit(embed=render(notice), view=beneath(notice), allowed_mentions=NOBODY)

    def _channel(self, notice: Notice) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(notice.channel_id, guild_id=notice.guild_id)


def _is_of(notice: Notice, embed: discord.Embed, message: Shown) -> bool:
    """Say whether a message is this notice, perhaps as it was before something came of it.

    Another database in the same channel may have said the same; what a button carries tells.
    """
    ids = pressable(message)
    if notice.kind == "approval":
        return control_id("deny", notice.body["public_id"]) in ids
    if notice.kind == "brake" and ids:
        return control_id("undo", notice.body["halt"]) in ids
    return told(message) == [(embed.title, embed.description, embed.footer.text)]


def render(notice: Notice) -> discord.Embed:
    """Return what a notice says. Names of members in it notify nobody."""
    if notice.kind == "approval":
        return _approval(notice.body)
    say = {"warning": _warning, "brake": _brake, "change": _change}[notice.kind]
    colour = WORKING if notice.kind == "change" else ENDED
    return discord.Embed(description=say(notice.body), colour=colour)


def beneath(notice: Notice) -> discord.ui.View | None:
    """Return a notice's buttons, or None when there is nothing to press."""
    body = notice.body
    if notice.kind == "brake" and "lifted_by" not in body:
        return inert([button(control_id("undo", body["halt"]), "Undo", Style.secondary)])
    if notice.kind != "approval" or body["state"] != "waiting":
        return None
    job = body["public_id"]
    buttons = [
        button(control_id("approve", job), f"Approve · {body['tokens']:,}", Style.success),
        button(control_id("deny", job), "Deny", Style.danger),
    ]
    if smaller := body["smaller"]:
        label = f"Approve smaller · {smaller['tokens']:,}"
        buttons.append(button(control_id("smaller", job), label, Style.secondary))
    return inert(buttons)


def _warning(body: dict[str, Any]) -> str:
    apart = []
    if body["held"]:
        apart.append(f"{body['held']:,} of them held for videos under way")
    if set_aside := body.get("set_aside"):
        apart.append(f"{set_aside:,} set aside in pots")
    aside = f" ({', '.join(apart)})" if apart else ""
    resets = f" It begins anew <t:{body['resets_at']}:R>." if body["resets_at"] else ""
    return (
        f"**{body['percent']} % of this server's budget is used**: {body['used']:,} of "
        f"{tokens(body['size'])}{aside}.{resets} `/budget report` shows who and what for; "
        "`/budget grant` adds more."
    )


def _brake(body: dict[str, Any]) -> str:
    who = f"<@{body['user']}>"
    minutes = f"{body['minutes']} minute{'' if body['minutes'] == 1 else 's'}"
    what = (
        f"**The spend brake stopped one member.** {who} used {tokens(body['tokens'])} within "
        f"{minutes}, of the {body['size']:,} this server has."
    )
    if body.get("is_paused"):
        return f"{what} <@{body['lifted_by']}> paused {who} instead."
    if "lifted_by" in body:
        return f"{what} <@{body['lifted_by']}> lifted it: {who} can ask for videos again."
    return (
        f"{what} New videos of {who} are stopped; those under way are finished. Nobody else is "
        "held up."
    )


def _change(body: dict[str, Any]) -> str:
    reason = f"\nWhy: {inline(body['reason'][:REASON_CHARS])}" if body["reason"] else ""
    return f"<@{body['actor']}> changed the budget.\n{body['text'][:TEXT_CHARS]}{reason}"


def _approval(body: dict[str, Any]) -> discord.Embed:
    state = body["state"]
    colours = {"waiting": WORKING, "approved": DONE, "smaller": DONE}
    embed = discord.Embed(title=TITLES[state], colour=colours.get(state, ENDED))
    embed.description = block(body["prompt"], PROMPT_CHARS)
    if body["avoid"]:
        embed.add_field(name="Avoid", value=block(body["avoid"], REASON_CHARS), inline=False)
    private = "\nfor themselves alone" if body["is_private"] else ""
    where = f"<@{body['user']}>\nin <#{body['channel']}>{private}"
    embed.add_field(name="Asked by", value=where)
    embed.add_field(name="Price", value=f"up to {tokens(body['tokens'])}")
    picture = "\nfrom a picture" if body["has_picture"] else ""
    shape = SHAPES.get(body["ratio"], body["ratio"])
    embed.add_field(
        name="Video", value=f"{body['model_name'][:100]}\n{body['duration_s']} s, {shape}{picture}"
    )
    embed.add_field(name="Their use before this one", value=_use(body), inline=False)
    embed.add_field(name=_heading(state), value=_outcome(body), inline=False)
    if state == "denied" and body.get("reason"):
        embed.add_field(name="Why", value=block(body["reason"], REASON_CHARS), inline=False)
    embed.set_footer(text=f"Job {body['job']}")
    return embed


def _use(body: dict[str, Any]) -> str:
    lines = [f"{tokens(body['spent'])} spent and {body['held']:,} held in this budget's period"]
    if cap := body["cap"]:
        lines.append(f"{cap['used']:,} of the {tokens(cap['size'])} they may use themselves")
    if pool := body["pool"]:
        lines.append(f"All members together: {pool['used']:,} of {tokens(pool['size'])}")
    return "\n".join(lines)


def _heading(state: str) -> str:
    return "Decide until" if state == "waiting" else "What became of it"


def _outcome(body: dict[str, Any]) -> str:
    by = f"<@{body['by']}>" if body.get("by") else "nobody"
    if body["state"] == "waiting":
        return (
            f"<t:{body['ends_at']}:t>, <t:{body['ends_at']}:R>. The tokens are held until then, "
            "and come back by themselves when nobody decides."
        )
    if body["state"] == "approved":
        return f"Approved by {by}."
    if body["state"] == "smaller":
        made = body["smaller"]
        return (
            f"{by} approved {made['model_name'][:100]} at {made['duration_s']} s for up to "
            f"{tokens(made['tokens'])} instead, as job {body['new_job']}."
        )
    endings = {
        "denied": f"Denied by {by}.",
        "lapsed": "Nobody decided, so it was not made.",
        "cancelled": "It was called off before anybody decided.",
    }
    return f"{endings[body['state']]} Nothing was charged."
