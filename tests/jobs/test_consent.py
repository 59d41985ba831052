"""Whose picture may be animated: every rule with every answer of every kind of poster."""

import pytest

from errors import NotAllowedError
from jobs.consent import require_consent
from storage.choices import Consent, GuildChoices, PicturePolicy

ME, BEN, ROBOT = 1, 2, 3

# What the poster said: "server" (nothing), "yes", "no"; True when it may be animated.
OTHERS: dict[PicturePolicy, dict[Consent, bool]] = {
    "anyone": {"server": True, "yes": True, "no": False},
    "own": {"server": False, "yes": False, "no": False},
    "opt-in": {"server": False, "yes": True, "no": False},
}
MATRIX = [
    (policy, consent, is_allowed)
    for policy, answers in OTHERS.items()
    for consent, is_allowed in answers.items()
]


def _sentence(
    choices: GuildChoices, consent: Consent, poster_id: int | None, *, poster_is_bot: bool = False
) -> str | None:
    """Return why not, or None when it may be animated."""
    try:
        require_consent(choices, consent, ME, poster_id=poster_id, poster_is_bot=poster_is_bot)
    except NotAllowedError as error:
        return str(error)
    return None


@pytest.mark.parametrize(("policy", "consent", "is_allowed"), MATRIX)
@pytest.mark.parametrize("bots", [True, False])
def test_another_members_picture_goes_by_the_rule_and_by_what_they_said(
    policy: PicturePolicy, consent: Consent, is_allowed: bool, bots: bool
) -> None:
    said = _sentence(GuildChoices(pictures=policy, bots=bots), consent, BEN)
    assert (said is None) == is_allowed
    if said is not None:
        assert "Nothing was charged" in said
        assert "attach it to `/video`" in said


@pytest.mark.parametrize(("policy", "consent", "_is_allowed"), MATRIX)
@pytest.mark.parametrize("bots", [True, False])
def test_ones_own_picture_may_always_be_animated(
    policy: PicturePolicy, consent: Consent, _is_allowed: bool, bots: bool
) -> None:
    assert _sentence(GuildChoices(pictures=policy, bots=bots), consent, ME) is None


@pytest.mark.parametrize(("policy", "consent", "_is_allowed"), MATRIX)
@pytest.mark.parametrize("bots", [True, False])
@pytest.mark.parametrize("poster_id", [ROBOT, None])
def test_a_bots_picture_goes_by_the_choice_for_bots_alone(
    policy: PicturePolicy,
    consent: Consent,
    _is_allowed: bool,
    bots: bool,
    poster_id: int | None,
) -> None:
    choices = GuildChoices(pictures=policy, bots=bots)
    assert (_sentence(choices, consent, poster_id, poster_is_bot=True) is None) == bots


@pytest.mark.parametrize(("policy", "consent", "_is_allowed"), MATRIX)
def test_a_link_tells_no_poster_so_it_is_taken_only_where_anyones_is(
    policy: PicturePolicy, consent: Consent, _is_allowed: bool
) -> None:
    said = _sentence(GuildChoices(pictures=policy), consent, None)
    assert (said is None) == (policy == "anyone")


def test_each_refusal_says_what_stands_in_the_way_and_names_nobody() -> None:
    no = _sentence(GuildChoices(), "no", BEN)
    assert no == (
        "Whoever posted this picture does not want it animated. Nothing was charged. "
        "You can animate a picture of your own: attach it to `/video`."
    )
    opt_in = _sentence(GuildChoices(pictures="opt-in"), "server", BEN) or ""
    assert "`/preferences pictures`" in opt_in
    own = _sentence(GuildChoices(pictures="own"), "server", BEN) or ""
    assert "only animate pictures you posted yourself" in own
    link = _sentence(GuildChoices(pictures="own"), "server", None) or ""
    assert "a link does not tell" in link
    bots = _sentence(GuildChoices(bots=False), "server", ROBOT, poster_is_bot=True) or ""
    assert "bots and webhooks" in bots


def test_where_only_ones_own_count_nobody_learns_what_the_poster_chose() -> None:
    choices = GuildChoices(pictures="own")
    assert _sentence(choices, "no", BEN) == _sentence(choices, "server", BEN)
