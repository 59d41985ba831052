"""The audit fails on a known hole, and never takes silence for a clean answer."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from supply import audit

LOCK = f"aiohttp==3.14.5 --hash=sha256:{'0' * 64}\nyarl==1.25.1 --hash=sha256:{'1' * 64}\n"
HOLE = {"id": "PYSEC-2026-1", "summary": "a hole", "affected": []}
Knows = Callable[[dict[str, Any]], tuple[int, object]]

pytestmark = pytest.mark.fault("S9")


@contextmanager
def service(knows: Knows) -> Iterator[str]:
    """Serve an advisory service on this machine; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = knows(asked)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def lock(tmp_path: Path) -> str:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return str(path)


def holes_in(*names: str) -> Knows:
    def knows(asked: dict[str, Any]) -> tuple[int, object]:
        is_bad = asked == audit.CONTROL or asked["package"]["name"] in names
        return 200, {"vulns": [HOLE]} if is_bad else {}

    return knows


def test_packages_without_a_known_hole_pass(lock: str, capsys: pytest.CaptureFixture[str]) -> None:
    with service(holes_in()) as address:
        assert audit.main([lock, "--service", address, "--must-answer"]) == 0
    assert "2 packages asked about, 0 problems" in capsys.readouterr().out


def test_a_known_hole_fails_the_build_by_its_name(
    lock: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(holes_in("yarl")) as address:
        assert audit.main([lock, "--service", address]) == audit.EXIT_HOLES
    said = capsys.readouterr().out
    assert "yarl 1.25.1 has PYSEC-2026-1" in said
    assert "aiohttp" not in said


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}),
        (200, {"vulns": []}),
        (200, b"<html>please log in</html>"),
        (302, b""),
        (404, b"not here"),
        (503, {"vulns": [HOLE]}),
    ],
)
def test_who_does_not_know_of_a_famous_hole_is_not_believed_about_others(
    lock: str, capsys: pytest.CaptureFixture[str], answer: tuple[int, object]
) -> None:
    with service(lambda _asked: answer) as address:
        assert audit.main([lock, "--service", address]) == 0
        assert "NOT AUDITED" in capsys.readouterr().out
        assert audit.main([lock, "--service", address, "--must-answer"]) == audit.EXIT_UNREACHED


def test_a_machine_without_the_service_is_told_that_nothing_is_known(
    lock: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(holes_in()) as address:
        pass  # nobody listens there any more
    assert audit.main([lock, "--service", address]) == 0
    said = capsys.readouterr().out
    assert "NOT AUDITED: the advisory service could not be reached" in said
    assert "2 locked packages" in said
    assert audit.main([lock, "--service", address, "--must-answer"]) == audit.EXIT_UNREACHED


def test_an_audit_that_breaks_off_halfway_is_no_pass(
    lock: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def knows(asked: dict[str, Any]) -> tuple[int, object]:
        return (200, {"vulns": [HOLE]}) if asked == audit.CONTROL else (503, b"")

    with service(knows) as address:
        assert audit.main([lock, "--service", address]) == audit.EXIT_UNFINISHED
    assert "broke off" in capsys.readouterr().out
