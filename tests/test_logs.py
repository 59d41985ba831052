import json
import logging

import pytest

from logs import Redactor

SECRETS = [("s3cr3t.token.value", "discord token"), ("nb_topsecret", "neuralbox key")]


def _line(message: str, *args: object, as_json: bool = False, exc: bool = False) -> str:
    info = None
    if exc:
        try:
            raise ValueError("bad header: nb_topsecret")
        except ValueError as error:
            info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("test", logging.ERROR, __file__, 1, message, args, info)
    return Redactor(SECRETS, as_json=as_json).format(record)


@pytest.mark.fault("S1")
@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_leave_in_no_message_argument_or_traceback(as_json: bool) -> None:
    line = _line("token %s", "s3cr3t.token.value", as_json=as_json, exc=True)
    assert "s3cr3t" not in line
    assert "nb_topsecret" not in line
    assert "<discord token>" in line
    assert "<neuralbox key>" in line


@pytest.mark.fault("S3")
def test_tokens_and_queries_inside_addresses_are_taken_out() -> None:
    line = _line(
        "PATCH https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb246/messages/@original "
        "and https://cdn.example/a.png?ex=1&hm=deadbeef"
    )
    assert "aW50ZXJhY3Rpb246" not in line
    assert "deadbeef" not in line
    assert "/webhooks/123/<token>/messages/@original" in line


def test_the_invite_link_stays_whole_for_the_host_to_open() -> None:
    link = "https://discord.com/oauth2/authorize?client_id=1&scope=bot&permissions=2"
    assert link in _line("to add this bot to a server, open %s", link)


@pytest.mark.fault("H26")
@pytest.mark.parametrize("as_json", [False, True])
def test_a_line_cannot_be_forged(as_json: bool) -> None:
    line = _line("said %s", "x\n2026-01-01 CRITICAL root: all lost\r\x1b[2J", as_json=as_json)
    assert "\n" not in line
    assert "\r" not in line
    assert "\x1b" not in line
    if as_json:
        assert json.loads(line)["message"].startswith("said x\n2026")
