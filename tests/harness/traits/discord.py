"""What Discord does to the bot's answers, edits, messages and connections."""

from playground.discord import LocalDiscord, fault
from playground.neuralbox import LocalNeuralBox
from tests.harness.workload import Trait, Workload

TOKEN_LIFE_S = 900.0
CARD = r"^/channels/\d+/messages/\d+$"
CHANNEL = r"^/channels/\d+/messages$"
CALLBACK = r"^/interactions/\d+/.*/callback$"


def _lost_first_answers(work: Workload) -> None:
    """The card is out, or is not, and the bot is told nothing or an error."""
    work.discord_faults.append(
        work.rng.choice(
            (
                fault("POST", CALLBACK, drop=True, after_effect=True),
                fault("POST", CALLBACK, drop=True),
                fault("POST", CALLBACK, status=503, after_effect=True),
                fault("POST", CALLBACK, status=500),
            )
        )
    )


def _slow_first_answers(work: Workload) -> None:
    """The card is out, and the bot learns of it much later."""
    hold = work.rng.choice((1.0, 30.0, 200.0))
    work.discord_faults.append(fault("POST", CALLBACK, after_effect=True, hold=hold))


def _lost_edits(work: Workload) -> None:
    """Edits happen, or do not, and the bot is told an error."""
    _lose(work, 3, "PATCH", CARD, 0.6, (500, 503))


def _lost_pings(work: Workload) -> None:
    """Messages are made, or are not, and the bot is told an error."""
    _lose(work, 2, "POST", CHANNEL, 0.7, (500, 502, 503))


def _lose(
    work: Workload, times: int, method: str, path: str, made: float, codes: tuple[int, ...]
) -> None:
    for _ in range(times):
        is_made = work.rng.random() < made
        if work.rng.random() < 0.3:
            work.discord_faults.append(fault(method, path, drop=True, after_effect=is_made))
        else:
            status = work.rng.choice(codes)
            work.discord_faults.append(fault(method, path, status=status, after_effect=is_made))


def _discord_away(work: Workload) -> None:
    """Discord answers no request for a while."""
    begins, lasts = work.rng.choice((5.0, 20.0)), work.rng.choice((100.0, 900.0))
    work.outlasts_tokens |= lasts >= TOKEN_LIFE_S
    work.at(begins, lambda discord, _box: _put_down(discord, True))
    work.at(begins + lasts, lambda discord, _box: _put_down(discord, False))


def _put_down(discord: LocalDiscord, is_down: bool) -> None:
    discord.parts.rest.down = is_down


def _dropped_gateway(work: Workload) -> None:
    """The gateway's connection breaks, twice."""
    for at in (2.0, 30.0):
        work.at(at, lambda discord, _box: discord.parts.gateway.cut_all())


def _deleted_card(work: Workload) -> None:
    """Somebody deletes the card before the video is there."""

    def delete(discord: LocalDiscord, _box: LocalNeuralBox) -> None:
        for message in discord.messages():
            is_pending = "rb:cancel:" in str(message.components)
            if message.author.bot and is_pending and not message.deleted:
                discord.delete_message(message)

    work.at(15.0, delete)


TRAITS: dict[str, Trait] = {
    "lost first answers": _lost_first_answers,
    "slow first answers": _slow_first_answers,
    "lost edits": _lost_edits,
    "lost pings": _lost_pings,
    "discord away": _discord_away,
    "dropped gateway": _dropped_gateway,
    "deleted card": _deleted_card,
}
