"""What a run came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """The counts of one run; waits and lags in seconds."""

    requests: int = 0
    polls: int = 0
    refused_429: int = 0
    unseen: int = 0
    unsubmitted: int = 0
    max_open: int = 0
    in_flight: int = 0
    catch_up: int = 0
    ended_while_down: int = 0
    cpu_s: float = 0.0
    slowest_decision_s: float = 0.0
    decisions: int = 0
    lags: list[float] = field(default_factory=list)
    submit_waits: list[float] = field(default_factory=list)

    @property
    def jobs(self) -> int:
        """How many were submitted."""
        return len(self.submit_waits)

    @property
    def requests_per_job(self) -> float:
        """All of them, submits included."""
        return self.requests / max(1, self.jobs)

    @property
    def polls_per_job(self) -> float:
        """Without the submits."""
        return self.polls / max(1, self.jobs)

    @property
    def lag_mean(self) -> float:
        """Mean lag of what was seen."""
        return sum(self.lags) / max(1, len(self.lags))

    @property
    def waited_share(self) -> float:
        """The share of submits that did not leave on arrival."""
        return sum(wait > 1e-6 for wait in self.submit_waits) / max(1, self.jobs)

    def lag(self, share: float) -> float:
        """A quantile of the lag."""
        return quantile(self.lags, share)

    def submit_wait(self, share: float) -> float:
        """A quantile of the time from arrival to the submit that was accepted, of all jobs."""
        return quantile(self.submit_waits, share)

    @property
    def cpu_per_decision_s(self) -> float:
        """Mean time of one call into the policy."""
        return self.cpu_s / max(1, self.decisions)

    def add_cpu(self, spent_s: float) -> None:
        """Count one call into the policy."""
        self.decisions += 1
        self.cpu_s += spent_s
        self.slowest_decision_s = max(self.slowest_decision_s, spent_s)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of them lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
