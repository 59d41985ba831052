"""The smaller video that is offered: it fits, it costs less, and there is one if anything fits."""

from hypothesis import given
from hypothesis import strategies as st

from jobs.cheaper import Priced, cheaper
from models import LENGTHS_S, Order, VideoRequest

MODELS = ("kling", "luma", "sora", "veo")
AMOUNTS = st.integers(1, 400)
PRICES = st.dictionaries(
    st.tuples(st.sampled_from(MODELS), st.sampled_from(LENGTHS_S)), AMOUNTS, max_size=8
)


def _order(model: str, duration_s: int) -> Order:
    return Order(VideoRequest("a boat", model, duration_s, "16:9"), is_spoiler=True)


def _offered(prices: dict[tuple[str, int], int]) -> list[Priced]:
    return [Priced(model, duration_s, tokens) for (model, duration_s), tokens in prices.items()]


@given(PRICES, st.sampled_from(MODELS), st.sampled_from(LENGTHS_S), AMOUNTS, st.integers(-9, 400))
def test_what_is_offered_fits_costs_less_and_is_missing_only_when_nothing_fits(
    prices: dict[tuple[str, int], int], model: str, duration_s: int, tokens: int, at_most: int
) -> None:
    order = _order(model, duration_s)
    found = cheaper(order, tokens, _offered(prices), at_most)
    fitting = {
        what: price
        for what, price in prices.items()
        if price <= at_most and price < tokens and what[1] <= duration_s
    }
    if found is None:
        assert not fitting
        return
    smaller, price = found
    what = (smaller.request.model, smaller.request.duration_s)
    assert fitting[what] == price
    if what[0] != model:
        assert not any(other == model for other, _length in fitting)
        assert price == max(fitting.values())
    assert smaller.request.prompt == order.request.prompt
    assert smaller.is_spoiler


def test_the_own_model_comes_first_however_dear_others_are() -> None:
    prices = [Priced("veo", 5, 60), Priced("kling", 5, 20), Priced("luma", 10, 70)]
    found = cheaper(_order("kling", 10), 80, prices, 75)
    assert found is not None
    assert (found[0].request.model, found[0].request.duration_s, found[1]) == ("kling", 5, 20)


def test_of_equally_dear_ones_the_longest_is_offered_and_then_the_hosts_first() -> None:
    prices = [Priced("veo", 5, 60), Priced("luma", 10, 60), Priced("sora", 10, 60)]
    found = cheaper(_order("kling", 10), 80, prices, 75)
    assert found is not None
    assert (found[0].request.model, found[0].request.duration_s) == ("luma", 10)


def test_what_costs_the_same_is_no_help() -> None:
    assert cheaper(_order("kling", 10), 88, [Priced("kling", 5, 88)], 500) is None


def test_a_longer_video_is_never_offered() -> None:
    assert cheaper(_order("kling", 5), 88, [Priced("luma", 10, 20)], 500) is None
