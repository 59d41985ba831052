import json
import time
from pathlib import Path

import aiohttp
import pytest

from playground.clock import FakeClock
from playground.discord import LocalDiscord, fault
from playground.record import Recorder
from tests.playground.discord.client import Api


async def test_a_fault_meets_matching_requests_so_many_times(local: LocalDiscord, api: Api) -> None:
    local.script(fault("POST", r"/channels/\d+/messages$", status=500, times=2))
    assert (await api.ask("GET", "/users/@me")).status == 200
    assert [(await api.send(content="x")).status for _ in range(3)] == [500, 500, 200]
    assert len(local.messages()) == 1


async def test_an_answer_can_be_lost_after_its_effect(local: LocalDiscord, api: Api) -> None:
    local.script(fault("POST", "messages$", drop=True, after_effect=True))
    with pytest.raises(aiohttp.ClientError):
        await api.send(content="x", nonce="n", enforce_nonce=True)
    (message,) = local.messages()
    again = await api.send(content="x", nonce="n", enforce_nonce=True)
    assert again.json["id"] == str(message.id)


async def test_an_error_can_be_told_after_the_effect(local: LocalDiscord, api: Api) -> None:
    local.script(fault("PATCH", "messages", status=502, body="<html>", after_effect=True))
    sent = (await api.send(content="x")).json["id"]
    got = await api.edit(sent, content="edited")
    assert (got.status, got.json) == (502, "<html>")
    assert local.world.message(sent).content == "edited"


async def test_a_connection_can_break_before_anything_happens(
    local: LocalDiscord, api: Api
) -> None:
    local.script(fault("*", "messages", drop=True))
    with pytest.raises(aiohttp.ClientError):
        await api.send(content="x")
    assert local.messages() == []


async def test_an_answer_can_be_slow(local: LocalDiscord, api: Api) -> None:
    local.script(fault("GET", "/users/@me", delay=0.05))
    begun = time.monotonic()
    assert (await api.ask("GET", "/users/@me")).status == 200
    assert time.monotonic() - begun >= 0.05


async def test_faults_can_be_taken_back(local: LocalDiscord, api: Api) -> None:
    local.script(fault("*", "", status=503, times=1000))
    assert (await api.ask("GET", "/users/@me")).status == 503
    local.clear_faults()
    assert (await api.ask("GET", "/users/@me")).status == 200


async def test_every_request_and_answer_is_recorded(clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "traffic.jsonl"
    recorder = Recorder(path)
    local = LocalDiscord(clock, recorder=recorder)
    await local.start()
    try:
        async with aiohttp.ClientSession() as session:
            api = Api(local, session)
            await api.send(content="x", files=[("a.txt", b"abc")], attachments=[{"id": 0}])
            await api.ask("GET", f"/channels/{local.world.channel('videos').id}/messages?limit=1")
            local.script(fault("GET", "/users/@me", status=500, body="<html>"))
            await api.ask("GET", "/users/@me")
    finally:
        await local.stop()
        recorder.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == recorder.records
    sent, listed, broken = lines
    assert (sent["method"], sent["ctype"]) == ("POST", "multipart/form-data")
    assert sent["payload"] == {"content": "x", "attachments": [{"id": 0}]}
    assert sent["files"] == {"files[0]": ["a.txt", 3, "application/octet-stream"]}
    assert (sent["status"], sent["response"]["content"]) == (200, "x")
    assert listed["path"].startswith("/api/v10/channels/")
    assert (listed["query"], listed["payload"]) == ({"limit": "1"}, None)
    assert (broken["status"], broken["response"]) == (500, None)


async def test_a_record_is_continued_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    for number in range(2):
        recorder = Recorder(path)
        recorder.write({"number": number})
        recorder.close()
        recorder.close()
    assert len(path.read_text().splitlines()) == 2
