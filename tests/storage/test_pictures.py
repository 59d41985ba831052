"""Kept pictures and picks in a real file."""

import sqlite3

import pytest

from jobs import moves
from models import Order, Origin, State, VideoRequest
from storage import jobs, ledger, pictures
from storage.database import Database
from storage.pictures import PICK_LIFE_S, KeptPicture
from tests.storage.conftest import GUILD, MEMBER, NOW, QUOTE, asker

BOAT = KeptPicture(f"{'a' * 64}.png", 640, 480, 12_345)
CAT = KeptPicture(f"{'b' * 64}.webp", 32, 32, 99)
NO_LIMITS = ledger.Limits(host_tokens=0, guild_tokens=0, member_tokens=0)


async def _job(db: Database, interaction_id: int, picture: KeptPicture | None) -> int:
    request = VideoRequest(
        "it moves", "kling-v2.1", 5, "16:9", picture=picture.file if picture else None
    )
    reservation = await db.write(
        moves.reserve,
        asker(interaction_id),
        Order(request, Origin(poster_id=MEMBER)),
        QUOTE,
        f"fingerprint {interaction_id}",
        NO_LIMITS,
        (100, 100),
        NOW,
    )
    return reservation.job.id


async def _end(db: Database, job_id: int) -> None:
    await db.write(moves.cancel, job_id, State.RESERVED, "changed my mind", NOW, tell=False)


async def test_a_kept_picture_is_found_by_its_name(db: Database) -> None:
    await db.write(pictures.put, BOAT, NOW)
    assert await db.read(pictures.find, BOAT.file) == BOAT
    assert await db.read(pictures.find, CAT.file) is None
    assert await db.read(pictures.list_files) == {BOAT.file}


async def test_a_picture_kept_twice_is_one_and_counts_from_its_last_use(db: Database) -> None:
    await db.write(pictures.put, BOAT, NOW)
    await db.write(pictures.put, BOAT, NOW + 100)
    await db.write(pictures.put, BOAT, NOW + 50)  # a clock that went back makes nothing older
    assert await db.read(pictures.list_files) == {BOAT.file}
    assert await db.write(pictures.drop_unused, NOW + 100) == []
    assert await db.write(pictures.drop_unused, NOW + 101) == [BOAT.file]
    assert await db.read(pictures.find, BOAT.file) is None


async def test_an_old_picture_stays_while_a_job_is_not_done_with_it(db: Database) -> None:
    for picture in (BOAT, CAT):
        await db.write(pictures.put, picture, NOW)
    job_id = await _job(db, 1, BOAT)
    await _job(db, 2, None)
    assert await db.write(pictures.drop_unused, NOW + 1) == [CAT.file]
    await _end(db, job_id)
    assert await db.write(pictures.drop_unused, NOW + 1) == [BOAT.file]


async def test_a_job_outlives_its_picture(db: Database) -> None:
    await db.write(pictures.put, BOAT, NOW)
    job_id = await _job(db, 1, BOAT)
    await _end(db, job_id)
    await db.write(pictures.drop_unused, NOW + 1)
    assert (await db.read(jobs.get, job_id)).request.picture == BOAT.file


async def test_a_picture_taken_down_goes_with_its_last_job(db: Database) -> None:
    await db.write(pictures.put, BOAT, NOW)
    first, second = await _job(db, 1, BOAT), await _job(db, 2, BOAT)
    assert not await db.write(pictures.drop_if_alone, BOAT.file, [first])
    assert await db.read(pictures.find, BOAT.file) == BOAT
    assert await db.write(pictures.drop_if_alone, BOAT.file, [first, second])
    assert await db.read(pictures.find, BOAT.file) is None
    assert not await db.write(pictures.drop_if_alone, BOAT.file, [first, second])


async def test_a_job_removed_earlier_holds_no_picture_but_a_hidden_one_does(db: Database) -> None:
    await db.write(pictures.put, BOAT, NOW)
    first, second = await _job(db, 1, BOAT), await _job(db, 2, BOAT)
    await db.write(moves.hide, second, "hidden", MEMBER, "requester", NOW)
    assert not await db.write(pictures.drop_if_alone, BOAT.file, [first])
    await db.write(moves.hide, second, "removed", MEMBER, "poster", NOW)
    assert await db.write(pictures.drop_if_alone, BOAT.file, [first])


async def test_a_picture_that_no_job_ever_had_may_go(db: Database) -> None:
    for picture in (BOAT, CAT):
        await db.write(pictures.put, picture, NOW)
    assert await db.write(pictures.drop_if_alone, BOAT.file, [])
    assert await db.read(pictures.list_files) == {CAT.file}


@pytest.mark.parametrize(
    "picture",
    [
        KeptPicture("../../etc/passwd", 1, 1, 1),
        KeptPicture(BOAT.file, 0, 480, 1),
        KeptPicture(BOAT.file, 640, -1, 1),
        KeptPicture(BOAT.file, 640, 480, 0),
    ],
)
async def test_a_picture_without_a_proper_name_or_size_is_not_kept(
    db: Database, picture: KeptPicture
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await db.write(pictures.put, picture, NOW)
    assert await db.read(pictures.list_files) == frozenset()


async def test_a_pick_is_its_members_in_its_guild_for_an_hour(db: Database) -> None:
    source = {"url": "https://cdn.example/boat.png", "poster_id": 7, "note": "Bötchen"}
    pick_id = await db.write(pictures.put_pick, GUILD, MEMBER, source, NOW)

    async def found(guild_id: int, user_id: int, at: int) -> object:
        return await db.read(pictures.find_pick, pick_id, guild_id, user_id, at)

    assert await found(GUILD, MEMBER, NOW) == source
    assert await found(GUILD, MEMBER, NOW + PICK_LIFE_S) == source
    assert await found(GUILD, MEMBER, NOW + PICK_LIFE_S + 1) is None
    assert await found(GUILD + 1, MEMBER, NOW) is None
    assert await found(GUILD, MEMBER + 1, NOW) is None
    assert await db.read(pictures.find_pick, "0" * 32, GUILD, MEMBER, NOW) is None


async def test_picks_cannot_be_guessed_and_old_ones_are_swept(db: Database) -> None:
    first = await db.write(pictures.put_pick, GUILD, MEMBER, {}, NOW)
    second = await db.write(pictures.put_pick, GUILD, MEMBER, {}, NOW)
    assert first != second
    assert len(first) == len(second) == 32
    await db.write(pictures.put_pick, GUILD, MEMBER, {}, NOW + PICK_LIFE_S + 1)
    count = "SELECT count(*) FROM pick"
    assert await db.read(lambda tx: tx.execute(count).fetchone()[0]) == 1
