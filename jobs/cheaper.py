"""The smaller video that is offered in the place of one that is too dear."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from models import Order


@dataclass(frozen=True, slots=True)
class Priced:
    """What one model asks for one length, in tokens."""

    model: str
    duration_s: int
    tokens: int


def cheaper(
    order: Order, tokens: int, prices: Iterable[Priced], at_most: int
) -> tuple[Order, int] | None:
    """Return the best smaller variant of an order that costs `tokens`, with its price, or None.

    It costs less than the order and `at_most` tokens: the same model with the longest shorter
    length, else the dearest of what other models ask for the same length or a shorter one, the
    longest and then the first of equals. `prices` are of models that take the order as it is.
    """
    request = order.request
    fitting = [
        one
        for one in prices
        if one.tokens <= at_most and one.tokens < tokens and one.duration_s <= request.duration_s
    ]
    own = [one for one in fitting if one.model == request.model]
    if own:
        best = max(own, key=lambda one: one.duration_s)
    elif fitting:
        best = max(fitting, key=lambda one: (one.tokens, one.duration_s))
    else:
        return None
    return varied(order, best), best.tokens


def varied(order: Order, to: Priced) -> Order:
    """Return the order with another model and length."""
    request = replace(order.request, model=to.model, duration_s=to.duration_s)
    return replace(order, request=request, promise=None)
