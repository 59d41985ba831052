"""Many members at once: exact budgets, fair turns, caps."""

import asyncio
from collections import Counter

import pytest

from models import State
from tests.rig import Rig

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _no_real_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord's limits and members' patience run in real time; here hours pass in seconds.

    The vendor's plan is the unlimited one: what a small plan does to a crowd is not asked here.
    """
    rig.discord.rate_limits = False
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", PATIENCE_S)
    monkeypatch.setattr("jobs.patience.ORDER_PATIENCE_S", PATIENCE_S)
    rig.box.allowance.limit_hour = rig.box.allowance.limit_day = None


@pytest.mark.fault("H23")
async def test_two_hundred_commands_on_a_budget_for_ten_hold_exactly_ten(rig: Rig) -> None:
    rig.configure("budget", guild_tokens=440)
    rig.configure("limits", unfinished_per_guild=1000)
    await rig.start_bot()
    await rig.refreshed()
    guild = next(iter(rig.discord.world.guilds.values()))
    names = [f"Member {n}" for n in range(200)]
    for name in names:
        rig.discord.add_member(name, guild=guild)
    # On a busy machine a refusal may come after a public sign of waiting, which is taken away.
    asking = (rig.discord.slash("video", prompt=f"boat {n}", member=n) for n in names)
    asked = await asyncio.gather(*asking)
    said = await asyncio.gather(*(one.final(timeout=PATIENCE_S) for one in asked))
    public = [message for message in said if message.ephemeral_for is None]
    private = [message for message in said if message.ephemeral_for is not None]
    assert (len(public), len(private)) == (10, 190)
    assert all("lets this server use" in message.content for message in private)
    assert rig.guild_account().held_tokens <= 440
    assert len(rig.jobs_in()) == 10
    for message in public:
        await rig.finished(message)
    assert rig.posts() == len(rig.box.generations) == 10
    rig.sound()


async def test_a_flooding_guild_does_not_hold_up_another(rig: Rig) -> None:
    rig.configure("limits", in_flight_total=2, in_flight_per_guild=2, in_flight_per_member=2)
    rig.configure("budget", guild_tokens=0)
    await rig.start_bot()
    flood = [
        await rig.card(f"flood {n}", member=m) for n in range(3) for m in ("Ada", "Ben", "Cleo")
    ]
    quiet = await rig.card("quiet", member="Dora", guild="Second Server")
    await rig.finished(quiet)
    unfinished = [card for card in flood if not rig.job_of(card).state.is_final]
    assert len(unfinished) >= 5, "the other guild did not wait for the whole flood"
    for card in flood:
        await rig.finished(card)
    rig.sound()


async def test_a_server_that_the_host_gave_more_turns_has_them(rig: Rig) -> None:
    second = rig.discord.world.guild("Second Server")
    rig.configure("limits", in_flight_total=1, guild_weights={str(second.id): 2})
    rig.configure("budget", guild_tokens=0)
    await rig.start_bot()
    await rig.refreshed()
    cards = [await rig.card("the one that goes at once", member="Ada")]
    for n in range(3):
        cards.append(await rig.card(f"first {n}", member="Ben"))
        await rig.settle()  # a card tells its place by who stands in line already
    for n in range(4):
        cards.append(await rig.card(f"second {n}", member="Dora", guild="Second Server"))
        await rig.settle()
    told = [card.embeds[0]["title"].rpartition(" ")[2] for card in cards[4:]]
    for card in cards:
        await rig.finished(card)
    in_turn = sorted(map(rig.job_of, cards), key=lambda job: job.submit_at or 0)
    letters = "".join("s" if job.guild_id == second.id else "f" for job in in_turn[1:])
    assert letters == "sfssfsf"
    # Nobody asked after them, so each went in the very place that its card told at first.
    assert told == [str(place) for place, letter in enumerate(letters, 1) if letter == "s"]
    rig.sound()


async def test_no_cap_in_flight_is_ever_exceeded(rig: Rig) -> None:
    rig.configure("limits", in_flight_total=3, in_flight_per_guild=3, in_flight_per_member=1)
    rig.configure("budget", guild_tokens=0)
    await rig.start_bot()
    cards = [await rig.card(f"{n}", member=m) for n in range(3) for m in ("Ada", "Ben", "Cleo")]
    seen: list[Counter[int]] = []

    def all_done() -> bool:
        busy = rig.jobs_in(State.SUBMITTING, State.UNKNOWN, State.PENDING)
        seen.append(Counter(job.user_id for job in busy))
        return all(rig.pings(card) for card in cards)

    await rig.run_until(all_done)
    assert max(sum(count.values()) for count in seen) == 3
    assert max(max(count.values(), default=0) for count in seen) == 1
    rig.sound()


async def test_a_waiting_card_tells_its_place_and_moves_up(rig: Rig) -> None:
    rig.configure("limits", in_flight_total=1, in_flight_per_guild=1, in_flight_per_member=1)
    rig.configure("budget", guild_tokens=0)
    await rig.start_bot()
    first = await rig.card("first")
    await rig.eventually(lambda: rig.job_of(first).state is State.PENDING)
    second = await rig.card("second", member="Cleo")
    await rig.eventually(lambda: rig.job_of(second).state is State.QUEUED)
    third = await rig.card("third", member="Ada")
    assert "place 1" in second.embeds[0]["title"]
    assert "place 2" in third.embeds[0]["title"]
    await rig.finished(first)
    await rig.run_until(lambda: "place 1" in rig.shown(third).embeds[0]["title"])
    await rig.finished(third)
    assert rig.shown(third).edits <= 5
    rig.sound()
