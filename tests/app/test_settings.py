"""/settings over the wire: who may, what it answers, what then holds, and where it is on record."""

from typing import Any

import pytest

from playground.discord import NotPossibleError
from playground.discord.interactions import Interaction
from playground.discord.stage import Stage
from storage import choices
from storage.choices import GuildChoices
from tests.rig import Rig

SECOND = "Second Server"
EVERY_USE: dict[str, dict[str, Any]] = {
    "show": {},
    "pictures": {"whose": "own", "bots": False},
    "buttons": {"who": "moderators"},
    "spoilers": {"on": True},
    "pings": {"on": False},
    "mentions": {"on": False},
    "deliver": {"channel": "general"},
}


async def _use(
    play: Rig, subcommand: str, options: dict[str, Any] | None = None, **who: Any
) -> str:
    """Use a subcommand (Ada, in #videos, unless `who` says otherwise); return the answer."""
    who.setdefault("member", "Ada")
    interaction = await play.discord.slash(
        "settings", subcommand=subcommand, options=options or {}, **who
    )
    answer = await interaction.answer()
    assert answer.ephemeral
    assert answer.message is not None
    assert answer.message.notified == frozenset()
    return answer.message.content


async def _shown(play: Rig, **who: Any) -> dict[str, str]:
    who.setdefault("member", "Ada")
    interaction = await play.discord.slash("settings", subcommand="show", **who)
    answer = await interaction.answer()
    assert answer.ephemeral
    assert answer.message is not None
    assert answer.message.notified == frozenset()
    return play.fields(answer.message)


def _stored(play: Rig, guild: str | None = None) -> GuildChoices:
    guild_id = play.discord.world.guild(guild).id
    return play.read(lambda tx: choices.of_guild(tx, guild_id))


def _untouched(play: Rig) -> bool:
    return play.read(lambda tx: tx.execute("SELECT 1 FROM change").fetchone() is None)


def _registered(play: Rig) -> dict[str, Any]:
    return play.discord.parts.commands.find(play.guild_id, "settings", 1)


def _open_to_everyone(play: Rig) -> None:
    """What a server's admin may do under Integrations: let everybody use /settings."""
    _registered(play)["default_member_permissions"] = None


def _forge(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], *missing: str) -> None:
    """Let interactions arrive with other facts than the local Discord would write."""
    send = Stage.send

    def forged(self: Stage, interaction: Interaction) -> None:
        interaction.payload.update(changes)
        for key in missing:
            interaction.payload.pop(key, None)
        send(self, interaction)

    monkeypatch.setattr(Stage, "send", forged)


async def test_members_do_not_see_the_command(play: Rig) -> None:
    for subcommand, options in EVERY_USE.items():
        with pytest.raises(NotPossibleError, match="may not use"):
            await _use(play, subcommand, options, member="Ben")


async def test_where_a_server_shows_it_to_members_they_are_refused_in_code(play: Rig) -> None:
    _open_to_everyone(play)
    for subcommand, options in EVERY_USE.items():
        said = await _use(play, subcommand, options, member="Ben")
        assert "Manage Server" in said
        assert "Nothing was changed" in said
        assert "`/preferences`" in said
    assert _untouched(play)


async def test_a_member_who_may_manage_the_server_needs_no_more(play: Rig) -> None:
    play.discord.add_role("Caretakers", allow="manage_guild", members=["Cleo"])
    await _use(play, "pings", {"on": False}, member="Cleo")
    assert not _stored(play).pings


async def test_a_direct_message_has_no_settings(play: Rig) -> None:
    with pytest.raises(NotPossibleError):
        await _use(play, "show", channel="dm")


async def test_a_command_that_comes_from_a_direct_message_all_the_same_changes_nothing(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"id": str(play.discord.world.user("Ada").id), "username": "Ada", "discriminator": "0"}
    outside = {"user": user, "context": 1, "authorizing_integration_owners": {"0": "0"}}
    _forge(monkeypatch, outside, "member", "guild_id", "guild")
    for subcommand, options in EVERY_USE.items():
        if subcommand != "deliver":  # a channel option needs its server
            assert "in a server channel" in await _use(play, subcommand, options)
    assert _untouched(play)


async def test_an_app_that_only_its_user_installed_changes_nothing(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _forge(monkeypatch, {"authorizing_integration_owners": {"1": "1"}})
    assert "in a server channel" in await _use(play, "pings", {"on": False})
    assert _untouched(play)


async def test_an_admin_changes_their_own_server_and_no_other(play: Rig) -> None:
    await _use(play, "pictures", {"whose": "own"}, member="Dora", guild=SECOND)
    assert _stored(play, SECOND).pictures == "own"
    assert _stored(play) == GuildChoices()
    _open_to_everyone(play)
    with pytest.raises(NotPossibleError):
        await _use(play, "show", member="Dora")  # she is not even a member of the first


async def test_two_servers_do_not_see_each_others_settings_or_changes(play: Rig) -> None:
    await _use(play, "pictures", {"whose": "own"}, member="Dora", guild=SECOND)
    first = await _shown(play)
    assert first["Newest changes"] == "Nobody has changed anything yet."
    assert "anybody's" in first["Whose pictures (default)"]
    second = await _shown(play, member="Dora", guild=SECOND)
    assert "only pictures they posted themselves" in second["Whose pictures"]
    assert f"<@{play.discord.world.user('Dora').id}>" in second["Newest changes"]


async def test_at_first_everything_is_shown_in_words_as_a_default(play: Rig) -> None:
    fields = await _shown(play)
    assert list(fields) == [
        "Whose pictures (default)",
        "Pictures by bots (default)",
        "Buttons under a video (default)",
        "Pings (default)",
        "Mentions (default)",
        "Where videos go (default)",
        "Spoilers in this channel (default)",
        "Newest changes",
    ]
    assert all(value.endswith(".") for value in fields.values())


async def test_whose_pictures_is_answered_with_what_it_means_and_holds_at_once(play: Rig) -> None:
    said = await _use(play, "pictures", {"whose": "own", "bots": False})
    assert "only pictures they posted themselves" in said
    assert "bots and webhooks may not be animated" in said
    assert _stored(play) == GuildChoices(pictures="own", bots=False)
    said = await _use(play, "pictures", {"whose": "opt-in"})
    assert "members who said yes" in said
    assert "may not be animated" in said, "what was not named stays as it was"
    said = await _use(play, "pictures", {"whose": "anyone", "bots": True})
    assert said == (
        "Members may animate anybody's pictures, unless the poster said no with "
        "`/preferences pictures`. Pictures posted by bots and webhooks may be animated."
    )
    assert _stored(play) == GuildChoices()


async def test_buttons_pings_and_mentions_are_answered_with_what_they_mean(play: Rig) -> None:
    assert "Only moderators" in await _use(play, "buttons", {"who": "moderators"})
    assert "Only whoever asked" in await _use(play, "buttons", {"who": "requester"})
    assert "Nobody is mentioned" in await _use(play, "pings", {"on": False})
    assert "starts nothing" in await _use(play, "mentions", {"on": False})
    assert _stored(play) == GuildChoices(buttons="requester", pings=False, mentions=False)
    assert "whoever presses pays" in await _use(play, "buttons", {"who": "anyone"})
    assert "are mentioned" in await _use(play, "pings", {"on": True})
    assert "starts a video" in await _use(play, "mentions", {"on": True})
    assert _stored(play) == GuildChoices()


async def test_spoilers_are_set_here_or_in_the_channel_named(play: Rig) -> None:
    general, boats = (play.discord.world.channel(name).id for name in ("general", "boats"))
    assert f"<#{general}> are hidden" in await _use(
        play, "spoilers", {"on": True}, channel="general"
    )
    await _use(play, "spoilers", {"on": True, "channel": "boats"})
    for channel_id in (general, boats):
        assert play.read(lambda tx, at=channel_id: choices.is_spoiler_channel(tx, at))  # type: ignore[misc]
    videos = await _shown(play)
    assert "shown openly" in videos["Spoilers in this channel (default)"]
    assert f"Spoilers in <#{boats}>: off → **on**" in videos["Newest changes"]
    assert "behind a spoiler" in (await _shown(play, channel="general"))["Spoilers in this channel"]
    said = await _use(play, "spoilers", {"on": False, "channel": "boats"})
    assert f"<#{boats}> are shown openly" in said
    assert not play.read(lambda tx: choices.is_spoiler_channel(tx, boats))


async def test_videos_go_to_a_channel_or_thread_that_takes_them_and_back(play: Rig) -> None:
    for name in ("general", "boats"):
        channel_id = play.discord.world.channel(name).id
        assert f"<#{channel_id}>" in await _use(play, "deliver", {"channel": name})
        assert _stored(play).deliver_to == channel_id
    assert "where they were asked for" in await _use(play, "deliver")
    assert _stored(play).deliver_to is None


async def test_a_channel_the_bot_cannot_post_to_is_refused_with_what_is_missing(play: Rig) -> None:
    said = await _use(play, "deliver", {"channel": "quiet"})
    assert f"<#{play.discord.world.channel('quiet').id}>" in said
    assert "**Send Messages, Embed Links, Attach Files**" in said
    assert "Nothing was changed" in said
    play.discord.set_overwrite("videos", deny="send_messages_in_threads")
    assert "**Send Messages in Threads" in await _use(play, "deliver", {"channel": "boats"})
    assert _untouched(play)


async def test_a_thread_takes_videos_though_the_bot_may_not_speak_in_the_channel_around_it(
    play: Rig,
) -> None:
    play.discord.add_channel("talks", parent="quiet")
    play.discord.set_overwrite("quiet", deny="send_messages")
    said = await _use(play, "deliver", {"channel": "quiet"})
    assert "**Send Messages" in said
    said = await _use(play, "deliver", {"channel": "talks"})
    assert f"go to <#{play.discord.world.channel('talks').id}>" in said


async def test_a_channel_the_bot_does_not_see_or_that_is_shut_is_refused(play: Rig) -> None:
    play.discord.archive_thread("boats", archived=False, locked=True)
    assert "is locked" in await _use(play, "deliver", {"channel": "boats"})
    play.discord.archive_thread("boats")
    assert "archived" in await _use(play, "deliver", {"channel": "boats"})
    assert _untouched(play)


async def test_the_newest_changes_are_shown_with_who_from_to_and_when(play: Rig) -> None:
    ada = play.discord.world.user("Ada").id
    await _use(play, "pictures", {"whose": "own"})
    await play.clock.advance(90)
    await _use(play, "pictures", {"whose": "opt-in", "bots": False})
    await _use(play, "deliver", {"channel": "general"})
    now = int(play.clock.now())
    general = play.discord.world.channel("general").id
    assert (await _shown(play))["Newest changes"].splitlines() == [
        f"<@{ada}> · Where videos go: where asked → **<#{general}>** · <t:{now}:R>",
        f"<@{ada}> · Pictures by bots: on → **off** · <t:{now}:R>",
        f"<@{ada}> · Whose pictures: one's own → **where the poster said yes** · <t:{now}:R>",
        f"<@{ada}> · Whose pictures: anybody's → **one's own** · <t:{now - 90}:R>",
    ]


async def test_however_much_was_changed_the_answer_fits(play: Rig) -> None:
    for _ in range(8):
        for who in ("requester", "moderators"):
            await _use(play, "buttons", {"who": who})
    lines = (await _shown(play))["Newest changes"].splitlines()
    assert 5 < len(lines) < 16
    assert all(line.startswith("<@") and line.endswith(":R>") for line in lines)


async def test_what_was_chosen_outlives_a_restart(play: Rig) -> None:
    await _use(play, "pictures", {"whose": "own"})
    await play.restart_bot()
    assert "only pictures they posted themselves" in (await _shown(play))["Whose pictures"]
