"""Only one reading of an answer is possible, or none."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralbox.strictjson import JunkError, parse
from tests.neuralbox.support import patient

JUNK = {
    "nothing": b"",
    "blanks": b"  \r\n",
    "html": b"<!doctype html><title>502</title>",
    "cut short": b'{"id": 18500, "status": "pen',
    "cut inside a number": b'{"id": 1e',
    "two documents": b'{"id": 1}{"id": 2}',
    "trailing comma": b'{"id": 1,}',
    "single quotes": b"{'id': 1}",
    "comment": b'{"id": 1} // one',
    "byte order mark": b'\xef\xbb\xbf{"id": 1}',
    "utf-16": '{"id": 1}'.encode("utf-16"),
    "utf-32": '{"id": 1}'.encode("utf-32-le"),
    "latin-1": '{"prompt": "café"}'.encode("latin-1"),
    "overlong utf-8": b'{"prompt": "\xc0\xaf"}',
    "surrogate in utf-8": b'{"prompt": "\xed\xa0\x80"}',
    "doubled key": b'{"id": 1, "id": 2}',
    "doubled key deep inside": b'{"items": [{"a": {"id": 1, "id": 1}}]}',
    "NaN": b'{"tokens_spent": NaN}',
    "infinity": b'{"tokens_spent": -Infinity}',
    "overflow": b'{"tokens_spent": 1e999}',
    "5,000 digits": b'{"id": ' + b"9" * 5_000 + b"}",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "control character": b'{"prompt": "a\x01b"}',
    "NUL": b'{"id": 1}\x00',
    "leading zero": b'{"id": 01}',
    "hex": b'{"id": 0x10}',
    "plus": b'{"id": +1}',
    "bad escape": b'{"prompt": "\\x41"}',
}


@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK.keys())
def test_what_is_not_one_strict_document_is_refused(body: bytes) -> None:
    with pytest.raises(JunkError):
        parse(body)


def test_a_plain_document_is_read() -> None:
    assert parse(b' {"id": 1, "ok": [true, null, 1.5, "caf\xc3\xa9"]} ') == {
        "id": 1,
        "ok": [True, None, 1.5, "café"],
    }


@patient
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(body: bytes) -> None:
    with contextlib.suppress(JunkError):
        parse(body)


@patient
@given(st.binary(max_size=30), st.integers(0, 60))
def test_no_damage_to_an_answer_makes_it_raise_anything_else(noise: bytes, at: int) -> None:
    answer = b'{"id": 18500, "status": "completed", "tokens_spent": 44}'
    with contextlib.suppress(JunkError):
        parse(answer[:at] + noise + answer[at:])
