"""What a page reads when it opens, for each member."""

from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from tests.playground.page.browserless import Page


async def test_a_member_sees_their_servers_channels_and_commands(ben: Page, ada: Page) -> None:
    state = await ben.state()
    assert state["viewer"] == ben.member
    assert [guild["name"] for guild in state["guilds"]] == ["Reelbox Playground", "Second Server"]
    first = state["guilds"][0]
    assert {"videos", "general", "quiet", "boats"} == {c["name"] for c in first["channels"]}
    boats = next(c for c in first["channels"] if c["name"] == "boats")
    assert boats["thread"] is True
    assert [g["name"] for g in (await ada.state())["guilds"]] == ["Reelbox Playground"]
    assert set(state["commands"]) == {"dm", *(guild["id"] for guild in state["guilds"])}


async def test_without_a_member_the_page_acts_as_somebody_ordinary(ben: Page) -> None:
    async with ben.session.get(f"{ben.local.origin}/play/state") as answer:
        state = await answer.json()
    assert state["viewer"] == ben.member
    admins = {p["name"]: any(g["admin"] for g in p["guilds"]) for p in state["people"]}
    assert admins == {"Ada": True, "Ben": False, "Cleo": False, "Dora": True}


async def test_channels_a_member_may_not_view_are_left_out(
    ben: Page, ada: Page, local: LocalDiscord
) -> None:
    await ben.act("say", content="soon hidden", channel="general")
    local.set_overwrite("general", deny=["view_channel"], target=local.world.user("Ben"))
    state = await ben.state()
    assert "general" not in {c["name"] for c in state["guilds"][0]["channels"]}
    assert "soon hidden" not in str(state["messages"])
    assert "soon hidden" in str((await ada.state())["messages"])


async def test_the_vendors_side_and_the_clock_are_in_the_state(
    ben: Page, box: LocalNeuralBox
) -> None:
    box.add_foreign(prompt="somebody else's boat", tokens=44)
    state = await ben.state()
    assert state["clock"]["speed"] == 5.0
    assert state["box"]["generations"][0]["prompt"] == "somebody else's boat"
    assert state["box"]["balance"] == box.balance
    assert set(state["box"]["switches"]) == {
        "slow", "fail_next", "policy_next", "rate_limited", "lose_next_answer", "outage",
    }  # fmt: skip


async def test_ids_are_text_because_a_browser_cannot_hold_them_as_numbers(ben: Page) -> None:
    await ben.act("say", content="hello")
    [message] = (await ben.state())["messages"][str(ben.local.world.channel("videos").id)]
    assert isinstance(message["id"], str)
    assert isinstance(message["channel_id"], str)
    assert message["author"]["id"] == ben.member
