"""`make audit`: ask the advisory service about every locked package; a known hole fails the build.

OSV is asked, which also lists packages found to be malicious. A machine that cannot reach it (or
reaches something that only looks like it) is told so in plain words and goes on: then nothing is
known, which is not the same as clean. `--must-answer` makes that a failure too.
"""

import argparse
import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from supply import locks

EXIT_HOLES, EXIT_UNFINISHED, EXIT_UNREACHED = 1, 2, 3
SERVICE = "https://api.osv.dev/v1/query"
# Its holes have been public since 2024: who answers that it has none cannot be believed about
# anything else. A captive portal or an empty mirror would otherwise pass every package.
CONTROL = {"package": {"name": "aiohttp", "ecosystem": "PyPI"}, "version": "3.9.0"}
PATIENCE_S = 20


class NotReachedError(Exception):
    """Nobody who knows of advisories answers."""


def main(arguments: list[str] | None = None) -> int:
    """Audit the locks; return the process's exit code."""
    parser = argparse.ArgumentParser(prog="supply.audit", description=__doc__)
    parser.add_argument("locks", nargs="+", type=Path, metavar="LOCK")
    parser.add_argument("--service", default=SERVICE, metavar="URL", help="another OSV address")
    parser.add_argument("--must-answer", action="store_true", help="fail when nobody answers")
    options = parser.parse_args(arguments)
    pinned = {package for path in options.locks for package in locks.read(path)}
    try:
        _check_service(options.service)
    except NotReachedError as error:
        print(
            f"NOT AUDITED: the advisory service could not be reached ({error}).\n"
            f"Whether any of the {len(pinned)} locked packages has a known hole is unknown here. "
            "Run `make audit` where the network reaches it, before a release."
        )
        return EXIT_UNREACHED if options.must_answer else 0
    found = 0
    for path in options.locks:
        report = _audit(path, options.service)
        if report is None:
            print(f"{path}: the audit broke off; run it again")
            return EXIT_UNFINISHED
        holes = [line for package in report["dependencies"] for line in _problems(package)]
        print(*(f"{path}: {hole}" for hole in holes), sep="\n", end="\n" if holes else "")
        print(f"{path}: {len(report['dependencies'])} packages asked about, {len(holes)} problems")
        found += len(holes)
    return EXIT_HOLES if found else 0


def _check_service(address: str) -> None:
    """Raise NotReachedError unless the service answers and knows the control's holes."""
    question = urllib.request.Request(  # noqa: S310 - the host's own word, or the constant above
        address, json.dumps(CONTROL).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(question, timeout=PATIENCE_S) as reply:  # noqa: S310
            answer = json.load(reply)
    except (OSError, ValueError) as error:  # URLError, HTTPError and time-outs are OSErrors
        raise NotReachedError(str(error)) from error
    if not isinstance(answer, dict) or not answer.get("vulns"):
        raise NotReachedError("what answers knows of no holes in a version that has some")


def _audit(path: Path, service: str) -> Mapping[str, Any] | None:
    """Return pip-audit's report; None when it broke off, with its words on stderr."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--requirement", str(path), "--vulnerability-service", "osv"]
    command += ["--osv-url", service, "--format", "json", "--progress-spinner", "off"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: Mapping[str, Any] = json.loads(ended.stdout)
    except ValueError:
        sys.stderr.write(ended.stderr)
        return None
    return report


def _problems(package: Mapping[str, Any]) -> list[str]:
    if "skip_reason" in package:  # a pinned package that nobody can look up is no clean package
        return [f"{package['name']}: not audited: {package['skip_reason']}"]
    return [
        f"{package['name']} {package['version']} has {hole['id']}; "
        f"mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for hole in package["vulns"]
    ]


if __name__ == "__main__":
    sys.exit(main())
