"""The question before a dear video, and the offer of a smaller one: a sentence and its buttons."""

import discord

from jobs.drafts import AskFirstError, Choice
from ui import buttons, errors
from ui.router import control_id

LABEL_CHARS = 80
STYLES = {"make": discord.ButtonStyle.primary, "shrink": discord.ButtonStyle.secondary}


def text(asking: AskFirstError) -> str:
    """Return the sentence, with how long its buttons work."""
    many = "The buttons work" if len(asking.choices) > 1 else "The button works"
    return f"{asking}\n-# {many} until <t:{asking.ends_at}:t>."


def beneath(asking: AskFirstError) -> discord.ui.View:
    """Return the buttons; what each promises travels in its id."""
    return buttons.inert([_button(choice) for choice in asking.choices])


async def ask(interaction: discord.Interaction, asking: AskFirstError) -> None:
    """Ask the member alone, as the interaction's answer or after it."""
    await errors.say(interaction, text(asking), beneath(asking))


def _button(choice: Choice) -> discord.ui.Button[discord.ui.View]:
    label = f"Make it · {choice.tokens:,}"
    if choice.kind == "shrink":
        price = f" · {choice.tokens:,}"
        what = f"Shrink to fit · {choice.duration_s} s {choice.model_name}"
        label = f"{what[: LABEL_CHARS - len(price)]}{price}"
    custom_id = control_id(choice.kind, choice.draft_id, choice.variant, choice.tokens)
    return buttons.button(custom_id, label, STYLES[choice.kind])
