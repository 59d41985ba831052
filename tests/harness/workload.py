"""What happens in a run: who asks for what and when, and everything that goes wrong meanwhile.

All of it is drawn from a seed, so that a run can be repeated by its number.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from playground.discord import LocalDiscord, fault
from playground.neuralbox import LocalNeuralBox, faults
from playground.neuralbox.profile import Dialect, Profile

MEMBERS = ("Ben", "Ada", "Cleo")
MODELS = ("luma-flash2", "luma-flash2", "kling-v2.1")
CARD = r"^/channels/\d+/messages/\d+$"
CHANNEL = r"^/channels/\d+/messages$"
CALLBACK = r"^/interactions/\d+/.*/callback$"
SERVER_ERRORS = (500, 502, 503, 504)


@dataclass(slots=True)
class Wish:
    """One use of /video. Times are seconds of the clock since the run began."""

    at: float
    member: str
    prompt: str
    model: str
    is_taken_back: bool = False
    is_replayed: bool = False


@dataclass(slots=True)
class Deed:
    """Something done to the servers at a moment."""

    at: float
    do: Callable[[LocalDiscord, LocalNeuralBox], None]


@dataclass(slots=True)
class Workload:
    """A run's script. `lingers_s` is how long it is watched after everything has ended."""

    seed: int
    rng: random.Random
    profile: Profile = field(default_factory=Profile)
    wishes: list[Wish] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    box_faults: list[faults.Fault] = field(default_factory=list)
    discord_faults: list[Any] = field(default_factory=list)
    traits: list[str] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    lingers_s: float = 0.0
    may_be_late: bool = False
    """Whether a job may be given up and turn up after all: the vendor broke its own bounds."""

    def linger(self, seconds: float) -> None:
        """Watch for at least so long after everything has ended."""
        self.lingers_s = max(self.lingers_s, seconds)

    def at(self, at: float, do: Callable[[LocalDiscord, LocalNeuralBox], None]) -> None:
        """Have something done at a moment."""
        self.deeds.append(Deed(at, do))


Trait = Callable[[Workload], None]


def make(seed: int, traits: list[str] | None = None) -> Workload:
    """Draw a workload; with `traits`, those and no others."""
    rng = random.Random(seed)
    work = Workload(seed, rng)
    count = rng.choice((1, 1, 2, 2, 3))
    for number in range(count):
        prompt = f"a paper boat, the {number}th of run {seed}"
        at = rng.choice((0.0, 0.0, 3.0, 40.0))
        work.wishes.append(Wish(at, MEMBERS[number], prompt, rng.choice(MODELS)))
    chosen = traits
    if chosen is None:
        chosen = rng.sample(list(TRAITS), rng.choice((0, 1, 2, 2, 3)))
    work.traits = list(chosen)
    for name in chosen:
        TRAITS[name](work)
    work.deeds.sort(key=lambda deed: deed.at)
    return work


# What the vendor does to a creation.


def _lost_answers(work: Workload) -> None:
    """Accepted, and then no answer."""
    for _ in range(work.rng.choice((1, 2))):
        work.box_faults.append(faults.drop_after(reset=work.rng.random() < 0.5))


def _late_acceptance(work: Workload) -> None:
    """Accepted after we stopped waiting for it."""
    work.box_faults.append(faults.hang(work.rng.choice((61.0, 90.0, 150.0))))
    work.linger(2000.0)


def _far_too_late(work: Workload) -> None:
    """Accepted so late that it was given up: it is booked afterwards."""
    work.box_faults.append(faults.hang(1800.0))
    work.may_be_late = True
    work.linger(4000.0)


def _late_answer(work: Workload) -> None:
    """Accepted at once, and answered within our patience or past it."""
    work.box_faults.append(faults.hang_after(work.rng.choice((20.0, 50.0, 70.0))))


def _errors_after(work: Workload) -> None:
    """Accepted, and then an error instead of an answer."""
    code = work.rng.choice(SERVER_ERRORS)
    work.box_faults.append(faults.error_after(code, html=work.rng.random() < 0.5))


def _errors_before(work: Workload) -> None:
    """An error, and nothing was made."""
    work.box_faults.append(faults.status(work.rng.choice(SERVER_ERRORS)))
    work.box_faults.append(faults.drop_before(reset=work.rng.random() < 0.5))


def _limited(work: Workload) -> None:
    """Refused for now, in the vendor's own words."""
    for _ in range(work.rng.choice((1, 2))):
        work.box_faults.append(faults.rate_limited(work.rng.choice((5, 60, 400))))


def _refused(work: Workload) -> None:
    """Refused for good, in the vendor's own words."""
    work.box_faults.append(faults.status(work.rng.choice((400, 422))))


def _junk(work: Workload) -> None:
    """Accepted, and answered with something that is no answer."""
    work.box_faults.append(
        work.rng.choice(
            (
                faults.junk(b'{"id":'),
                faults.junk(b""),
                faults.no_id(),
                faults.half_body(),
                faults.fixed_id(-4),
                faults.slow(30.0),
            )
        )
    )


def _claimed_id(work: Workload) -> None:
    """Two creations are answered with one id."""
    one = "gen_77000" if "other form" in work.traits else 77_000
    work.box_faults += [faults.fixed_id(one), faults.fixed_id(one)]
    second = work.wishes[0]
    work.wishes.append(Wish(second.at + 90, "Cleo", second.prompt + ", and more", second.model))


# What becomes of a generation.


def _failing(work: Workload) -> None:
    """The generation fails."""
    work.box_faults.append(faults.fails("Provider error: it did not work out"))


def _cheaper(work: Workload) -> None:
    """It costs less than was held."""
    work.box_faults.append(faults.costs(work.rng.choice((1, 7, 30))))


def _dearer(work: Workload) -> None:
    """It costs more than was held."""
    work.box_faults.append(faults.costs(400))


def _hesitant(work: Workload) -> None:
    """Completed without its file for some looks, or a word nobody knows."""
    work.box_faults.append(work.rng.choice((faults.no_url(2), faults.unknown_status("queued2", 3))))


def _blind_looks(work: Workload) -> None:
    """Looks that are answered with errors, junk, half, or not at all."""
    for _ in range(2):
        work.box_faults.append(
            work.rng.choice(
                (
                    faults.status(404, on=faults.STATUS),
                    faults.status(500, on=faults.STATUS),
                    faults.junk(b"[]", on=faults.STATUS),
                    faults.drop_after(on=faults.STATUS),
                    faults.half_body(on=faults.STATUS),
                )
            )
        )


def _files(work: Workload) -> None:
    """The file comes late, in half, or not the first time."""
    for _ in range(2):
        work.box_faults.append(
            work.rng.choice(
                (
                    faults.status(503, on=faults.FILE),
                    faults.half_body(on=faults.FILE),
                    faults.drop_after(on=faults.FILE),
                )
            )
        )


# What the history shows.


def _lagging_history(work: Workload) -> None:
    """Jobs appear in the history late, and one answer is lost, so that it is needed."""
    work.profile.history_lag_s = work.rng.choice((20.0, 120.0, 580.0))
    work.profile.history_order = work.rng.choice(("newest", "shuffled"))
    _lost_answers(work)
    work.linger(2000.0)


def _dark_history(work: Workload) -> None:
    """The history cannot be read for longer than the horizon, and an answer is lost before."""
    _lost_answers(work)
    broken = work.rng.choice(
        (
            faults.status(503, on=faults.HISTORY, times=None),
            faults.junk(b'{"items": []', on=faults.HISTORY, times=None),
            faults.status(500, html=True, on=faults.HISTORY, times=None),
        )
    )
    work.box_faults.append(broken)
    work.at(work.rng.choice((1500.0, 3000.0)), lambda _discord, box: box.faults_left.clear())
    work.linger(2000.0)


def _broken_history(work: Workload) -> None:
    """Some answers of the history make no sense."""
    _lost_answers(work)
    for _ in range(3):
        work.box_faults.append(
            work.rng.choice(
                (
                    faults.junk(b"{}", on=faults.HISTORY),
                    faults.half_body(on=faults.HISTORY),
                    faults.drop_before(on=faults.HISTORY),
                    faults.status(500, on=faults.HISTORY),
                )
            )
        )
    work.linger(2000.0)


def _flickering_history(work: Workload) -> None:
    """Dark past the horizon, then one answer of an empty list, then the truth."""
    work.box_faults.append(faults.drop_after())
    work.box_faults.append(faults.status(503, on=faults.HISTORY, times=None))

    def lighten(_discord: LocalDiscord, box: LocalNeuralBox) -> None:
        box.faults_left.clear()
        box.script(faults.edited(_empty, on=faults.HISTORY, times=2))

    work.at(1500.0, lighten)
    work.linger(2000.0)


def _empty(answer: dict[str, Any]) -> None:
    for name, value in answer.items():
        if isinstance(value, list):
            answer[name] = []
        elif name == "total":
            answer[name] = 0


def _twins(work: Workload) -> None:
    """The same sentence at the same time from another member; the first answer is lost."""
    first = work.wishes[0]
    work.wishes.append(Wish(first.at, "Cleo", first.prompt, first.model))
    if work.rng.random() < 0.7:
        work.box_faults.append(faults.drop_after())
    if work.rng.random() < 0.7:
        work.profile.history_lag_s = work.rng.choice((60.0, 200.0))
    work.linger(2000.0)


def _strangers(work: Workload) -> None:
    """Somebody makes other videos with the same account."""
    for number in range(3):
        at = work.rng.uniform(0, 200)
        prompt = f"a stranger's {number}"
        work.at(at, partial(_add_stranger, prompt))


def _add_stranger(prompt: str, _discord: LocalDiscord, box: LocalNeuralBox) -> None:
    box.add_foreign(prompt=prompt, tokens=11)


def _skewed(work: Workload) -> None:
    """The vendor's clock is off."""
    skew_s = work.rng.choice((-240.0, -50.0, 50.0, 240.0))
    work.at(0.0, lambda _discord, box: setattr(box, "skew_s", skew_s))
    work.box_faults.append(faults.drop_after())


def _other_form(work: Workload) -> None:
    """The second published form of every answer."""
    work.profile.dialect = Dialect.second_form()


def _vendor_away(work: Workload) -> None:
    """The vendor answers nothing for a while."""
    begins, lasts = work.rng.choice((0.0, 8.0, 25.0)), work.rng.choice((200.0, 1500.0))
    work.at(begins, lambda _discord, box: box.set_switch("outage", True))
    work.at(begins + lasts, lambda _discord, box: box.set_switch("outage", False))


# What Discord does.


def _lost_first_answers(work: Workload) -> None:
    """The card is out, or is not, and the bot is told nothing or an error."""
    work.discord_faults.append(
        work.rng.choice(
            (
                fault("POST", CALLBACK, drop=True, after_effect=True),
                fault("POST", CALLBACK, drop=True),
                fault("POST", CALLBACK, status=503, after_effect=True),
                fault("POST", CALLBACK, status=500),
            )
        )
    )


def _slow_first_answers(work: Workload) -> None:
    """The card is out, and the bot learns of it much later."""
    hold = work.rng.choice((1.0, 30.0, 200.0))
    work.discord_faults.append(fault("POST", CALLBACK, after_effect=True, hold=hold))


def _lost_edits(work: Workload) -> None:
    """Edits happen, or do not, and the bot is told an error."""
    for _ in range(3):
        is_made = work.rng.random() < 0.6
        if work.rng.random() < 0.3:
            work.discord_faults.append(fault("PATCH", CARD, drop=True, after_effect=is_made))
        else:
            status = work.rng.choice((500, 503))
            work.discord_faults.append(fault("PATCH", CARD, status=status, after_effect=is_made))


def _lost_pings(work: Workload) -> None:
    """Messages are made, or are not, and the bot is told an error."""
    for _ in range(2):
        is_made = work.rng.random() < 0.7
        if work.rng.random() < 0.3:
            work.discord_faults.append(fault("POST", CHANNEL, drop=True, after_effect=is_made))
        else:
            status = work.rng.choice((500, 502, 503))
            work.discord_faults.append(fault("POST", CHANNEL, status=status, after_effect=is_made))


def _discord_away(work: Workload) -> None:
    """Discord answers no request for a while."""
    begins, lasts = work.rng.choice((5.0, 20.0)), work.rng.choice((100.0, 900.0))
    work.at(begins, lambda discord, _box: _put_down(discord, True))
    work.at(begins + lasts, lambda discord, _box: _put_down(discord, False))


def _put_down(discord: LocalDiscord, is_down: bool) -> None:
    discord.parts.rest.down = is_down


def _dropped_gateway(work: Workload) -> None:
    """The gateway's connection breaks, twice."""
    for at in (2.0, 30.0):
        work.at(at, lambda discord, _box: discord.parts.gateway.cut_all())


def _second_thoughts(work: Workload) -> None:
    """A member takes the wish back at once, while it waits for its turn."""
    work.wishes[0].is_taken_back = True
    if work.rng.random() < 0.7:
        work.box_faults.append(faults.rate_limited(60))


def _replayed(work: Workload) -> None:
    """The gateway hands every interaction over again, at once and after a while."""
    for wish in work.wishes:
        wish.is_replayed = True


def _deleted_card(work: Workload) -> None:
    """Somebody deletes the card before the video is there."""

    def delete(discord: LocalDiscord, _box: LocalNeuralBox) -> None:
        for message in discord.messages():
            is_pending = "rb:cancel:" in str(message.components)
            if message.author.bot and is_pending and not message.deleted:
                discord.delete_message(message)

    work.at(15.0, delete)


TRAITS: dict[str, Trait] = {
    "lost answers": _lost_answers,
    "late acceptance": _late_acceptance,
    "far too late": _far_too_late,
    "late answer": _late_answer,
    "errors after": _errors_after,
    "errors before": _errors_before,
    "limited": _limited,
    "refused": _refused,
    "junk": _junk,
    "claimed id": _claimed_id,
    "failing": _failing,
    "cheaper": _cheaper,
    "dearer": _dearer,
    "hesitant": _hesitant,
    "blind looks": _blind_looks,
    "files": _files,
    "lagging history": _lagging_history,
    "dark history": _dark_history,
    "broken history": _broken_history,
    "flickering history": _flickering_history,
    "twins": _twins,
    "strangers": _strangers,
    "skewed": _skewed,
    "other form": _other_form,
    "vendor away": _vendor_away,
    "lost first answers": _lost_first_answers,
    "slow first answers": _slow_first_answers,
    "lost edits": _lost_edits,
    "lost pings": _lost_pings,
    "discord away": _discord_away,
    "dropped gateway": _dropped_gateway,
    "second thoughts": _second_thoughts,
    "deleted card": _deleted_card,
    "replayed": _replayed,
}
