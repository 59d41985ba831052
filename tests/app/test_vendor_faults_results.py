"""Where a finished video is said to be, and what comes from there: V30."""

from contextlib import AsyncExitStack

import pytest

from models import State
from playground.neuralbox import faults
from playground.neuralbox.faults import Fault
from tests.app.wide import held, wide
from tests.neuralbox.canary import Canary
from tests.rig import Rig

pytestmark = pytest.mark.long

__all__ = ["wide"]

HOUR_S = 3600
ADDRESSES = {
    "plain http": "http://cdn.example.com/1.mp4",
    "a foreign host": "https://cdn.example.com/1.mp4",
    "another port of this machine": "http://127.0.0.1:{port}/1.mp4",
    "a private address": "https://[::ffff:127.0.0.1]:{port}/1.mp4",
    "a name of this machine": "http://localhost:{port}/1.mp4",
    "somebody in front of the host": "http://{origin}@127.0.0.1:{port}/1.mp4",
    "a file of this machine": "file:///etc/passwd",
}


@pytest.mark.fault("V30")
async def test_an_address_that_is_not_the_vendors_is_booked_and_not_asked(wide: Rig) -> None:
    async with Canary() as canary:
        origin = wide.box.origin.removeprefix("http://")
        urls = [url.format(port=canary.port, origin=origin) for url in ADDRESSES.values()]
        wide.box.script(*map(faults.result_url, urls))
        cards = {what: await wide.card(what) for what in ADDRESSES}
        for what, card in cards.items():
            done = await wide.finished(card, 2 * HOUR_S, 15)
            assert done.files == [], what
            assert "example.com" not in str(done.embeds), what
            assert str(canary.port) not in str(done.embeds), what
            assert wide.job_of(card).state is State.COMPLETED, what
            assert held(wide, card) == 0, what
        assert canary.hits == 0
    assert wide.account("org").spent_tokens == wide.box.charged_total > 0
    assert len(wide.box.generations) == len(ADDRESSES)


MIB = 1024 * 1024


@pytest.mark.fault("V30")
@pytest.mark.parametrize("kind", ["a redirect", "too large", "no video", "empty"])
async def test_what_is_no_video_is_neither_kept_nor_shown(rig: Rig, kind: str) -> None:
    rig.configure("neuralbox", max_result_mib=1)
    async with AsyncExitStack() as stack:
        canary = await stack.enter_async_context(Canary())
        to_canary = {"Location": f"http://127.0.0.1:{canary.port}/1.mp4"}
        page = b"<html><script>alert(1)</script></html>"
        fault: Fault = {
            "a redirect": faults.status(302, "", headers=to_canary, on=faults.FILE, times=None),
            "too large": faults.file_size(3 * MIB, on=faults.CREATE),
            "no video": faults.junk(page, content_type="video/mp4", on=faults.FILE, times=None),
            "empty": faults.junk(b"", content_type="video/mp4", on=faults.FILE, times=None),
        }[kind]
        await rig.start_bot()
        await rig.refreshed()
        rig.box.script(fault)
        card = await rig.card()
        done = await rig.finished(card, 4 * HOUR_S, 15)
        assert canary.hits == 0
    assert done.files == []
    assert list((rig.data / "videos").iterdir()) == []
    assert rig.job_of(card).state is State.COMPLETED
    assert rig.account("org").spent_tokens == rig.box.charged_total > 0
    rig.sound()


@pytest.mark.fault("V30")
async def test_for_an_address_that_ran_out_a_fresh_one_is_asked_for(wide: Rig) -> None:
    wide.box.script(faults.status(403, "expired", on=faults.FILE))
    card = await wide.card()
    await wide.eventually(lambda: wide.job_of(card).state is State.PENDING)
    done = await wide.finished(card, HOUR_S, 15)
    assert len(done.files) == 1
    assert [seen.status for seen in wide.box.file_requests] == [403, 200]
