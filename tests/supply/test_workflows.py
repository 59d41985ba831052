"""What runs when somebody proposes a change: nothing of theirs with rights of ours."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = [
    *ROOT.glob(".github/workflows/*.y*ml"),
    *ROOT.glob(".github/actions/**/*.y*ml"),
    *ROOT.glob(".forgejo/workflows/*.y*ml"),
    *ROOT.glob(".gitea/workflows/*.y*ml"),
]

SOUND = """
on: [push, pull_request]
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567  # v6
        with: { persist-credentials: false }
      - run: bash .ci/run
"""

pytestmark = pytest.mark.fault("S10")


def faults_of(workflow: str) -> list[str]:
    """Return what in a workflow would let a stranger in, each by its line."""
    lines = [line.partition(" #")[0].rstrip() for line in workflow.splitlines()]
    found = [
        f"not pinned to a full commit: {line.strip()}"
        for line in lines
        if re.search(r"\buses:", line)
        and not re.search(
            r"uses:\s*(\./\S*|[\w./-]+@[0-9a-f]{40}|docker://\S+@sha256:[0-9a-f]{64})$", line
        )
    ]
    if not re.search(r"^permissions:\s*(\{\}|read-all|$)", "\n".join(lines), re.MULTILINE):
        found.append("the token's rights are not set for the whole workflow")
    found += [
        f"a right to write: {line.strip()}"
        for line in lines
        if re.search(r"\bwrite(-all)?\b\s*[,}]?$", line)
    ]
    found += [
        f"runs foreign code with our rights: {line.strip()}"
        for line in lines
        if re.search(r"\b(pull_request_target|workflow_run|issue_comment)\b", line)
    ]
    found += [
        f"a stranger's words in a script: {line.strip()}"
        for line in lines
        if re.search(r"\$\{\{[^}]*\b(github\.event|github\.head_ref|inputs)\b", line)
    ]
    return found


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ("@0123456789abcdef0123456789abcdef01234567", "@v6"),
        ("@0123456789abcdef0123456789abcdef01234567", "@0123456"),
        ("actions/checkout@0123456789abcdef0123456789abcdef01234567", "docker://alpine:3"),
        ("permissions:\n  contents: read\n", ""),
        ("contents: read", "contents: write"),
        ("permissions:\n  contents: read\n", "permissions: write-all\n"),
        ("pull_request]", "pull_request_target]"),
        ("bash .ci/run", "echo ${{ github.event.pull_request.title }}"),
    ],
)
def test_each_way_in_is_seen(sound: str, broken: str) -> None:
    assert faults_of(SOUND) == []
    assert sound in SOUND
    assert faults_of(SOUND.replace(sound, broken))


def test_no_workflow_of_this_repository_lets_a_stranger_in() -> None:
    assert {path.name: faults_of(path.read_text()) for path in WORKFLOWS} == {
        path.name: [] for path in WORKFLOWS
    }


def test_the_gate_installs_only_through_make_and_from_the_systems_own_packages() -> None:
    gate = (ROOT / ".ci" / "run").read_text()
    assert not re.search(r"\b(pip3?|uv|npm|npx|curl|wget|git clone)\b", gate)
    for line in re.findall(r".*\binstall\b.*", gate):
        assert "apt-get install" in line
    assert "make audit" in gate
    assert "make release" in gate
