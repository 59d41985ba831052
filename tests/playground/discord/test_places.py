"""Threads, direct messages, and channels and guilds that go away."""

from typing import Any

import pytest

from playground.discord import LocalDiscord, NotPossibleError
from tests.playground.discord.client import Api


@pytest.fixture(autouse=True)
async def commands(local: LocalDiscord, api: Api) -> None:
    local.rate_limits = False
    await api.register({"name": "hi", "description": "Hi"})


async def test_a_thread_has_its_own_permission_to_send(local: LocalDiscord, api: Api) -> None:
    assert (await api.send("boats", content="x")).status == 200
    local.set_overwrite("videos", deny="send_messages")
    assert (await api.send("boats", content="x")).status == 200
    local.set_overwrite("videos", deny="send_messages_in_threads")
    assert (await api.send("boats", content="x")).code == (403, 50013)
    assert (await api.send("videos", content="x")).status == 200


async def test_an_archived_thread_takes_no_edits_but_a_message_opens_it(
    local: LocalDiscord, api: Api
) -> None:
    sent = (await api.send("boats", content="x")).json["id"]
    local.archive_thread("boats")
    assert (await api.edit(sent, content="y")).code == (400, 50083)
    assert (await api.send("boats", content="again")).status == 200
    assert (await api.edit(sent, content="y")).status == 200
    local.archive_thread("boats", locked=True)
    assert (await api.send("boats", content="z")).code == (400, 50083)
    with pytest.raises(NotPossibleError):
        await local.say("z", channel="boats")


async def test_direct_messages_are_opened_once_and_may_be_closed(
    local: LocalDiscord, api: Api
) -> None:
    ben = local.world.user("Ben")
    opened = [
        (await api.ask("POST", "/users/@me/channels", {"recipient_id": str(ben.id)})).json
        for _ in range(2)
    ]
    assert opened[0] == opened[1]
    assert opened[0]["recipients"][0]["id"] == str(ben.id)
    channel = local.world.channel(opened[0]["id"])
    assert (await api.send(channel.id, content="x", embeds=[{"title": "x"}])).status == 200
    ben.dms_open = False
    assert (await api.send(channel.id, content="x")).code == (403, 50007)
    assert (await api.ask("POST", "/users/@me/channels", {"recipient_id": 5})).code[1] == 10013
    assert (await api.ask("POST", "/users/@me/channels", {})).code == (400, 50035)


async def test_a_persons_direct_message_cannot_be_deleted_by_the_bot(
    local: LocalDiscord, api: Api
) -> None:
    message = await local.say("hello", channel="dm")
    path = f"/channels/{message.channel_id}/messages/{message.id}"
    assert (await api.ask("DELETE", path)).code == (403, 50003)


async def test_a_deleted_channel_is_unknown_with_its_threads(local: LocalDiscord, api: Api) -> None:
    sent = (await api.send(content="x")).json
    thread = local.world.channel("boats")
    local.delete_channel("videos")
    for channel_id in (sent["channel_id"], thread.id):
        got = await api.ask("POST", f"/channels/{channel_id}/messages", {"content": "x"})
        assert got.code == (404, 10003)


async def test_without_the_bot_a_guild_is_out_of_reach_until_it_is_back(
    local: LocalDiscord, api: Api
) -> None:
    sent = (await api.send(content="x")).json["id"]
    local.remove_bot()
    assert (await api.edit(sent, content="y")).code == (403, 50001)
    assert (await api.ask("GET", f"/guilds/{local.world.first_guild.id}")).code == (403, 50001)
    with pytest.raises(NotPossibleError):
        await local.slash("hi")
    local.add_bot()
    assert (await api.edit(sent, content="y")).status == 200


async def test_guilds_channels_roles_and_members_can_be_looked_up(
    local: LocalDiscord, api: Api
) -> None:
    guild = local.world.first_guild
    base = f"/guilds/{guild.id}"
    assert (await api.ask("GET", f"{base}?with_counts=1")).json["approximate_member_count"] == 4
    names = [one["name"] for one in (await api.ask("GET", f"{base}/channels")).json]
    assert names == ["videos", "general", "quiet"]
    roles = [one["name"] for one in (await api.ask("GET", f"{base}/roles")).json]
    assert roles == ["@everyone", "Reelbox", "Admin"]
    ben = local.world.member("Ben", guild)
    assert (await api.ask("GET", f"{base}/members/{ben.id}")).json["user"]["id"] == str(ben.id)
    assert (await api.ask("GET", f"{base}/members/5")).code == (404, 10007)
    assert (await api.ask("GET", f"/users/{ben.id}")).json["global_name"] == "Ben"
    thread = (await api.ask("GET", f"/channels/{local.world.channel('boats').id}")).json
    assert (thread["type"], thread["thread_metadata"]["archived"]) == (11, False)
    assert (await api.ask("GET", "/oauth2/applications/@me")).json["owner"]["username"] == "ada"
    assert (await api.ask("GET", "/gateway")).json == {"url": local.gateway_url}


async def test_an_application_tells_its_owner_or_the_team_that_owns_it(
    local: LocalDiscord, api: Api
) -> None:
    async def told() -> dict[str, Any]:
        first = (await api.ask("GET", "/applications/@me")).json
        assert first == (await api.ask("GET", "/oauth2/applications/@me")).json
        return dict(first)

    app = await told()
    assert (app["owner"]["username"], app["team"]) == ("ada", None)
    local.give_application("Ben")
    assert (await told())["owner"]["id"] == str(local.world.user("Ben").id)
    roles = {"Ben": "developer", "Dora": "read_only"}
    local.give_application_to_team("Cleo", roles, invited=["Ben"])
    app = await told()
    team, owner = app["team"], app["owner"]
    assert (owner["id"], owner["username"]) == (team["id"], f"team{team['id']}")
    assert (owner["discriminator"], owner["flags"]) == ("0000", 1024)
    assert team["owner_user_id"] == str(local.world.user("Cleo").id)
    found = [(m["user"]["username"], m["role"], m["membership_state"]) for m in team["members"]]
    assert found == [("cleo", "admin", 2), ("ben", "developer", 1), ("dora", "read_only", 2)]
    assert {m["team_id"] for m in team["members"]} == {team["id"]}
    with pytest.raises(ValueError, match="owner"):
        local.give_application_to_team("Cleo", {"Ben": "owner"})


async def test_new_channels_and_threads_can_be_used_at_once(local: LocalDiscord, api: Api) -> None:
    made = local.add_channel("films")
    thread = local.add_channel("one", parent=made)
    for channel in (made, thread):
        assert (await api.send(channel, content="x")).status == 200
    names = [channel.name for channel in local.visible_channels("Ben")]
    assert names == ["videos", "general", "quiet", "boats", "films", "one"]
