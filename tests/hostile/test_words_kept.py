"""How long what members wrote is kept: it goes by age, out of the very file; the books stay."""

import pytest

from models import State
from playground.neuralbox import faults
from tests.app.hands import press, said
from tests.app.moderators import MODEL, asked, choose, deny, general, told
from tests.hostile.scene import is_quiet
from tests.hostile.test_secrets import holders
from tests.rig import Rig

pytestmark = pytest.mark.long

DAY_S = 24 * 3600.0
SECRET = "a boat called Wilhelmine"


@pytest.fixture
async def year(rig: Rig) -> Rig:
    """A bot that keeps words for thirty days."""
    rig.discord.rate_limits = False
    rig.configure("storage", keep_prompts_days=30)
    rig.configure("budget", guild_tokens=0)
    await rig.start_bot()
    await rig.refreshed()
    return rig


async def later(rig: Rig, days: float) -> None:
    """Once everybody is told, let days pass while the bot is not running, and start it again."""
    await rig.run_until(lambda: is_quiet(rig))
    await rig.stop_bot()
    await rig.clock.advance(days * DAY_S)
    await rig.start_bot()


@pytest.mark.fault("H28")
async def test_words_are_emptied_by_age_and_the_books_stay_as_they_are(year: Rig) -> None:
    year.box.script(faults.fails(f"Provider error: no {SECRET} here"))
    failed = await year.finished(await year.card(SECRET, avoid=SECRET))
    done = await year.finished(await year.card(f"{SECRET}, in the rain"))
    await choose(year, approve_above="50", approve_channel=str(general(year)))
    await asked(year, prompt=f"{SECRET}, for longer")
    await deny(year, f"not {SECRET} again")
    await told(year, "denied")
    entries = "SELECT * FROM entry ORDER BY seq"
    books = year.read(lambda tx: [tuple(row) for row in tx.execute(entries)])
    marks = [job.fingerprint for job in year.jobs_in()]
    await later(year, 29)
    assert year.job_of(done).request.prompt.startswith(SECRET)
    await later(year, 2)
    await year.run_until(lambda: all(not job.request.prompt for job in year.jobs_in()))
    assert year.read(lambda tx: [tuple(row) for row in tx.execute(entries)]) == books
    assert [job.fingerprint for job in year.jobs_in()] == marks
    await year.run_until(lambda: year.app is not None and not year.app.intake.reasons)
    assert "not kept any more" in said(await press(year, done, "Again"))
    info = await press(year, failed, "Info")
    assert info.message is not None
    assert info.message.embeds[0]["description"] == "```\n(not kept any more)\n```"
    await press(year, done, "Edit")
    listed = await year.discord.slash("videos", subcommand="get")
    assert "(not kept any more)" in str((await listed.final()).embeds)
    assert len(year.jobs_in()) == 3
    year.sound()
    await year.stop_bot()
    assert holders(year.data, "Wilhelmine") == []


@pytest.mark.fault("H28")
async def test_words_of_a_host_who_keeps_them_and_of_a_job_that_has_not_ended_stay(
    rig: Rig,
) -> None:
    rig.configure("storage", keep_prompts_days=0)
    await rig.start_bot()
    await rig.refreshed()
    rig.box.script(faults.stuck())
    stuck = await rig.card(SECRET, model=MODEL)
    await rig.eventually(lambda: rig.job_of(stuck).state is State.PENDING)
    other = await rig.finished(await rig.card("a boat without a name"))
    await later(rig, 40)
    # The same round that would have emptied them drops the video's file.
    await rig.run_until(lambda: not any((rig.data / "videos").iterdir()))
    assert rig.job_of(other).request.prompt == "a boat without a name"
    rig.configure("storage", keep_prompts_days=1)
    await later(rig, 1)
    await rig.run_until(lambda: not rig.job_of(other).request.prompt)
    assert rig.job_of(stuck).request.prompt == SECRET
