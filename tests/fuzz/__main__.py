"""`make soak`, or `python -m tests.fuzz [--seconds N] [--answers N] [target ...]`."""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz import generated
from tests.fuzz.targets import TARGETS, Target

PLACE = Path(__file__).parents[2] / "build" / "fuzz"
LONGEST_INPUT = 8_192
SLOWEST_S = 20
DONE = re.compile(
    r"^#(?P<runs>\d+)\s+DONE\s+cov: (?P<edges>\d+) ft: \d+ corp: (?P<corpus>\d+)", re.M
)


def fuzz(name: str, target: Target, seconds: int) -> bool:
    """Search for that long and print what came of it; False when a promise was broken."""
    found, seeds = PLACE / name, PLACE / f"{name}.seeds"
    for directory in (found, seeds):
        directory.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (seeds / f"{number:04}").write_bytes(seed)
    spelling = PLACE / f"{name}.words"
    spelling.write_text("".join(f'"{word}"\n' for word in map(_spelt, target.words()) if word))
    options = {"max_total_time": seconds, "max_len": LONGEST_INPUT, "timeout": SLOWEST_S}
    options |= {"rss_limit_mb": 2_048, "verbosity": 1}
    command = [sys.executable, "-m", "tests.fuzz.child", name, str(found), str(seeds)]
    command += [f"-{option}={value}" for option, value in options.items()]
    command += [f"-dict={spelling}", f"-artifact_prefix={PLACE / name}-"]
    started = time.monotonic()
    ended = subprocess.run(
        command, cwd=PLACE.parents[1], capture_output=True, text=True, errors="replace", check=False
    )
    told = DONE.search(ended.stderr)
    if ended.returncode != 0 or told is None:
        lines = (ended.stdout + ended.stderr).splitlines()
        telling = [line for line in lines if "Instrumenting" not in line]
        print(*telling[-60:], sep="\n")
        print(f"{name}: FAILED; the input is under {PLACE}, keep it as a plain test")
        return False
    print(
        f"{name}: {int(told['runs']):,} runs in {time.monotonic() - started:.0f} s, "
        f"{told['edges']} edges, {told['corpus']} inputs kept, nothing broken",
        flush=True,
    )
    return True


def _spelt(word: str) -> str:
    plain = word.isascii() and word.isprintable() and len(word) <= 40
    return word.replace("\\", "\\\\").replace('"', '\\"') if plain else ""


def main() -> int:
    """Do what is asked; return 1 when any promise was broken."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=0, help="for each target")
    parser.add_argument("--answers", type=int, default=0, help="generated answers at each call")
    parser.add_argument("--seed", type=int, default=1, help="of the generated answers")
    options = parser.parse_args()
    if unknown := set(options.names) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if options.answers:
        started = time.monotonic()
        generated.check(options.answers, options.seed)
        took_s = time.monotonic() - started
        print(
            f"{options.answers:,} generated answers at each call in {took_s:.0f} s, nothing broken"
        )
    names = (options.names or list(TARGETS)) if options.seconds else []
    held = [fuzz(name, TARGETS[name], options.seconds) for name in names]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
