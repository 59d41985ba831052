"""The buttons under a card: what can be done with a job as it stands, each with its price."""

import discord

from jobs.ports import JobView
from models import State
from ui.router import control_id

Style = discord.ButtonStyle


def beneath(view: JobView) -> discord.ui.View | None:
    """Return the buttons of a job's card, or None when there is nothing to press."""
    if view.stage == "fitting":
        return None
    if view.stage != "final":
        return _row([("cancel", "Cancel", Style.secondary)], view)
    if view.job.showing.hidden is not None:
        return _row([("info", "Info", Style.secondary)], view)
    buttons: list[tuple[str, str, Style]] = []
    if view.again_tokens is not None:
        word = "Again" if view.has_video else "Try again"
        buttons.append(("again", f"{word} · {view.again_tokens:,}", Style.primary))
        buttons.append(("edit", "Edit", Style.secondary))
        if view.has_video and view.can_continue:
            buttons.append(("continue", "Continue", Style.secondary))
    buttons.append(("info", "Info", Style.secondary))
    if view.has_video or view.job.state is State.COMPLETED:
        buttons.append(("delete", "Delete", Style.danger))
    return _row(buttons, view)


def one(action: str, label: str, style: Style, *arguments: str | int) -> discord.ui.View:
    """Return a single button, for a private answer."""
    return inert([button(control_id(action, *arguments), label, style)])


def numbered(action: str, arguments: list[str]) -> discord.ui.View:
    """Return buttons 1, 2, 3 …, one for each argument."""
    return inert(
        [
            button(control_id(action, argument), str(number), Style.primary)
            for number, argument in enumerate(arguments, start=1)
        ]
    )


def button(custom_id: str, label: str, style: Style) -> discord.ui.Button[discord.ui.View]:
    """Return one button, for `inert`."""
    return discord.ui.Button(custom_id=custom_id, label=label, style=style)


def inert(items: list[discord.ui.Button[discord.ui.View]]) -> discord.ui.View:
    """Return a view that discord.py keeps nothing of: the router answers by id."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def _row(buttons: list[tuple[str, str, Style]], view: JobView) -> discord.ui.View:
    public_id = view.job.public_id
    items = []
    for action, label, style in buttons:
        # What the label promised travels along, so that a dearer price is told before it is held.
        promised = [view.again_tokens] if action == "again" and view.again_tokens else []
        items.append(button(control_id(action, public_id, *promised), label, style))
    return inert(items)
