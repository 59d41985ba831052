"""What the vendor does when it is asked to make something."""

from playground.neuralbox import faults
from tests.harness.workload import Trait, Wish, Workload

SERVER_ERRORS = (500, 502, 503, 504)


def lost_answers(work: Workload) -> None:
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
    # It may be made, and no more be young, right after one of the hourly sweeps.
    work.linger(7000.0)


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


TRAITS: dict[str, Trait] = {
    "lost answers": lost_answers,
    "late acceptance": _late_acceptance,
    "far too late": _far_too_late,
    "late answer": _late_answer,
    "errors after": _errors_after,
    "errors before": _errors_before,
    "limited": _limited,
    "refused": _refused,
    "junk": _junk,
    "claimed id": _claimed_id,
}
