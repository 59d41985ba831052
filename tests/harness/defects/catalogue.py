"""The defects: which line of which file becomes which other line, and what that breaks.

Each `old` stands in its file exactly once. `traits` are the workloads in which it comes to light;
the harness draws the kills by itself.
"""

from tests.harness.defects import paths
from tests.harness.defects.defect import Defect, Edit, one

DEFECTS = (
    one(
        "send again what may have been accepted",
        "a second generation for one job",
        "jobs/submit.py",
        "            await self._db.insist(moves.doubt, job.id, attention, now)",
        "            await self._db.insist(moves.requeue, job.id, 0, None, now)",
        "lost answers",
    ),
    one(
        "send again after a restart",
        "a second generation for one job",
        "jobs/recovery.py",
        "        moves.doubt(tx, job.id, None, now)",
        "        moves.requeue(tx, job.id, 0, None, now)",
        "late answer",
    ),
    one(
        "release at a restart",
        "tokens given back for a video that is charged",
        "jobs/recovery.py",
        "        moves.doubt(tx, job.id, None, now)",
        '        moves.reject(tx, job.id, "restarted", "", now)',
        "late answer",
    ),
    one(
        "in doubt means queued",
        "a second generation for one job",
        "jobs/moves.py",
        "    jobs.move(tx, job_id, State.SUBMITTING, State.UNKNOWN, next_at=0)",
        "    jobs.move(tx, job_id, State.SUBMITTING, State.QUEUED, next_at=0)",
        "lost answers",
    ),
    one(
        "a time-out means not sent",
        "a second generation for one job",
        "neuralbox/transport.py",
        '            raise NoAnswerError(f"no complete answer in {timeout_s:g} s") from error',
        '            raise NotSentError(f"no complete answer in {timeout_s:g} s") from error',
        "late acceptance",
    ),
    one(
        "a lost connection means not sent",
        "a second generation for one job",
        "neuralbox/transport.py",
        '            raise NoAnswerError(f"connection lost: {type(error).__name__}") from error',
        '            raise NotSentError(f"connection lost: {type(error).__name__}") from error',
        "lost answers",
    ),
    one(
        "an error of the server means not made",
        "a second generation for one job, or tokens given back for one that is charged",
        "neuralbox/creation.py",
        "    if isinstance(error, refusals.CERTAIN_REFUSALS):",
        "    if isinstance(error, refusals.CERTAIN_REFUSALS) or reply.status >= 500:",
        "errors after",
    ),
    one(
        "an answer that makes no sense means not made",
        "tokens given back for a video that is charged",
        "neuralbox/creation.py",
        '            return Unknown(f"answer {reply.status}: {junk}", needs_attention=True)',
        "            return NotCreated(junk)  # type: ignore[arg-type]",
        "junk",
    ),
    Defect(
        "the mark that it may be sent comes after the request",
        "a kill between the two sends it twice",
        (
            Edit(
                "jobs/submit.py",
                "                _begin, notes, job.id, self._epoch, now, now + self._post_timeout_s, sent_at",
                "                _later, notes, job.id, self._epoch, now, now + self._post_timeout_s, sent_at",
            ),
            Edit(
                "jobs/submit.py",
                "        await self._book_outcome(job, outcome, spelling)",
                "        await self._db.insist(moves.begin_submit, job.id, self._epoch, job.submit_at or 0,"
                " job.submit_deadline or 0, job.sent_at)\n"
                "        await self._book_outcome(job, outcome, spelling)",
            ),
            Edit(
                "jobs/submit.py",
                "def _begin(",
                "def _later(tx, notes, job_id, epoch, now, deadline, sent_at):\n"
                "    from dataclasses import replace\n"
                "    jobs.note(tx, job_id, next_at=now + 300)\n"
                "    job = jobs.get(tx, job_id)\n"
                "    return replace(job, submit_at=now, submit_deadline=deadline, sent_at=sent_at)\n\n\n"
                "def _begin(",
            ),
        ),
        "late answer",
    ),
    Defect(
        "no lock on a fingerprint",
        "of two equal requests in doubt, one takes the other's generation",
        (
            Edit("jobs/submit.py", "                or job.fingerprint in in_doubt\n", ""),
            Edit(
                "storage/migrations/0001_start.sql",
                "CREATE UNIQUE INDEX one_ambiguous ON job",
                "CREATE INDEX one_ambiguous ON job",
            ),
        ),
        "twins,lagging history",
    ),
    one(
        "candidates that somebody has claimed",
        "a job waits for ever for a generation that is another's",
        "jobs/reconcile.py",
        "        candidates = [entry for entry in alike if entry.id not in taken]",
        "        candidates = alike",
        "twins,lost answers",
    ),
    one(
        "an absence counts at once",
        "tokens given back for a video that is charged",
        "jobs/reconcile.py",
        "    if job.absent_seen and seen_at is not None and vendor_now - seen_at >= SECOND_LOOK_S:",
        "    if True:",
        "flickering history",
    ),
    one(
        "no horizon",
        "tokens given back for a video that the history shows late",
        "jobs/reconcile.py",
        "HORIZON_S = 900",
        "HORIZON_S = 0",
        "late acceptance,lagging history",
    ),
    Defect(
        "a history that cannot be read is empty",
        "tokens given back for a video that is charged",
        (
            Edit(
                "jobs/history.py",
                "            page = await box.list_history(page=page_number, limit=PAGE)",
                "            page = await _or_nothing(box, page_number)",
            ),
            Edit(
                "jobs/history.py",
                "async def read_back_to(",
                "async def _or_nothing(box, number):\n"
                "    from neuralbox import HistoryPage, NeuralBoxError\n"
                "    try:\n        return await box.list_history(page=number, limit=PAGE)\n"
                "    except NeuralBoxError:\n        return HistoryPage((), number, PAGE, 0, 0)\n\n\n"
                "async def read_back_to(",
            ),
        ),
        "dark history",
    ),
    one(
        "settle at the price that was held",
        "the ledger is not what the vendor charged",
        "jobs/moves.py",
        "    is_overrun = ledger.settle(tx, job_id, cost_tokens, now)",
        "    is_overrun = ledger.settle(tx, job_id, job.hold_tokens, now)",
        "cheaper",
    ),
    one(
        "settle, and book it once more",
        "the ledger is twice what the vendor charged",
        "jobs/moves.py",
        "    is_overrun = ledger.settle(tx, job_id, cost_tokens, now)",
        "    is_overrun = ledger.settle(tx, job_id, cost_tokens, now)\n"
        '    ledger.correct(tx, job_id, cost_tokens, now, "once more")',
    ),
    one(
        "a failed generation is charged what was held",
        "the ledger is not what the vendor charged",
        "jobs/moves.py",
        "    cost_tokens = generation.cost_tokens or 0",
        "    cost_tokens = generation.cost_tokens or job.hold_tokens",
        "failing",
    ),
    Defect(
        "the last word is written after its transaction",
        "a kill between the two, and nobody is told",
        (
            Edit(
                "jobs/moves.py",
                "    _last_word(\n        tx,\n        job_id,\n"
                '        {} if is_completed else {"said": generation.error},\n        now,\n'
                "        seen_unfinished_at=max(seen_unfinished_at, submitted_at),\n    )",
                '    outbox.drop(tx, job_id, "progress")',
            ),
            Edit(
                "jobs/poll.py",
                "    async def _ended(self, job: Job, generation: Generation, *, is_overrun: bool) -> None:",
                "    async def _ended(self, job: Job, generation: Generation, *, is_overrun: bool) -> None:\n"
                "        await self._db.insist(moves._last_word, job.id, {}, int(self._clock.now()))",
            ),
        ),
        "",
        "every boundary",
    ),
    one(
        "a refusal without its last word",
        "a card that stays pending for ever",
        "jobs/moves.py",
        '    _last_word(tx, job_id, {"reason": reason, "said": said}, now)',
        "",
        "refused",
    ),
    one(
        "done before it is brought",
        "a kill between the two, and the card stays pending for ever",
        "jobs/outbox.py",
        '        if not row.body.get("shown"):',
        "        await self._db.insist(outbox.finish, row.id)\n"
        '        if not row.body.get("shown"):',
        "files,lost edits",
    ),
    one(
        "an edit that failed is not repeated",
        "a card that stays pending for ever",
        "jobs/outbox.py",
        "            await self._db.insist(outbox.postpone, row.id, int(self._clock.now()) + delay_s)",
        "            await self._db.insist(outbox.finish, row.id)",
        "lost edits",
    ),
    one(
        "no nonce on the ping",
        "a member is pinged twice",
        "ui/announcer.py",
        "                reference=reference,\n                nonce=nonce,",
        "                reference=reference,",
        "lost pings",
    ),
    one(
        "a nonce that two jobs share",
        "the message of one job is taken for that of another",
        "jobs/ports.py",
        '    return hashlib.sha256(f"{job.public_id} {message}".encode()).hexdigest()[:24]',
        '    return hashlib.sha256(f"{job.guild_id} {message}".encode()).hexdigest()[:24]',
        "claimed id",
    ),
    one(
        "the sweep asks nobody whose it is",
        "taken for a stranger's before its own job finds it",
        "jobs/sweep.py",
        "    if mark in jobs.fingerprints_in(tx, ON_THEIR_WAY):",
        "    if False:",
        "dark history",
    ),
    Defect(
        "the sweep takes young entries",
        "taken for a stranger's while its job still waits for the answer",
        (
            Edit(
                "jobs/sweep.py",
                "            is_young = created_at > vendor_now - HORIZON_S",
                "            is_young = False",
            ),
            Edit(
                "jobs/sweep.py",
                "    if mark in jobs.fingerprints_in(tx, ON_THEIR_WAY):",
                "    if False:",
            ),
        ),
        "late answer,lost answers",
    ),
    one(
        "an interaction may come twice",
        "two videos for one command",
        "storage/jobs.py",
        "                asker.interaction_id,\n                asker.guild_id,",
        "                asker.interaction_id + (now % 1000),\n                asker.guild_id,",
        "replayed",
    ),
    one(
        "jobs of an earlier life are not looked after",
        "a video that never arrives",
        "jobs/poll.py",
        "        fresh = await self._db.read(jobs.list_pending_except, frozenset(self._watched))",
        "        fresh = await self._db.read(jobs.list_pending_except, frozenset(self._watched))\n"
        "        if not self._is_caught_up:\n"
        "            self._old, fresh = {job.id for job in fresh}, []\n"
        "        fresh = [job for job in fresh if job.id not in self._old]",
        "late answer",
    ),
    one(
        "a reserved job outlives its process",
        "sent, though nobody knows whether its card is out",
        "jobs/recovery.py",
        "    for job in jobs.list_in(tx, State.RESERVED):",
        "    for job in jobs.list_in(tx, State.RESERVED):\n"
        "        jobs.move(tx, job.id, State.RESERVED, State.QUEUED)\n        continue",
        "slow first answers",
    ),
    one(
        "a lost first answer is a promise",
        "sent, though nobody knows whether its card is out",
        "ui/desk.py",
        "            await self._service.abandon(job_id, tell=True)",
        "            await self._service.enqueue(job_id, interaction.channel_id or 0, 1)",
        "lost first answers",
    ),
    one(
        "two copies share a lock",
        "two bots on one database",
        "storage/lock.py",
        "        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        "",
        "two copies",
    ),
    one(
        "a file without its name on the disk",
        "a completed video without its file",
        "media/partfile.py",
        "                os.replace(self.path, destination)",
        "                pass",
        "",
    ),
    *paths.DEFECTS,
)
