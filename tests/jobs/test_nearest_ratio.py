"""The shape of a video that starts from a picture of any shape."""

import pytest

from jobs.pictures import nearest_ratio
from models import RATIOS


@pytest.mark.parametrize(
    ("width", "height", "ratio"),
    [
        (1920, 1080, "16:9"),
        (1080, 1920, "9:16"),
        (1000, 1000, "1:1"),
        (3000, 2000, "16:9"),
        (2000, 3000, "9:16"),
        (1340, 1000, "16:9"),
        (1330, 1000, "1:1"),
        (1000, 1340, "9:16"),
        (1000, 1330, "1:1"),
        (5000, 1000, "16:9"),
        (1000, 5000, "9:16"),
        (1, 1, "1:1"),
    ],
)
def test_a_picture_gets_the_offered_shape_nearest_to_its_own(
    width: int, height: int, ratio: str
) -> None:
    assert nearest_ratio(width, height) == ratio


@pytest.mark.parametrize("scale", [1, 7, 160, 256, 333, 400, 1008, 1365])
def test_a_cameras_four_to_three_lies_halfway_and_keeps_its_side(scale: int) -> None:
    assert nearest_ratio(4 * scale, 3 * scale) == "16:9"
    assert nearest_ratio(3 * scale, 4 * scale) == "9:16"


def test_a_picture_on_its_side_gets_the_shape_on_its_side() -> None:
    turned = {"16:9": "9:16", "9:16": "16:9", "1:1": "1:1"}
    assert set(turned) == set(RATIOS)
    for width in range(200, 1000, 7):
        assert nearest_ratio(600, width) == turned[nearest_ratio(width, 600)]
