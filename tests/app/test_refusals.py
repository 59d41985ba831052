"""What is refused before anything is held: one private sentence, no job, no request."""

import pytest

from playground.discord import NotPossibleError, fault
from tests.rig import Rig


async def _refused(play: Rig, *words: str, **options: object) -> None:
    before = len(play.discord.messages("videos"))
    said = await play.refusal(**options)  # type: ignore[arg-type]
    for word in words:
        assert word in said
    assert "Nothing was charged" in said or "under way" in said
    assert play.jobs_in() == []
    assert len(play.discord.messages("videos")) == before
    assert play.posts() == 0


async def test_an_empty_prompt_is_refused(play: Rig) -> None:
    await _refused(play, "in a few words", prompt=" \u200b \u202e ")


@pytest.mark.fault("H4")
async def test_an_over_long_prompt_is_refused_with_both_numbers(play: Rig) -> None:
    await _refused(play, "1,501", "1,500", "shorten it by 1", prompt="x" * 1501)


async def test_a_model_that_is_not_offered_is_refused(play: Rig) -> None:
    await _refused(play, "no model called", model="dall-e-3")


async def test_a_short_budget_is_refused_with_the_level_and_the_amounts(rig: Rig) -> None:
    rig.configure("budget", guild_tokens=10)
    await rig.start_bot()
    await _refused(
        rig, "10 are left of", "the host of this bot lets this server use: 10 tokens a month"
    )


@pytest.mark.fault("V31")
async def test_a_short_account_is_refused_and_names_no_other_server(rig: Rig) -> None:
    rig.box.balance = 20
    await rig.start_bot()
    await rig.balance_known()
    await _refused(rig, "up to 44 tokens, more than is left of the NeuralBox account")


@pytest.mark.fault("C9")
async def test_a_channel_without_permissions_is_refused_with_their_names(play: Rig) -> None:
    await _refused(play, "Send Messages", "Attach Files", channel="quiet")


async def test_a_direct_message_has_no_video_command(play: Rig) -> None:
    with pytest.raises(NotPossibleError):
        await play.ask(channel="dm")


@pytest.mark.fault("H18")
async def test_a_command_that_comes_from_a_direct_message_all_the_same_is_refused(
    play: Rig,
) -> None:
    play.discord.script(fault("POST", r"/interactions/\d+/.*/callback", status=404))
    interaction = await play.discord.slash("video", prompt="  \u200b ")
    await play.eventually(lambda: not play.discord.parts.faults.faults)
    payload = interaction.payload
    payload["user"] = payload.pop("member")["user"]
    del payload["guild_id"]
    payload.pop("guild", None)
    payload |= {"context": 1, "authorizing_integration_owners": {"0": "0"}}
    payload["data"]["options"] = [{"name": "prompt", "type": 3, "value": "a boat"}]
    play.discord.replay(interaction)
    answer = await interaction.answer()
    assert answer.ephemeral
    assert answer.message is not None
    assert "in a server channel" in answer.message.content
    assert play.jobs_in() == []


@pytest.mark.fault("H21")
async def test_a_member_with_too_many_unfinished_videos_is_refused(rig: Rig) -> None:
    rig.configure("limits", unfinished_per_member=2)
    await rig.start_bot()
    for _ in range(2):
        await rig.card()
    said = await rig.refusal()
    assert "You have 2 unfinished videos already" in said
    assert len(rig.jobs_in()) == 2
    await rig.card(member="Cleo")


@pytest.mark.fault("H21")
async def test_a_member_who_asks_too_fast_is_told_when_to_try_again(rig: Rig) -> None:
    rig.configure("limits", commands_per_minute=2)
    await rig.start_bot()
    for _ in range(2):
        await rig.card()
    assert "<t:" in await rig.refusal()
    await rig.clock.advance(61)
    await rig.card()


@pytest.mark.fault("D7")
async def test_a_full_disk_takes_nothing_new(rig: Rig) -> None:
    rig.configure("storage", min_free_mib=1_000_000)
    await rig.start_bot()
    await _refused(rig, "short of disk space")


async def test_models_are_offered_from_memory_with_price_and_usual_wait(play: Rig) -> None:
    await play.refreshed()
    asked = len(play.box.requests)
    choices = await play.discord.autocomplete("video", "model", "kling")
    assert [choice["value"] for choice in choices] == ["kling-v2.1", "kling-v2.1-pro"]
    assert all("tokens" in choice["name"] and " s" in choice["name"] for choice in choices)
    everything = await play.discord.autocomplete("video", "model", "")
    assert len(everything) == 8
    assert play.box.requests[asked:] == []


@pytest.mark.fault("V32")
async def test_a_model_nobody_prices_is_not_offered_and_hides_no_other(rig: Rig) -> None:
    rig.configure("video", models=["kling-v2.1", "kling-v21"])
    await rig.start_bot()
    choices = await rig.discord.autocomplete("video", "model", "")
    assert [choice["value"] for choice in choices] == ["kling-v2.1"]
    await _refused(rig, "price of kling-v21 is not known yet", model="kling-v21")


async def test_help_is_private_and_tells_prices_limits_and_what_is_left(play: Rig) -> None:
    answer = await (await play.discord.slash("help")).answer()
    assert answer.ephemeral
    assert answer.message is not None
    embed = answer.message.embeds[0]
    assert "</video:" in embed["description"]
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    models = fields["Models · price for 5 to 10 seconds"]
    assert "Kling 2.1" in models
    assert "tokens" in models
    assert fields["Left for you here"] == "500 tokens"
