"""The table of who may do what: every command, press, form and list by every kind of person.

A name that the bot registers and that is not here fails the tests, and so does one that it does not
register. "menu" is a message's right-click, "typed" a list that is offered while typing.
"""

from typing import Any

from tests.app.test_budget_rights import ELSEWHERE, EVERY_USE

HERE = ("member", "requester", "moderator", "admin", "host", "guest")
"""In the server that a thing is of. `guest` administrates another one, `host` owns the bot."""
THERE = "elsewhere"
"""In another server, by its admin."""
PLACES = ("direct", "group", "user install", "strange guild")
"""Where no server that added the bot answers for what is asked."""
EVERYBODY = frozenset({*HERE, THERE})
WHOEVER_IS_HERE = frozenset(HERE)
ADMINS = frozenset({"admin", THERE})
MODERATORS = frozenset({"moderator", "admin"})
OWN = frozenset({"requester"})
OWN_OR_MODERATORS = OWN | MODERATORS
HOST = frozenset({"host"})
ANYWHERE = frozenset({*HERE, THERE, *PLACES})

# What members use comes before what admins change for them.
COMMANDS: dict[str, frozenset[str]] = {
    "slash help": EVERYBODY,
    "slash video": EVERYBODY,
    "slash videos get": EVERYBODY,
    "slash videos jobs": EVERYBODY,
    "slash videos queue": MODERATORS | {THERE},
    "slash tokens": EVERYBODY,
    "slash preferences show": EVERYBODY,
    "slash preferences pictures": EVERYBODY,
    "slash preferences pings": EVERYBODY,
    "menu Animate image": EVERYBODY,
    "menu Video info": EVERYBODY,
    "slash budget show": EVERYBODY,
    **{f"slash budget {name}": ADMINS for name in EVERY_USE if name != "show"},
    "slash settings show": ADMINS,
    "slash settings pictures": ADMINS,
    "slash settings buttons": ADMINS,
    "slash settings spoilers": ADMINS,
    "slash settings pings": ADMINS,
    "slash settings mentions": ADMINS,
    "slash settings deliver": ADMINS,
    "slash admin show": HOST,
    "slash admin pause": HOST,
    "slash admin resume": HOST,
}

# In an order in which one cell takes nothing away that a later one needs.
PRESSES: dict[str, frozenset[str]] = {
    "press info": WHOEVER_IS_HERE,
    "press again": WHOEVER_IS_HERE,
    "press edit": WHOEVER_IS_HERE,
    "press continue": WHOEVER_IS_HERE,
    "press alt": OWN,
    "press fetch": OWN,
    "press pick": OWN,
    "press shrink": OWN,
    "press make": OWN,
    "press approve": MODERATORS,
    "press smaller": MODERATORS,
    "press deny": MODERATORS,
    "press undo": MODERATORS,
    "press cancel": OWN_OR_MODERATORS,
    "press hide": OWN_OR_MODERATORS,
}
FORMS: dict[str, frozenset[str]] = {
    "form edit": WHOEVER_IS_HERE,
    "form continue": WHOEVER_IS_HERE,
    "form alt": OWN,
    "form animate": OWN,
    "form deny": MODERATORS,
}
# After all others, since nothing is left of the video then.
LAST: dict[str, frozenset[str]] = {
    "press delete": OWN_OR_MODERATORS,
    "press really": OWN_OR_MODERATORS,
}
TYPED: dict[str, frozenset[str]] = {
    # Models and their prices, days and time zones: the same for everybody.
    "typed video model": ANYWHERE,
    "typed budget set starts_on": ANYWHERE,
    "typed budget set time_zone": ANYWHERE,
    **{f"typed budget {name} tokens": ANYWHERE for name in ("set", "everyone", "role", "member")},
    # Somebody's own videos, and a server's pots.
    "typed videos get job": OWN,
    "typed budget pot end pot": frozenset({"admin"}),
}

TABLE = COMMANDS | PRESSES | FORMS | LAST | TYPED

USES: dict[str, dict[str, Any]] = {
    "slash video": {"prompt": "a boat of somebody's"},
    "slash preferences pictures": {"choice": "server"},
    "slash preferences pings": {"on": True},
    "slash settings pictures": {"whose": "anyone"},
    "slash settings buttons": {"who": "anyone"},
    "slash settings spoilers": {"on": False},
    "slash settings pings": {"on": True},
    "slash settings mentions": {"on": True},
    "slash settings deliver": {"channel": "videos"},
    "slash admin pause": {"reason": "work on the machine"},
    **{f"slash budget {name}": options for name, options in EVERY_USE.items()},
}
USES_THERE = {f"slash budget {name}": options for name, options in ELSEWHERE.items()}
FIELDS = {
    "edit": {"prompt": "a forged boat", "model": "kling-v2.1", "length": "5", "ratio": "16:9"},
    "continue": {"prompt": "it sails on", "model": "kling-v2.1", "length": "5"},
    "alt": {"text": "a forged description"},
    "animate": {"prompt": "it moves", "model": "kling-v2.1", "length": "5"},
    "deny": {"reason": "a forged reason"},
}
