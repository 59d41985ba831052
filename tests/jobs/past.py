"""A past to report on: jobs of any member, moment and ending, made by the bot's own steps."""

from dataclasses import dataclass, field

from jobs import moves
from models import Asker, Order, Origin, Quote, State, VideoRequest
from neuralbox import Generation, Status
from storage import ledger
from storage.database import Database
from storage.ledger import Limits

FREE = Limits(0, 0, 0)


@dataclass
class Past:
    """Writes jobs; `at` is always the moment their tokens are held (epoch s)."""

    db: Database
    limits: Limits = FREE
    guild_id: int = 11
    count: int = field(default=0, init=False)

    async def reserve(
        self,
        at: int,
        user_id: int = 21,
        hold_tokens: int = 44,
        *,
        model: str = "kling-v2.1",
        channel_id: int = 31,
        prompt: str = "a paper boat",
        is_private: bool = False,
        guild_id: int | None = None,
    ) -> int:
        """Hold tokens for a new job; return its number."""
        self.count += 1
        number = self.count
        guild_id = guild_id or self.guild_id
        request = VideoRequest(prompt, model, 5, "16:9")
        reservation = await self.db.write(
            moves.reserve,
            Asker(number, "token", guild_id, channel_id, user_id, 10 * 1024 * 1024),
            Order(request, Origin(), is_private=is_private),
            Quote(hold_tokens, 1),
            f"fingerprint {number}",
            self.limits,
            (100_000, 100_000),
            at,
        )
        return reservation.job.id

    async def send(self, job_id: int, at: int) -> None:
        """Bring a reserved job to the vendor."""
        await self.db.write(moves.enqueue, job_id, 31, 1_000_000 + job_id)
        await self.db.write(moves.begin_submit, job_id, 1, at, at + 60, at)

    async def accept(self, job_id: int, at: int) -> None:
        """The vendor makes it."""
        await self.send(job_id, at)
        await self.db.write(moves.accept, job_id, State.SUBMITTING, f"g{job_id}", "answer", at)

    async def finish(self, job_id: int, cost_tokens: int, at: int, *, ok: bool = True) -> None:
        """A generation at the vendor ends."""
        status = Status.COMPLETED if ok else Status.FAILED
        ended = Generation(
            f"g{job_id}", status, result_url="https://x.test/1.mp4", cost_tokens=cost_tokens
        )
        await self.db.write(moves.finish, job_id, ended, at, at)

    async def job(
        self,
        at: int,
        user_id: int = 21,
        hold_tokens: int = 44,
        cost_tokens: int = 44,
        outcome: str = "completed",
        *,
        ends_at: int | None = None,
        model: str = "kling-v2.1",
        channel_id: int = 31,
        prompt: str = "a paper boat",
        is_private: bool = False,
        guild_id: int | None = None,
    ) -> int:
        """Write a whole job; `outcome` as a report tells it, or "late": made after all."""
        job_id = await self.reserve(
            at,
            user_id,
            hold_tokens,
            model=model,
            channel_id=channel_id,
            prompt=prompt,
            is_private=is_private,
            guild_id=guild_id,
        )
        end = at + 60 if ends_at is None else ends_at
        if outcome == "under way":
            return job_id
        if outcome == "cancelled":
            await self.db.write(moves.cancel, job_id, State.RESERVED, "cancelled", end, tell=False)
        elif outcome in ("completed", "failed"):
            await self.accept(job_id, at)
            cost_tokens = cost_tokens if outcome == "completed" else 0
            await self.finish(job_id, cost_tokens, end, ok=outcome == "completed")
        else:
            await self.send(job_id, at)
            if outcome == "rejected":
                await self.db.write(moves.reject, job_id, "a reason", "no", end)
                return job_id
            await self.db.write(moves.doubt, job_id, None, at)
            await self.db.write(moves.give_up_unknown, job_id, end)
            if outcome == "late":
                await self.db.write(ledger.correct, job_id, cost_tokens, end, "made after all")
        return job_id
