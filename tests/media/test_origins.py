"""Result files come from listed origins, to the letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import FetchRefusedError
from media.origins import ResultOrigins
from tests.neuralbox.support import patient

STORAGE = "https://storage.neuralbox.top"
LOCAL = "http://127.0.0.1:8099"
LISTED = ResultOrigins.parse([STORAGE, "https://storage.elumenta.ru/", LOCAL, "http://[::1]:9"])

FOREIGN = {
    "another host": "https://evil.example/1.mp4",
    "a host that begins alike": "https://storage.neuralbox.top.evil.example/1.mp4",
    "a host that ends alike": "https://evilstorage.neuralbox.top/1.mp4",
    "the API's host": "https://neuralbox.top/1.mp4",
    "http": "http://storage.neuralbox.top/1.mp4",
    "another port": "https://storage.neuralbox.top:8443/1.mp4",
    "http on the TLS port": "http://storage.neuralbox.top:443/1.mp4",
    "a user": "https://user@storage.neuralbox.top/1.mp4",
    "a user and password": "https://user:pw@storage.neuralbox.top/1.mp4",
    "an empty user": "https://@storage.neuralbox.top/1.mp4",
    "the host as user": "https://storage.neuralbox.top@evil.example/1.mp4",
    "the host before a backslash": "https://storage.neuralbox.top\\@evil.example/1.mp4",
    "the host after a backslash": "https://evil.example\\@storage.neuralbox.top/1.mp4",
    "the host as password": "https://evil.example:storage.neuralbox.top@x/1.mp4",
    "a trailing dot": "https://storage.neuralbox.top./1.mp4",
    "another local port": "http://127.0.0.1:8098/1.mp4",
    "the local server over https": "https://127.0.0.1:8099/1.mp4",
    "another local address": "http://127.0.0.2:8099/1.mp4",
    "the local address by name": "http://localhost:8099/1.mp4",
    "the local address shortened": "http://127.1:8099/1.mp4",
    "the local address as a number": "http://2130706433:8099/1.mp4",
    "the local address in IPv6": "http://[::ffff:127.0.0.1]:8099/1.mp4",
    "the metadata service": "http://169.254.169.254/latest/meta-data/",
    "a file": "file:///etc/passwd",
    "ftp": "ftp://storage.neuralbox.top/1.mp4",
    "data": "data:video/mp4;base64,AAAA",
    "no scheme": "//storage.neuralbox.top/1.mp4",
    "a path only": "/1.mp4",
    "no host": "https:///1.mp4",
    "nothing": "",
    "blank inside": "https://storage.neuralbox.top/1 .mp4",
    "blank before": " https://storage.neuralbox.top/1.mp4",
    "line break": "https://storage.neuralbox.top/1.mp4\r\nX-Header: 1",
    "tab in the scheme": "ht\ttps://storage.neuralbox.top/1.mp4",
    "NUL": "https://storage.neuralbox.top/\x00",
    "a letter that looks alike": "https://storage.neur\u0430lbox.top/1.mp4",
    "bad port": "https://storage.neuralbox.top:99999/1.mp4",
    "bad brackets": "https://[storage.neuralbox.top/1.mp4",
    "too long": "https://storage.neuralbox.top/" + "a" * 2_048,
}


@pytest.mark.fault("H10")
@pytest.mark.parametrize("url", FOREIGN.values(), ids=FOREIGN.keys())
def test_an_address_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(FetchRefusedError):
        LISTED.check(url)


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        (f"{STORAGE}/generations/18500.mp4", False),
        (f"{STORAGE}:443/generations/18500.mp4?ticket=a%20b&x=1", False),
        ("HTTPS://Storage.NeuralBox.top/generations/18500.mp4", False),
        ("https://storage.elumenta.ru/1.mp4", False),
        (f"{LOCAL}/generations/1.mp4", True),
        ("http://[::1]:9/1.mp4", True),
    ],
)
def test_an_address_on_a_listed_origin_is_taken(url: str, is_local: bool) -> None:
    assert LISTED.check(url)[1] is is_local


def test_the_query_of_an_address_stays_as_it_is() -> None:
    url = f"{STORAGE}/1.mp4?X-Signature=ab%2Bcd%3D&expires=1"
    assert str(LISTED.check(url)[0]) == url


@pytest.mark.parametrize(
    "origin",
    [
        "storage.neuralbox.top",
        "http://storage.neuralbox.top",
        "https://storage.neuralbox.top:8443",
        "https://user@storage.neuralbox.top",
        "https://storage.neuralbox.top/generations",
        "https://storage.neuralbox.top/?a=1",
        "http://localhost:8099",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "*",
        "",
    ],
)
def test_an_origin_that_is_none_is_named_at_once(origin: str) -> None:
    with pytest.raises(ValueError, match=r"result files|not the origin"):
        ResultOrigins.parse([origin])


@patient
@given(st.text(st.characters(), max_size=60))
def test_no_text_gets_past_the_list(text: str) -> None:
    for url in (text, f"https://{text}", f"http://{text}/1.mp4"):
        with pytest.raises(FetchRefusedError):
            LISTED.check(url)
