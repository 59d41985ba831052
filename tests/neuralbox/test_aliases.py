"""One model, several published slugs."""

from neuralbox import family, other_spelling


def test_the_fast_luma_model_has_two_spellings() -> None:
    assert other_spelling("luma-flash2") == "luma-ray2-flash"
    assert other_spelling("luma-ray2-flash") == "luma-flash2"
    assert family("luma-flash2") == family("luma-ray2-flash")


def test_both_midjourney_qualities_may_go_by_one_slug() -> None:
    assert other_spelling("mj-video-480p") == "midjourney-video"
    assert other_spelling("mj-video-720p") == "midjourney-video"
    slugs = ("mj-video-480p", "mj-video-720p", "midjourney-video")
    assert len({family(slug) for slug in slugs}) == 1


def test_the_slug_without_a_quality_falls_back_to_the_cheaper_one() -> None:
    assert other_spelling("midjourney-video") == "mj-video-480p"


def test_a_model_with_one_spelling_is_its_own_family() -> None:
    assert other_spelling("kling-v2.1") is None
    assert family("kling-v2.1") == "kling-v2.1"
    assert family("kling-v2.1-pro") != family("kling-v2.1")
