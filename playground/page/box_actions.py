"""The side panel's actions: the NeuralBox account, its faults, and the speed of time."""

from collections.abc import Awaitable, Callable

from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox
from playground.page.order import Order, Refused

MAX_SPEED = 120
MAX_TOKENS = 10_000_000

Action = Callable[[Order], Awaitable[dict[str, object]]]


def actions(box: LocalNeuralBox, clock: PlayClock) -> dict[str, Action]:
    """Return the actions by name."""

    async def speed(order: Order) -> dict[str, object]:
        clock.speed = _number(order, "speed", 0.1, MAX_SPEED)
        return {}

    async def switch(order: Order) -> dict[str, object]:
        try:
            box.set_switch(order.text("name"), bool(order.body.get("on")))
        except ValueError as error:
            raise Refused(str(error)) from None
        return {}

    async def finish(order: Order) -> dict[str, object]:
        try:
            generation = box.generations[order.text("id")]
            # It ends as it would have ended, only sooner: a failure that was ordered stays one.
            if generation.fails_with is None:
                box.finish(generation.id)
            else:
                box.fail(generation.id, generation.fails_with)
        except (KeyError, ValueError):
            raise Refused("This generation has ended already.") from None
        return {}

    async def balance(order: Order) -> dict[str, object]:
        box.balance = int(_number(order, "tokens", 0, MAX_TOKENS))
        return {}

    return {
        "clock": speed,
        "box/switch": switch,
        "box/finish": finish,
        "box/balance": balance,
    }


def _number(order: Order, name: str, least: float, most: float) -> float:
    value = order.body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise Refused(f"{name} must be a number from {least:g} to {most:g}")
    return value
