"""One thing that cannot be asked for keeps no other from being asked for."""

from playground.neuralbox import faults
from tests.rig import Rig

DAY_S = 86_400


async def test_a_balance_that_cannot_be_read_keeps_no_price_from_being_renewed(rig: Rig) -> None:
    refusal = {"error": "bad_request", "message": "no balance today", "details": {}}
    rig.box.script(faults.status(400, body=refusal, on=faults.BALANCE, times=None))
    await rig.start_bot()
    await rig.run_until(lambda: bool(_asked(rig, faults.BALANCE)))
    await rig.run_until(lambda: bool(_asked(rig, faults.PRICE)), 2 * DAY_S, 900)


def _asked(rig: Rig, what: faults.Match) -> int:
    return sum(what.fits(one.method, one.path, None) for one in rig.box.requests)
