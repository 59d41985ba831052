"""Every step of a job as one transaction: its state, its tokens and what has to be told, together.

Each function runs whole on the database thread. A step that finds the job elsewhere raises
StaleStateError and changes nothing, so each may safely be tried twice.
"""

import secrets
import sqlite3
from dataclasses import replace
from typing import Any

from errors import (
    AgainAlreadyError,
    BudgetExceededError,
    BusyError,
    DraftGoneError,
    DraftUsedError,
    TooManyJobsError,
)
from jobs import asking, purse, watch
from models import Asker, Job, Order, Quote, Reservation, State, Way
from neuralbox import Generation, Status
from storage import (
    approvals,
    claims,
    drafts,
    jobs,
    ledger,
    outbox,
    results,
    rewound,
    settings,
)

BALANCE, BALANCE_AT = "balance_tokens", "balance_at"
PAUSED_MODELS = "paused_models"
# What is over sooner is not worth an edit of the card.
SHORT_WAIT_S = 20
# Why a job of rewound books is looked up.
REWOUND = "from before the books were rewound"
NEVER_REACHED = "The request never reached NeuralBox. You can try again just as it was."
# A second press this soon after the first is a slip, not a second order.
DOUBLE_PRESS_S = 10


def reserve(
    tx: sqlite3.Connection,
    asker: Asker,
    order: Order,
    quote: Quote,
    fingerprint: str,
    limits: ledger.Limits,
    caps: tuple[int, int],
    now: int,
    told: asking.Asking | None = None,
) -> Reservation:
    """Write the job and hold its quote on every level: the only admission there is.

    `caps` is how many unfinished jobs a member and a guild may have. With `told`, a job above the
    guild's threshold waits for a moderator; without, it was approved already. Raises
    TooManyJobsError, AgainAlreadyError, SpendingStoppedError, NobodyToAskError,
    BudgetExceededError, DuplicateInteractionError, and for an order out of a draft DraftUsedError
    or DraftGoneError; then nothing is written.
    """
    if order.promise is not None:
        draft_id = order.promise.draft_id
        made = drafts.find_made(tx, asker.guild_id, draft_id, asker.interaction_id)
        if made is not None:
            raise DraftUsedError(made)
    parent_id = order.origin.parent_id
    if order.origin.way is Way.AGAIN and parent_id is not None:
        repeated = jobs.find_again(tx, asker, parent_id, now - DOUBLE_PRESS_S)
        if repeated is not None:
            raise AgainAlreadyError(repeated)
    watch.require_going(tx, asker.spender, now)
    of_member, of_guild = jobs.count_unfinished(tx, asker.guild_id, asker.user_id)
    if of_member >= caps[0]:
        raise TooManyJobsError("You have", caps[0])
    if of_guild >= caps[1]:
        raise TooManyJobsError("This server has", caps[1])
    asked_in = asking.find_channel(tx, asker.guild_id, quote.tokens) if told else None
    if asker.has_unplaced_roles and purse.has_role_caps(tx, asker.guild_id):
        raise BusyError  # which cap holds cannot be told, so none is passed over
    asker = replace(asker, role_ids=purse.capped_roles(tx, asker.spender))
    job_id = jobs.insert(tx, asker, order, quote, fingerprint, now)
    if order.promise is not None and not drafts.use(
        tx, asker.guild_id, asker.user_id, order.promise.draft_id, job_id
    ):
        raise DraftGoneError
    in_account = uncommitted_tokens(tx)
    before = purse.hold(tx, job_id, limits, asker.spender, quote.tokens, now)
    if in_account is not None and in_account < quote.tokens:
        raise BudgetExceededError("account", quote.tokens, max(0, in_account))
    is_told = watch.after_hold(tx, asker.spender, before, quote.tokens, now)
    job, until = jobs.get(tx, job_id), None
    if asked_in is not None and told is not None:
        until = asking.ask(tx, job, asked_in, told, before, limits, now)
    left = before.left_tokens
    left = None if left is None else left - quote.tokens
    return Reservation(job, left, until, is_told or until is not None)


def uncommitted_tokens(tx: sqlite3.Connection) -> int | None:
    """Return what the vendor's account has left beside what is held; None while nobody knows.

    The vendor's balance does not know of open jobs yet, so they are taken off here.
    """
    if not settings.counter(tx, BALANCE_AT):
        return None
    return settings.counter(tx, BALANCE) - ledger.total(tx).held_tokens


def enqueue(tx: sqlite3.Connection, job_id: int, channel_id: int, message_id: int) -> None:
    """The card is out: from here on the job is a promise."""
    jobs.move(tx, job_id, State.RESERVED, State.QUEUED)
    jobs.set_message(tx, job_id, channel_id, message_id)


def cancel(
    tx: sqlite3.Connection,
    job_id: int,
    start: State,
    reason: str,
    now: int,
    *,
    tell: bool,
    facts: dict[str, Any] | None = None,
) -> None:
    """End a job that was never sent and give its tokens back; `facts` are told along."""
    jobs.move(tx, job_id, start, State.CANCELLED)
    ledger.release(tx, job_id, now, reason)
    asking.close(tx, job_id, "cancelled", None, now)
    _last_word(tx, job_id, {"reason": reason, **(facts or {})}, now, done=not tell)


def hide(tx: sqlite3.Connection, job_id: int, how: str, by: int, as_whom: str, now: int) -> bool:
    """Take a result, or the one to come, out of sight; False when it is so already.

    `how` is "hidden" or "removed", see `Showing`. What it cost stays what it cost.
    """
    job = jobs.get(tx, job_id)
    if job.showing.hidden in (how, "removed"):
        return False
    jobs.show(tx, job_id, hidden=how, hidden_by=by, hidden_as=as_whom, hidden_at=now)
    redraw(tx, job_id, now)
    return True


def redraw(tx: sqlite3.Connection, job_id: int, now: int) -> None:
    """What is shown of a finished job is to be shown as it is now."""
    if jobs.get(tx, job_id).state.is_final:
        # The mark tells this redraw from one that is under way.
        outbox.put(tx, job_id, "redraw", {"mark": secrets.token_hex(4)}, now)


def begin_submit(
    tx: sqlite3.Connection, job_id: int, epoch: int, now: int, deadline: int, sent_at: int | None
) -> Job:
    """Say, durably, that the request may be on the wire from now on.

    `sent_at` is the same moment on the vendor's clock, None while that clock was never seen.
    """
    jobs.move(
        tx,
        job_id,
        State.QUEUED,
        State.SUBMITTING,
        epoch=epoch,
        submit_at=now,
        submit_deadline=deadline,
        sent_at=sent_at,
        absent_seen=0,
        absent_at=None,
    )
    return jobs.get(tx, job_id)


def requeue(
    tx: sqlite3.Connection, job_id: int, next_at: int, tried_at: int | None, now: int
) -> None:
    """The request certainly made no generation: the job waits for another try."""
    jobs.move(tx, job_id, State.SUBMITTING, State.QUEUED, next_at=next_at, tried_at=tried_at)
    if next_at > now + SHORT_WAIT_S:
        outbox.put(tx, job_id, "progress", {"stage": "waiting"}, now)


def accept(
    tx: sqlite3.Connection, job_id: int, start: State, generation_id: str, how: str, now: int
) -> None:
    """The vendor has it, under this id. Raises AlreadyClaimedError when the id is not ours."""
    claims.claim(tx, generation_id, job_id, how, at=now)
    jobs.move(tx, job_id, start, State.PENDING, next_at=now, tried_at=None)
    outbox.put(tx, job_id, "progress", {"stage": "rendering"}, now)


def adopt_quietly(tx: sqlite3.Connection, job_id: int, generation_id: str, now: int) -> None:
    """A job of rewound books was found again. Its card may show the video, so it is left alone."""
    accept(tx, job_id, State.UNKNOWN, generation_id, "adopted", now)
    outbox.drop(tx, job_id, "progress")
    jobs.note(tx, job_id, attention=None)


def doubt(tx: sqlite3.Connection, job_id: int, attention: str | None, now: int) -> None:
    """The request may or may not have been accepted: look it up, never send it again."""
    jobs.move(tx, job_id, State.SUBMITTING, State.UNKNOWN, next_at=0)
    outbox.put(tx, job_id, "progress", {"stage": "checking"}, now + SHORT_WAIT_S)
    if attention is not None:
        jobs.note(tx, job_id, attention=attention)


def rewind(tx: sqlite3.Connection, job: Job, epoch: int) -> None:
    """A job of rewound books may have been sent by the bot that is forgotten: look it up.

    It may have been sent at any moment since it was asked for. Its card is left alone meanwhile:
    it may show a video already.
    """
    if job.state is State.RESERVED:
        jobs.move(tx, job.id, State.RESERVED, State.QUEUED)
    # By whom is not known; but what was sent was approved.
    approvals.decide(tx, job.id, "approved", None, job.created_at)
    begin_submit(tx, job.id, epoch, job.created_at, job.created_at, None)
    jobs.move(tx, job.id, State.SUBMITTING, State.UNKNOWN, next_at=0, attention=REWOUND)


def reject(tx: sqlite3.Connection, job_id: int, reason: str, said: str, now: int) -> None:
    """The vendor refused it, definitely: nothing was made and nothing is charged.

    `reason` is our sentence for the member, `said` the vendor's own words.
    """
    jobs.move(tx, job_id, State.SUBMITTING, State.REJECTED)
    ledger.release(tx, job_id, now, reason)
    _last_word(tx, job_id, {"reason": reason, "said": said}, now)


def give_up_unknown(
    tx: sqlite3.Connection, job_id: int, now: int, reason: str = NEVER_REACHED
) -> None:
    """Proven absent from the history: it was never made. `reason` is told."""
    jobs.move(tx, job_id, State.UNKNOWN, State.NOT_SUBMITTED)
    ledger.release(tx, job_id, now, "not in the vendor's history")
    _last_word(tx, job_id, {"reason": reason}, now)


def finish(
    tx: sqlite3.Connection, job_id: int, generation: Generation, seen_unfinished_at: int, now: int
) -> bool:
    """Book a generation that ended: final state, what it cost, the result, and the message.

    A completed one must carry its cost. Returns True when the cost is above the hold: the truth
    is booked all the same, the model is paused, and a person has to look.
    """
    job = jobs.get(tx, job_id)
    is_completed = generation.status is Status.COMPLETED
    # A failed generation is free, and an answer that does not tell its cost is read so.
    cost_tokens = generation.cost_tokens or 0
    end = State.COMPLETED if is_completed else State.FAILED
    jobs.move(tx, job_id, State.PENDING, end, tokens=cost_tokens)
    is_overrun = ledger.settle(tx, job_id, cost_tokens, now)
    if is_overrun:
        jobs.note(tx, job_id, attention="overrun")
        settings.put(
            tx, PAUSED_MODELS, job.request.model, str(settings.counter(tx, "price_revision"))
        )
    elif not is_completed and cost_tokens:
        jobs.note(tx, job_id, attention="contradiction")
    elif job.attention is not None:
        jobs.note(tx, job_id, attention=None)
    settings.set_counter(tx, BALANCE, settings.counter(tx, BALANCE) - cost_tokens)
    submitted_at = job.submit_at or job.created_at
    keep_result(tx, job_id, generation, submitted_at, now)
    results.put_wait(tx, job_id, _wait(job, generation, submitted_at, seen_unfinished_at, now))
    _last_word(
        tx,
        job_id,
        {} if is_completed else {"said": generation.error},
        now,
        seen_unfinished_at=max(seen_unfinished_at, submitted_at),
    )
    return is_overrun


def keep_result(
    tx: sqlite3.Connection, job_id: int, generation: Generation, submitted_at: int | None, now: int
) -> None:
    """Store what the vendor said of a generation that ended."""
    results.put(
        tx,
        job_id,
        url=generation.result_url,
        error=generation.error,
        width=generation.width,
        height=generation.height,
        duration_s=generation.duration_s,
        submitted_at=submitted_at,
        seen_at=now,
    )


def _wait(
    job: Job, generation: Generation, submitted_at: int, seen_unfinished_at: int, now: int
) -> results.Wait:
    after_s, within_s = seen_unfinished_at - submitted_at, now - submitted_at
    if generation.processing_ms is not None:
        after_s = within_s = round(generation.processing_ms / 1000)
    elif generation.completed_at is not None and generation.created_at is not None:
        after_s = within_s = generation.completed_at - generation.created_at
    after_s = max(0, after_s)
    return results.Wait(
        model=job.request.model,
        duration_s=job.request.duration_s,
        has_image=job.request.picture is not None,
        outcome="completed" if generation.status is Status.COMPLETED else "failed",
        submitted_at=submitted_at,
        after_s=after_s,
        within_s=max(after_s, within_s),
    )


def tell_late(tx: sqlite3.Connection, job_id: int, now: int) -> None:
    """Tell of a video after all; the message that there is none must not come after it."""
    outbox.drop(tx, job_id, "final")
    outbox.put(tx, job_id, "late", rewound.told_before(tx, job_id, now), now)


def _last_word(
    tx: sqlite3.Connection,
    job_id: int,
    body: dict[str, Any],
    now: int,
    *,
    done: bool = False,
    seen_unfinished_at: int = -1,
) -> None:
    """Queue the job's final message; a progress that did not leave yet is of no use any more."""
    body = {**body, **rewound.told_before(tx, job_id, now, seen_unfinished_at)}
    outbox.drop(tx, job_id, "progress")
    outbox.put(tx, job_id, "final", body, now, done=done)
