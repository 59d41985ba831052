"""NeuralBox away for six hours, Discord for three, and both at once; the long form is a program.

`python -m tests.outages --long` plays the same with many more jobs, and with kills.
"""

from pathlib import Path

import pytest

from playground.clock import FakeClock
from tests.app.hands import roomy
from tests.outages.story import BOTH, DISCORD, HOUR_S, VENDOR, Away, live_through, moments
from tests.rig import Rig

pytestmark = pytest.mark.long


@pytest.mark.fault("C6")
@pytest.mark.fault("V19")
@pytest.mark.parametrize(
    "aways", [VENDOR, DISCORD, BOTH], ids=["vendor 6 h", "discord 3 h", "both, overlapping"]
)
async def test_an_outage_of_hours_loses_doubles_and_gives_back_nothing(
    tmp_path: Path, request: pytest.FixtureRequest, aways: tuple[Away, ...]
) -> None:
    async with Rig.open(tmp_path, request.node.name[:60], FakeClock()) as rig:
        roomy(rig)
        await rig.start_bot()
        await rig.refreshed()
        facts = await live_through(rig, aways, moments(8, 8 * HOUR_S, seed=6), step_s=600)
        assert facts.jobs == 8
        assert facts.made >= 4
