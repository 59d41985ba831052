"""What the vendor's history shows, when, and whether the vendor answers at all."""

from functools import partial
from typing import Any

from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox, faults
from playground.neuralbox.profile import Dialect
from tests.harness.traits.creation import lost_answers
from tests.harness.workload import Trait, Wish, Workload


def _lagging_history(work: Workload) -> None:
    """Jobs appear in the history late, and one answer is lost, so that it is needed."""
    work.profile.history_lag_s = work.rng.choice((20.0, 120.0, 580.0))
    work.profile.history_order = work.rng.choice(("newest", "shuffled"))
    lost_answers(work)
    work.linger(2000.0)


def _dark_history(work: Workload) -> None:
    """The history cannot be read for longer than the horizon, and an answer is lost before."""
    lost_answers(work)
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
    lost_answers(work)
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
        box.script(faults.edited(_empty, on=faults.HISTORY))

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
    """The vendor's clock is off, and stays so."""
    work.skew_s = work.rng.choice((-240.0, -50.0, 50.0, 240.0))
    work.box_faults.append(faults.drop_after())


def _other_form(work: Workload) -> None:
    """The second published form of every answer."""
    work.profile.dialect = Dialect.second_form()


def _vendor_away(work: Workload) -> None:
    """The vendor answers nothing for a while."""
    begins, lasts = work.rng.choice((0.0, 8.0, 25.0)), work.rng.choice((200.0, 1500.0))
    work.at(begins, lambda _discord, box: box.set_switch("outage", True))
    work.at(begins + lasts, lambda _discord, box: box.set_switch("outage", False))


TRAITS: dict[str, Trait] = {
    "lagging history": _lagging_history,
    "dark history": _dark_history,
    "broken history": _broken_history,
    "flickering history": _flickering_history,
    "twins": _twins,
    "strangers": _strangers,
    "skewed": _skewed,
    "other form": _other_form,
    "vendor away": _vendor_away,
}
