"""What becomes of a generation: how it ends, what it costs, how its file comes."""

from playground.neuralbox import faults
from tests.harness.workload import Trait, Workload


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


TRAITS: dict[str, Trait] = {
    "failing": _failing,
    "cheaper": _cheaper,
    "dearer": _dearer,
    "hesitant": _hesitant,
    "blind looks": _blind_looks,
    "files": _files,
}
