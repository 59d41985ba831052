"""What waits to be given back is counted by a clock that nobody sets."""

from dataclasses import replace

from jobs.tidy import GIVE_UP_UNSENT_S, Tidier
from playground.clock import FakeClock
from storage import jobs
from storage.database import Database
from tests.jobs.past import Past
from tests.jobs.reporting import NOW


async def test_a_job_between_two_tries_keeps_its_age_when_the_clock_is_set(
    db: Database, past: Past
) -> None:
    clock = FakeClock()
    tidier = Tidier(db, clock)
    job = await db.read(jobs.get, await past.reserve(NOW))
    job = replace(job, tried_at=int(clock.now()))
    tidier.note_unsent(job.id)
    clock.set_wall(clock.now() + 3600)
    assert tidier.hopeless([]) == []  # it is being sent once more
    tidier.retain({job.id})
    assert tidier.hopeless([job]) == []
    await clock.advance(GIVE_UP_UNSENT_S)
    assert tidier.hopeless([job]) == [job]


async def test_a_job_of_an_earlier_life_is_as_old_as_the_books_say(
    db: Database, past: Past
) -> None:
    clock = FakeClock()
    job = await db.read(jobs.get, await past.reserve(NOW))
    job = replace(job, tried_at=int(clock.now()) - GIVE_UP_UNSENT_S)
    assert Tidier(db, clock).hopeless([job]) == [job]
