from collections.abc import Awaitable, Callable

import pytest

from playground.discord import LocalDiscord
from tests.playground.discord.client import Api, Json

Send = Callable[..., Awaitable[Json]]


@pytest.fixture(autouse=True)
def without_limits(local: LocalDiscord) -> None:
    local.rate_limits = False


def ids(local: LocalDiscord, *names: str) -> list[int]:
    return [local.world.user(name).id for name in names]


def mentioned(got: Json) -> set[int]:
    return {int(user["id"]) for user in got["mentions"]}


async def test_plain_messages_mention_people_and_roles_unless_told_otherwise(
    local: LocalDiscord, api: Api
) -> None:
    ben, cleo = ids(local, "Ben", "Cleo")
    role = local.add_role("Fans", members=["Cleo"])
    role.mentionable = True
    text = f"<@{ben}> <@!{ben}> <@&{role.id}> @everyone"
    got = (await api.send(content=text)).json
    assert mentioned(got) == {ben}
    assert got["mention_roles"] == [str(role.id)]
    assert local.world.message(got["id"]).notified == {ben, cleo}
    silent = (await api.send(content=text, allowed_mentions={"parse": []})).json
    assert (mentioned(silent), silent["mention_roles"]) == (set(), [])
    assert local.world.message(silent["id"]).notified == frozenset()


async def test_everyone_needs_the_permission(local: LocalDiscord, api: Api) -> None:
    assert (await api.send(content="@everyone")).json["mention_everyone"] is False
    local.set_overwrite("videos", allow="mention_everyone")
    got = (await api.send(content="@everyone")).json
    assert got["mention_everyone"] is True
    assert len(local.world.message(got["id"]).notified) == 3


async def test_only_the_listed_people_are_pinged(local: LocalDiscord, api: Api) -> None:
    ben, cleo = ids(local, "Ben", "Cleo")
    allowed = {"parse": [], "users": [str(cleo)]}
    got = (await api.send(content=f"<@{ben}> <@{cleo}>", allowed_mentions=allowed)).json
    assert mentioned(got) == {cleo}


async def test_an_edit_without_allowed_mentions_falls_back_to_the_defaults(
    local: LocalDiscord, api: Api
) -> None:
    (ben,) = ids(local, "Ben")
    sent = (await api.send(content=f"<@{ben}>", allowed_mentions={"parse": []})).json
    assert mentioned(sent) == set()
    edited = (await api.edit(sent["id"], content=f"<@{ben}> again")).json
    assert mentioned(edited) == {ben}
    assert local.world.message(sent["id"]).notified == frozenset(), "an edit notifies nobody"


async def test_interaction_answers_mention_people_only(local: LocalDiscord, api: Api) -> None:
    (ben,) = ids(local, "Ben")
    role = local.add_role("Fans", members=["Cleo"])
    local.set_overwrite("videos", allow="mention_everyone")
    await api.register({"name": "hi", "description": "Hi"})
    sent = await local.slash("hi")
    text = f"<@{ben}> <@&{role.id}> @everyone"
    got = (await api.answer(sent, 4, {"content": text})).json["resource"]["message"]
    assert mentioned(got) == {ben}
    assert (got["mention_roles"], got["mention_everyone"]) == ([], False)


async def test_embeds_mention_nobody(local: LocalDiscord, api: Api) -> None:
    (ben,) = ids(local, "Ben")
    got = (await api.send(embeds=[{"title": "x", "description": f"<@{ben}>"}])).json
    assert mentioned(got) == set()


async def test_a_reply_pings_its_author_unless_told_not_to(local: LocalDiscord, api: Api) -> None:
    target = await local.say("look")
    reference = {"message_id": str(target.id)}
    loud = (await api.send(content="re", message_reference=reference)).json
    assert mentioned(loud) == {target.author_id}
    without: list[Json] = [{"parse": []}, {"parse": [], "replied_user": False}]
    for allowed in without:
        quiet = await api.send(content="re", message_reference=reference, allowed_mentions=allowed)
        assert mentioned(quiet.json) == set()
