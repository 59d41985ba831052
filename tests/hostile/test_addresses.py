"""Addresses that lead inside, for links and for results: how many were tried, and by which door."""

from pathlib import Path

import pytest

from media import Fetcher, FetchError
from tests.media.test_fetch_gate import HOSTILE
from tests.media.test_guard import NOT_PLAIN, NOT_PUBLIC
from tests.media.test_links import ON_443, WITH_PORT, Inward
from tests.neuralbox.canary import Canary


@pytest.mark.fault("H6")
@pytest.mark.fault("H9")
def test_enough_addresses_are_tried_at_every_door() -> None:
    assert len(set(HOSTILE)) >= 40, "result addresses"
    assert len(set(WITH_PORT)) >= 40, "links"
    assert len(set(ON_443)) >= 37, "links on the port that is allowed"
    assert len({*NOT_PUBLIC, *NOT_PLAIN}) >= 37, "forms at the socket"
    forms = " ".join((*NOT_PUBLIC, *NOT_PLAIN, *ON_443))
    for form in ("2130706433", "0177.", "0x7f", "127.1", "::ffff:", "64:ff9b", "2002:", "2001:0:"):
        assert form in forms, form


@pytest.mark.fault("H7")
async def test_a_storage_whose_name_comes_to_lead_inside_gets_no_socket(tmp_path: Path) -> None:
    """Listed, over https, on its port: only the address that is dialled can tell."""
    async with Canary() as canary:
        answers = [
            ("127.0.0.1",),
            ("10.0.0.1", "127.0.0.1"),
            ("::1", "::ffff:127.0.0.1"),
            ("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "::127.0.0.1"),
            ("169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - refused, not bound
        ]
        for answer in answers:  # each anew: a session remembers for a while what a name led to
            resolver = Inward(canary.port, [answer])
            origins = ["https://storage.neuralbox.top"]
            async with Fetcher(origins, timeout_s=5, resolver=resolver) as fetcher:
                with pytest.raises(FetchError):
                    await fetcher.download(f"{origins[0]}/1.mp4", tmp_path)
            assert resolver.asked == 1
    assert canary.hits == 0
    assert list(tmp_path.iterdir()) == []
