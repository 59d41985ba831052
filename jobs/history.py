"""Reading the vendor's history far enough back, as one well-formed list or as nothing at all."""

from neuralbox import Generation, NeuralBox, UnexpectedReplyError

PAGE = 100
MOST_PAGES = 100


async def read_back_to(
    box: NeuralBox, created_at: int, answered_id: str | None
) -> list[Generation]:
    """Return all videos newer than `created_at` (vendor's clock, epoch s), and the first older one.

    `answered_id` is an id that a create call answered with: entries whose ids have another form
    cannot be compared with ours. Raises NeuralBoxError; an answer that does not reach back so far,
    or whose entries cannot be placed in time, is an UnexpectedReplyError: an error is no
    information, and never means "empty".
    """
    found: list[Generation] = []
    for page_number in range(1, MOST_PAGES + 1):
        page = await box.list_history(page=page_number, limit=PAGE)
        for item in page.items:
            if item.created_at is None or item.prompt is None or item.model is None:
                raise UnexpectedReplyError("a history entry without its time, prompt or model")
            if answered_id is not None and item.id.isdigit() != answered_id.isdigit():
                raise UnexpectedReplyError("the history's ids have another form than ours")
        found.extend(page.items)
        if page.is_last or any((item.created_at or 0) < created_at for item in page.items):
            return found
    raise UnexpectedReplyError(f"the history does not end within {MOST_PAGES} pages")
