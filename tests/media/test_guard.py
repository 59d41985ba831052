"""Only public unicast addresses get a socket, in whatever notation the others come."""

import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from media import guard
from tests.neuralbox.canary import Canary
from tests.neuralbox.support import patient

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.254",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "2001:4860:4860::8888",
]

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fe80::1%lo",
    "2606:4700:4700::1111%lo",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]

NOT_PLAIN = [
    "",
    "localhost",
    "127.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "8.8.8.8 ",
    "8.8.8.8\n",
    "8.8.8",
    "8.8.8.8/32",
    "[2606:4700:4700::1111]",
    "8.8.8.08",
    "\uff18.8.8.8",
    "example.com",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through(address: str) -> None:
    assert guard.is_public(address)


@pytest.mark.fault("H9")
@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_unicast_is_refused(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.fault("H9")
@pytest.mark.parametrize("address", NOT_PLAIN)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    assert not guard.is_public(address)


@patient
@given(st.ip_addresses(v=6))
def test_no_ipv6_outside_the_unicast_block_is_public(address: object) -> None:
    if not str(address).startswith(("2", "3")):
        assert not guard.is_public(str(address))


@patient
@given(st.text())
def test_no_text_makes_the_check_raise(text: str) -> None:
    guard.is_public(text)


async def guarded_get(url: str) -> None:
    connector = aiohttp.TCPConnector(socket_factory=guard.public_only)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url):
        pass


@pytest.mark.fault("H9")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "localhost",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
async def test_no_spelling_of_this_machine_reaches_it(host: str) -> None:
    async with Canary() as canary:
        # aiohttp stops the odd notations by itself, and a resolver may not know others.
        with pytest.raises((aiohttp.ClientConnectorError, aiohttp.InvalidURL)):
            await guarded_get(f"http://{host}:{canary.port}/")
    assert canary.hits == 0


class Inward(AbstractResolver):
    """Resolves every name to addresses inside."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        inside = ("127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in inside
        ]

    async def close(self) -> None:
        pass


@pytest.mark.fault("H7")
async def test_a_public_name_that_leads_inside_is_stopped_at_the_socket() -> None:
    connector = aiohttp.TCPConnector(socket_factory=guard.public_only, resolver=Inward())
    async with Canary() as canary, aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await session.get(f"http://storage.neuralbox.top:{canary.port}/")
        assert isinstance(raised.value.os_error, guard.AddressRefusedError)
    assert canary.hits == 0


async def test_the_local_gate_opens_only_for_its_own_endpoint() -> None:
    async with Canary() as listed, Canary() as other:
        factory = guard.only([("127.0.0.1", listed.port)])
        connector = aiohttp.TCPConnector(socket_factory=factory)
        async with aiohttp.ClientSession(connector=connector) as session:
            async with session.get(f"http://127.0.0.1:{listed.port}/") as response:
                assert response.status == 200
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"http://127.0.0.1:{other.port}/")
    assert (listed.hits, other.hits) == (1, 0)


def test_a_public_address_gets_its_socket() -> None:
    made = guard.public_only((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443)))
    with made:
        assert made.family is socket.AF_INET
