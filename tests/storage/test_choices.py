"""Choices in a real file: defaults, scopes that do not touch, a trail nobody can take back."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from errors import BusyError
from jobs import patience
from jobs.choices import Choices
from playground.clock import FakeClock
from storage import settings
from storage.choices import Change, Consent, GuildChoices, list_changes, set_of_guild
from storage.database import Database, open_database

HERE, THERE, ADA, BEN, CHANNEL = 11, 12, 21, 22, 31


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def choices(db: Database, clock: FakeClock) -> AsyncIterator[Choices]:
    yield Choices(db, clock)


async def test_a_guild_that_chose_nothing_has_the_defaults(choices: Choices) -> None:
    assert await choices.of_guild(HERE) == GuildChoices(
        pictures="anyone", bots=True, buttons="anyone", pings=True, mentions=True, deliver_to=None
    )
    assert await choices.changes(HERE) == []


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("pictures", "own"),
        ("pictures", "opt-in"),
        ("bots", False),
        ("buttons", "requester"),
        ("buttons", "moderators"),
        ("pings", False),
        ("mentions", False),
        ("deliver_to", 1_234_567_890_123_456_789),
    ],
)
async def test_each_choice_is_read_back_as_it_was_made_and_taken_back(
    choices: Choices, what: str, value: str | bool | int
) -> None:
    await choices.set_of_guild(HERE, what, value, ADA)
    assert await choices.of_guild(HERE) == replace(GuildChoices(), **{what: value})  # type: ignore[arg-type]
    assert await choices.of_guild(THERE) == GuildChoices()
    await choices.set_of_guild(HERE, what, None, ADA)
    assert await choices.of_guild(HERE) == GuildChoices()


async def test_a_choice_outlives_the_process(tmp_path: Path, clock: FakeClock) -> None:
    async with open_database(tmp_path) as db:
        await Choices(db, clock).set_of_guild(HERE, "pictures", "own", ADA)
    async with open_database(tmp_path) as db:
        assert (await Choices(db, clock).of_guild(HERE)).pictures == "own"


async def test_every_change_is_on_record_with_who_when_from_and_to(
    choices: Choices, clock: FakeClock
) -> None:
    first_at = int(clock.now())
    await choices.set_of_guild(HERE, "pictures", "own", ADA)
    await clock.advance(60)
    await choices.set_of_guild(HERE, "pictures", "opt-in", BEN)
    await choices.set_of_guild(HERE, "pictures", "anyone", BEN)
    assert await choices.changes(HERE) == [
        Change(BEN, "pictures", "opt-in", None, first_at + 60),
        Change(BEN, "pictures", "own", "opt-in", first_at + 60),
        Change(ADA, "pictures", None, "own", first_at),
    ]
    assert await choices.changes(THERE) == []


async def test_choosing_what_holds_already_is_no_change(choices: Choices) -> None:
    await choices.set_of_guild(HERE, "pictures", "anyone", ADA)
    await choices.set_of_guild(HERE, "pings", True, ADA)
    await choices.set_spoiler_channel(HERE, CHANNEL, False, ADA)
    assert await choices.changes(HERE) == []
    await choices.set_of_guild(HERE, "pings", False, ADA)
    await choices.set_of_guild(HERE, "pings", False, BEN)
    assert [change.actor for change in await choices.changes(HERE)] == [ADA]


async def test_several_choices_are_made_together_or_not_at_all(choices: Choices) -> None:
    with pytest.raises(AttributeError):
        await choices.set_several_of_guild(HERE, {"pictures": "own", "colour": "red"}, ADA)
    assert await choices.of_guild(HERE) == GuildChoices()
    await choices.set_several_of_guild(HERE, {"pictures": "own", "bots": False}, ADA)
    assert await choices.of_guild(HERE) == GuildChoices(pictures="own", bots=False)


async def test_there_is_no_choice_of_another_name(db: Database) -> None:
    with pytest.raises(ValueError, match="colour"):
        await db.write(set_of_guild, HERE, "colour", "red", ADA, 1)
    assert await db.read(settings.list_scope, f"guild:{HERE}") == {}
    assert await db.read(list_changes, HERE) == []


async def test_a_stored_word_nobody_knows_any_more_counts_as_the_default(
    db: Database, choices: Choices
) -> None:
    for what in ("pictures", "buttons"):
        await db.write(settings.put, f"guild:{HERE}", what, "everyone-and-their-dog")
    assert await choices.of_guild(HERE) == GuildChoices()


@pytest.mark.parametrize("statement", ["UPDATE change SET actor = 0", "DELETE FROM change"])
async def test_the_record_of_changes_cannot_be_altered(
    db: Database, choices: Choices, statement: str
) -> None:
    await choices.set_of_guild(HERE, "pings", False, ADA)
    with pytest.raises(sqlite3.IntegrityError, match="append only"):
        await db.write(lambda tx: tx.execute(statement).rowcount)
    assert [change.actor for change in await choices.changes(HERE)] == [ADA]


async def test_only_so_many_changes_are_read_and_the_newest_come_first(
    db: Database, choices: Choices
) -> None:
    for n in range(30):
        await choices.set_of_guild(HERE, "deliver_to", n + 1, ADA)
    assert [change.after for change in await choices.changes(HERE)] == [
        str(n) for n in range(30, 5, -1)
    ]
    assert len(await db.read(list_changes, HERE, 100)) == 30


async def test_a_channels_spoiler_is_its_own_and_stands_in_the_guilds_record(
    choices: Choices,
) -> None:
    assert not await choices.is_spoiler_channel(CHANNEL)
    await choices.set_spoiler_channel(HERE, CHANNEL, True, ADA)
    assert await choices.is_spoiler_channel(CHANNEL)
    assert not await choices.is_spoiler_channel(CHANNEL + 1)
    await choices.set_spoiler_channel(HERE, CHANNEL, False, BEN)
    assert not await choices.is_spoiler_channel(CHANNEL)
    changes = [(one.actor, one.what, one.before, one.after) for one in await choices.changes(HERE)]
    what = f"spoiler in {CHANNEL}"
    assert changes == [(BEN, what, "yes", None), (ADA, what, None, "yes")]


async def test_no_holds_on_every_server_and_yes_on_one(choices: Choices) -> None:
    assert await choices.consent_of(HERE, BEN) == "server"
    assert await choices.set_consent(HERE, BEN, "yes") == "server"
    assert await choices.consent_of(HERE, BEN) == "yes"
    assert await choices.consent_of(THERE, BEN) == "server"
    assert await choices.set_consent(THERE, BEN, "no") == "server"
    for guild_id in (HERE, THERE, 99):
        assert await choices.consent_of(guild_id, BEN) == "no"
        assert await choices.consent_of(guild_id, ADA) == "server"


@pytest.mark.parametrize("then", ["yes", "server"])
async def test_what_is_said_after_a_no_lifts_it(choices: Choices, then: Consent) -> None:
    await choices.set_consent(HERE, BEN, "no")
    assert await choices.set_consent(HERE, BEN, then) == "no"
    assert await choices.consent_of(HERE, BEN) == then
    assert await choices.consent_of(THERE, BEN) == "server"


async def test_a_members_choice_is_not_in_the_servers_record(choices: Choices) -> None:
    await choices.set_consent(HERE, BEN, "no")
    await choices.set_pings(BEN, False)
    assert await choices.changes(HERE) == []


async def test_pings_are_wanted_until_somebody_says_otherwise(choices: Choices) -> None:
    assert await choices.wants_pings(BEN)
    await choices.set_pings(BEN, False)
    assert not await choices.wants_pings(BEN)
    assert await choices.wants_pings(ADA)
    await choices.set_pings(BEN, True)
    assert await choices.wants_pings(BEN)


async def test_while_another_process_writes_the_member_hears_of_it_and_nothing_changes(
    choices: Choices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.05)
    other = sqlite3.connect(tmp_path / "reelbox.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyError):
        await choices.set_of_guild(HERE, "pictures", "own", ADA)
    with pytest.raises(BusyError):
        await choices.set_consent(HERE, BEN, "no")
    assert await choices.of_guild(HERE) == GuildChoices(), "reads go on meanwhile"
    assert await choices.consent_of(HERE, BEN) == "server"
    other.execute("ROLLBACK")
    other.close()
