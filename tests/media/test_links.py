"""An address that a member types leads to public hosts, to none inside, and only if allowed."""

import socket
import ssl
from collections.abc import Collection
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from errors import PictureRefusedError
from media import FetchFailedError, PictureGate, Studio
from tests.media.hostile import saved, scene
from tests.media.shelf import Shelf
from tests.media.test_fetch_gate import HOSTILE as HOSTILE_HTTP
from tests.neuralbox.canary import Canary

# With the canary's own port: what would reach it, were ports or schemes not looked at.
WITH_PORT = [
    *HOSTILE_HTTP,
    *(url.replace("http:", "https:", 1) for url in HOSTILE_HTTP if url.startswith("http:")),
    "file:///etc/passwd",
    "file://127.0.0.1:{port}/1.png",
    "data:image/png;base64,iVBORw0KGgo=",
    "ftp://127.0.0.1:{port}/1.png",
    "https://example.com:{port}/1.png",
    "https://example.com:80/1.png",
    "https://user:word@example.com/1.png",
    "https://example.com\\@127.0.0.1:{port}/1.png",
    "https://ｅxample.com:{port}/1.png",
    "https://127.0.0.1\t:{port}/1.png",
    "https://127.0.0.1:{port}/\r\nHost: inside",
    " https://127.0.0.1:{port}/1.png",
    "https://[::1",
    "https://",
    "",
    "x" * 5_000,
]

# On the port that is allowed: here only the address itself can tell.
ON_443 = [
    "127.0.0.1",
    "127.1",
    "127.0.0.1.",
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "0",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0x7f000001",
    "0x7f.1",
    "127.000.000.001",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "192.0.0.170",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fc00::1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[ff02::1]",
    "[2001:db8::1]",
    "localhost",
    "LOCALHOST",
]


class Inward(AbstractResolver):
    """Leads every name to these addresses, on the canary's port; asked again, to the next ones."""

    def __init__(self, port: int, answers: Collection[tuple[str, ...]]) -> None:
        self.port = port
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        inside = self.answers[self.asked % len(self.answers)]
        self.asked += 1
        return [
            {
                "hostname": host,
                "host": address,
                "port": self.port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in inside
        ]

    async def close(self) -> None:
        pass


def gate_for(
    kept: Path, shelf: Shelf, links: Collection[str], resolver: AbstractResolver | None = None
) -> PictureGate:
    return PictureGate(
        kept,
        Studio(),
        [shelf.origin],
        links=links,
        max_bytes=1_000_000,
        max_pixels=1_000_000,
        min_free_bytes=1,
        timeout_s=5,
        resolver=resolver,
    )


async def assert_refused(gate: PictureGate, url: str) -> None:
    with pytest.raises(PictureRefusedError) as raised:
        await gate.take_link(url)
    assert "must be a public one that begins with https://" in str(raised.value)


@pytest.mark.fault("H6")
@pytest.mark.fault("H10")
async def test_no_address_of_another_form_reaches_this_machine(shelf: Shelf, kept: Path) -> None:
    assert len(WITH_PORT) > 100
    async with Canary() as canary, gate_for(kept, shelf, ["*"]) as gate:
        for address in WITH_PORT:
            listed = shelf.origin.rpartition(":")[2]
            url = address.replace("{port}", str(canary.port)).replace("{listed}", listed)
            await assert_refused(gate, url)
    # Discord's origin is no link either, however much the host allows.
    assert (canary.hits, shelf.hits, list(kept.iterdir())) == (0, 0, [])


@pytest.mark.fault("H9")
@pytest.mark.parametrize("host", ON_443)
async def test_no_address_of_the_inside_gets_a_socket(shelf: Shelf, kept: Path, host: str) -> None:
    async with gate_for(kept, shelf, ["*"]) as gate:
        await assert_refused(gate, f"https://{host}/1.png")


@pytest.mark.fault("H7")
async def test_no_name_that_leads_inside_gets_a_socket(shelf: Shelf, kept: Path) -> None:
    async with Canary() as canary:
        # What a rebinding name does: another answer each time, and a list with many.
        answers = [("127.0.0.1",), ("10.0.0.1", "127.0.0.1"), ("::1", "::ffff:127.0.0.1")]
        resolver = Inward(canary.port, answers)
        async with gate_for(kept, shelf, ["*", "https://listed.example"], resolver) as gate:
            for _ in answers:
                await assert_refused(gate, "https://pictures.example/1.png")
                await assert_refused(gate, "https://listed.example/1.png")
                await assert_refused(gate, "https://xn--e1afmkfd.example/1.png")
        assert resolver.asked >= len(answers)
    assert canary.hits == 0


async def test_without_the_gate_the_same_name_would_reach_the_canary() -> None:
    async with Canary() as canary:
        connector = aiohttp.TCPConnector(resolver=Inward(canary.port, [("127.0.0.1",)]))
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises((aiohttp.ClientConnectorError, ssl.SSLError)):
                await session.get("https://pictures.example/1.png")
    assert canary.hits == 1


@pytest.mark.fault("H8")
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_to_the_inside_is_not_followed(
    shelf: Shelf, kept: Path, code: int
) -> None:
    async with Canary() as canary, gate_for(kept, shelf, [shelf.origin]) as gate:
        headers = {"Location": f"http://127.0.0.1:{canary.port}/1.png"}
        url = shelf.put(b"", headers, status=code)
        for take in (gate.take, gate.take_link):
            with pytest.raises(PictureRefusedError, match="leads on to another one"):
                await take(url)
    assert (canary.hits, shelf.hits) == (0, 2)


async def test_a_listed_origin_gives_its_pictures(shelf: Shelf, kept: Path) -> None:
    async with gate_for(kept, shelf, [shelf.origin]) as gate:
        assert gate.allows_links
        picture = await gate.take_link(shelf.put(saved(scene(), "PNG")))
        assert gate.path(picture).is_file()
        await assert_refused(gate, "https://example.com/1.png")


@pytest.mark.fault("H6")
async def test_links_are_off_unless_the_host_allows_some(shelf: Shelf, kept: Path) -> None:
    url = shelf.put(saved(scene(), "PNG"))
    async with gate_for(kept, shelf, []) as gate:
        assert not gate.allows_links
        with pytest.raises(PictureRefusedError, match="no picture by its address"):
            await gate.take_link(url)
        await gate.take(url)
        with pytest.raises(PictureRefusedError, match="not a file on Discord"):
            await gate.take("https://example.com/1.png?secret")
    assert shelf.hits == 1


async def test_a_host_that_is_not_there_may_be_later(shelf: Shelf, kept: Path) -> None:
    gone = "http://127.0.0.1:1"
    async with gate_for(kept, shelf, [gone]) as gate:
        with pytest.raises(FetchFailedError):
            await gate.take_link(f"{gone}/1.png")
