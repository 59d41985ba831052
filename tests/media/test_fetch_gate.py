"""A result address leads to listed origins in the public network, and nowhere else."""

from pathlib import Path

import pytest

from media import Fetcher, FetchRefusedError
from playground.neuralbox import LocalNeuralBox, faults
from tests.media.test_fetch import serve
from tests.neuralbox.canary import Canary

HOSTILE = [
    "http://127.0.0.1:{port}/1.mp4",
    "http://127.0.0.1:{port}",
    "https://127.0.0.1:{port}/1.mp4",
    "HTTP://127.0.0.1:{port}/1.mp4",
    "http://127.0.0.1.:{port}/1.mp4",
    "http://127.0.0.2:{port}/1.mp4",
    "http://127.1:{port}/1.mp4",
    "http://127.0.1:{port}/1.mp4",
    "http://0:{port}/1.mp4",
    "http://0.0.0.0:{port}/1.mp4",
    "http://2130706433:{port}/1.mp4",
    "http://017700000001:{port}/1.mp4",
    "http://0177.0.0.1:{port}/1.mp4",
    "http://0x7f000001:{port}/1.mp4",
    "http://0x7f.0x0.0x0.0x1:{port}/1.mp4",
    "http://127.000.000.001:{port}/1.mp4",
    "http://%31%32%37.0.0.1:{port}/1.mp4",
    "http://127%2e0.0.1:{port}/1.mp4",
    "http://１２７.0.0.1:{port}/1.mp4",
    "http://127。0。0。1:{port}/1.mp4",
    "http://localhost:{port}/1.mp4",
    "http://LOCALHOST:{port}/1.mp4",
    "http://localhost.:{port}/1.mp4",
    "http://localhost.localdomain:{port}/1.mp4",
    "http://[::1]:{port}/1.mp4",
    "http://[::]:{port}/1.mp4",
    "http://[0:0:0:0:0:0:0:1]:{port}/1.mp4",
    "http://[::127.0.0.1]:{port}/1.mp4",
    "http://[::ffff:127.0.0.1]:{port}/1.mp4",
    "http://[::ffff:7f00:1]:{port}/1.mp4",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/1.mp4",
    "http://[64:ff9b::7f00:1]:{port}/1.mp4",
    "http://[2002:7f00:1::]:{port}/1.mp4",
    "http://[::1%25lo]:{port}/1.mp4",
    "http://listed@127.0.0.1:{port}/1.mp4",
    "http://:@127.0.0.1:{port}/1.mp4",
    "http://@127.0.0.1:{port}/1.mp4",
    "http://127.0.0.1:{listed}@127.0.0.1:{port}/1.mp4",
    "http://127.0.0.1:{listed}@localhost:{port}/1.mp4",
    "http://127.0.0.1:{listed}\\@127.0.0.1:{port}/1.mp4",
    "http://127.0.0.1:{port}\\@127.0.0.1:{listed}/1.mp4",
    "http://127.0.0.1:{port}#@127.0.0.1:{listed}/1.mp4",
    "http://127.0.0.1:{port}?@127.0.0.1:{listed}/1.mp4",
    "http://127.0.0.1:{port}/http://127.0.0.1:{listed}/1.mp4",
    "http:127.0.0.1:{port}/1.mp4",
    "http:/127.0.0.1:{port}/1.mp4",
    "http:///127.0.0.1:{port}/1.mp4",
    "//127.0.0.1:{port}/1.mp4",
    "ws://127.0.0.1:{port}/1.mp4",
    "unix://127.0.0.1:{port}/1.mp4",
    "gopher://127.0.0.1:{port}/1.mp4",
]


@pytest.mark.fault("H10")
@pytest.mark.fault("V30")
@pytest.mark.parametrize("address", HOSTILE)
async def test_no_result_address_reaches_another_server_of_this_machine(
    tmp_path: Path, address: str
) -> None:
    async with Canary() as listed, Canary() as canary:
        url = address.format(port=canary.port, listed=listed.port)
        async with Fetcher([f"http://127.0.0.1:{listed.port}"]) as fetcher:
            with pytest.raises(FetchRefusedError):
                await fetcher.download(url, tmp_path)
    assert (canary.hits, listed.hits) == (0, 0)


@pytest.mark.fault("H9")
@pytest.mark.parametrize(
    "origin",
    [
        "https://localhost",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://192.168.0.1",
        "https://100.64.0.1",
        "https://[::ffff:127.0.0.1]",
        "https://[fe80::1]",
        "https://[fd00::1]",
        "https://[64:ff9b::7f00:1]",
    ],
)
async def test_being_listed_does_not_open_the_inside_network(
    box: LocalNeuralBox, tmp_path: Path, origin: str
) -> None:
    # The local server is trusted as well, and its gate must not open for these.
    async with Fetcher([origin, box.origin, "https://127.0.0.1"]) as fetcher:
        with pytest.raises(FetchRefusedError, match="not public"):
            await fetcher.download(f"{origin}/1.mp4", tmp_path)


@pytest.mark.fault("S4")
async def test_no_key_and_no_cookie_travels_with_a_download(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    headers = {"Set-Cookie": "session=tracked; Path=/"}
    for _ in range(2):
        await fetcher.download(serve(box, headers=headers), tmp_path)
    for seen in box.file_requests:
        sent = {name.lower() for name in seen.headers}
        assert not sent & {"authorization", "cookie", "referer"}


@pytest.mark.fault("S4")
async def test_proxies_of_the_environment_are_ignored(
    box: LocalNeuralBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Canary() as canary:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with Fetcher([box.origin]) as fetcher:
            await fetcher.download(serve(box), tmp_path)
    assert canary.hits == 0


@pytest.mark.fault("H8")
async def test_a_redirect_within_the_storage_is_refused_too(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    headers = {"Location": "/generations/2.mp4"}
    box.script(faults.status(302, "", headers=headers, on=faults.FILE))
    with pytest.raises(FetchRefusedError):
        await fetcher.download(f"{box.origin}/generations/1.mp4", tmp_path)
    assert len(box.file_requests) == 1
