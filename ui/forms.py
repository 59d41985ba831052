"""The forms that ask for a prompt and options, filled in with what is known."""

from collections.abc import Sequence

import discord

from jobs.orders import Wish
from jobs.prices import Offer
from models import LENGTHS_S, RATIOS
from ui.cards import SHAPES, offer_line

PROMPT_CHARS = 2000
OPTIONS_MOST = 25
TITLE_CHARS = 45


def video_form(
    title: str,
    custom_id: str,
    wish: Wish,
    offers: list[Offer],
    *,
    has_picture: bool,
    asks_all: bool = False,
) -> discord.ui.Modal:
    """Return a form for prompt, model and length; with `asks_all` for shape and avoid as well.

    Its fields are `prompt`, `model`, `length`, `ratio` and `avoid`; see `wish_from`.
    """
    modal = discord.ui.Modal(title=title[:TITLE_CHARS], custom_id=custom_id)
    prompt: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
        custom_id="prompt",
        style=discord.TextStyle.paragraph,
        default=wish.prompt or None,
        placeholder="Leave it empty for a gentle motion" if has_picture else None,
        required=not has_picture,
        max_length=PROMPT_CHARS,
    )
    modal.add_item(
        discord.ui.Label(
            text="What should happen" if has_picture else "What the video should show",
            component=prompt,
        )
    )
    modal.add_item(
        discord.ui.Label(
            text="Model",
            description="Prices are for 5 to 10 seconds; the most it can cost is held first",
            component=_select("model", _models(wish, offers)),
        )
    )
    lengths = [(str(length), f"{length} seconds", None) for length in LENGTHS_S]
    modal.add_item(
        discord.ui.Label(
            text="Length",
            component=_select("length", _options(lengths, str(wish.length_s or LENGTHS_S[0]))),
        )
    )
    if asks_all:
        shapes = [(ratio, SHAPES[ratio].capitalize(), None) for ratio in RATIOS]
        modal.add_item(
            discord.ui.Label(
                text="Shape", component=_select("ratio", _options(shapes, wish.ratio or RATIOS[0]))
            )
        )
        modal.add_item(discord.ui.Label(text="Avoid", component=_avoid(wish)))
    modal.stop()  # discord.py need not remember it: the router answers by its id
    return modal


def alt_text_form(custom_id: str, text: str) -> discord.ui.Modal:
    """Return the form that asks for a video's alt text; its field is `text`."""
    modal = discord.ui.Modal(title="Describe the video", custom_id=custom_id)
    field: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
        custom_id="text",
        style=discord.TextStyle.paragraph,
        default=text,
        required=False,
        max_length=1024,
    )
    modal.add_item(
        discord.ui.Label(
            text="Description",
            description="What a screen reader says; empty goes back to the prompt",
            component=field,
        )
    )
    modal.stop()
    return modal


def reason_form(title: str, custom_id: str, description: str) -> discord.ui.Modal:
    """Return the form that asks for a reason, which may stay empty; its field is `reason`."""
    modal = discord.ui.Modal(title=title[:TITLE_CHARS], custom_id=custom_id)
    field: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
        custom_id="reason", style=discord.TextStyle.paragraph, required=False, max_length=300
    )
    modal.add_item(discord.ui.Label(text="Reason", description=description, component=field))
    modal.stop()
    return modal


def wish_from(values: dict[str, str]) -> Wish:
    """Return what a form came back with; forged values are for the service to refuse."""
    length = values.get("length", "")
    return Wish(
        prompt=values.get("prompt", ""),
        model=values.get("model") or None,
        length_s=int(length) if length.isdecimal() and len(length) < 4 else None,
        ratio=values.get("ratio") or None,
        avoid=values.get("avoid") or None,
    )


def _avoid(wish: Wish) -> discord.ui.TextInput[discord.ui.View]:
    return discord.ui.TextInput(
        custom_id="avoid",
        default=wish.avoid,
        placeholder="What should not be in the picture",
        required=False,
        max_length=PROMPT_CHARS,
    )


def _models(wish: Wish, offers: list[Offer]) -> list[discord.SelectOption]:
    rows = [(offer.slug, offer.name, offer_line(offer).partition(" · ")[2]) for offer in offers]
    return _options(rows[:OPTIONS_MOST], wish.model or "")


def _options(
    rows: Sequence[tuple[str, str, str | None]], default: str
) -> list[discord.SelectOption]:
    known = {value for value, _label, _more in rows}
    first = default if default in known else rows[0][0]
    return [
        discord.SelectOption(
            label=label[:100],
            value=value,
            description=more[:100] if more else None,
            default=value == first,
        )
        for value, label, more in rows
    ]


def _select(
    custom_id: str, options: list[discord.SelectOption]
) -> discord.ui.Select[discord.ui.View]:
    return discord.ui.Select(custom_id=custom_id, options=options, required=True)
