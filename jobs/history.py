"""Reading the vendor's history far enough back, as one well-formed list or as nothing at all."""

from dataclasses import dataclass
from itertools import pairwise

from jobs.gate import Gate
from neuralbox import Generation, NeuralBox, UnexpectedReplyError

PAGE = 100
MOST_PAGES = 100
# Entries made within the same seconds may stand in any order.
TOLERANCE_S = 5


@dataclass(frozen=True, slots=True)
class History:
    """Videos at the vendor, newest first, each once.

    What is in it is there. That something is not in it means that it is not there only when
    `is_complete`: a list in no order may have moved an entry between two pages while it was read.
    """

    entries: list[Generation]
    is_complete: bool


async def read_back_to(
    box: NeuralBox, gate: Gate, created_at: int, answered_id: str | None
) -> History:
    """Return all videos newer than `created_at` (vendor's clock, epoch s), and perhaps older ones.

    `answered_id` is an id that a create call answered with: entries whose ids have another form
    cannot be compared with ours. The order of the list is not published, so an older entry ends
    the reading only where the list has been newest-first so far. Raises NeuralBoxError; a list that
    does not reach back so far, or whose entries cannot be placed in time, is an
    UnexpectedReplyError: an error is no information, and never means "empty".
    """
    found: dict[str, Generation] = {}
    times: list[int] = []
    for page_number in range(1, MOST_PAGES + 1):
        async with gate.passing("look"):
            page = await box.list_history(page=page_number, limit=PAGE)
        for item in page.items:
            if item.created_at is None or item.model is None:
                raise UnexpectedReplyError("a history entry without its time or model")
            if answered_id is not None and item.id.isdigit() != answered_id.isdigit():
                raise UnexpectedReplyError("the history's ids have another form than ours")
            found[item.id] = item
            times.append(item.created_at)
        is_in_order = all(later <= earlier + TOLERANCE_S for earlier, later in pairwise(times))
        # Entries of one and the same moment would say nothing of the order.
        is_newest_first = is_in_order and times and times[0] > times[-1] + TOLERANCE_S
        if page.is_last or (is_newest_first and times[-1] < created_at):
            entries = sorted(found.values(), key=lambda item: -(item.created_at or 0))
            return History(entries, is_newest_first or len(found) == len(times))
    raise UnexpectedReplyError(f"the history does not end within {MOST_PAGES} pages")
