"""One target under atheris, in a process of its own, which libFuzzer never gives back."""

import functools
import importlib
import logging
import sys
import warnings
from typing import Any

OURS = ("config", "config_section", "neuralbox", "jobs", "ui", "cogs", "errors", "models")
# Much of the reading is one regular expression, into which only the checks beside it give a view.
SEEN = (*OURS, "tests.fuzz")


def main() -> None:
    """Fuzz the target named first; the rest is for libFuzzer."""
    warnings.simplefilter("ignore")
    logging.disable()
    name, arguments = sys.argv[1], sys.argv[2:]
    # Installed by `make soak` alone, so that neither mypy nor the tests need it.
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(SEEN)):
        config: Any = importlib.import_module("config")
        targets: Any = importlib.import_module("tests.fuzz.targets")
    # Reads a directory tree each time; nothing of ours is in it.
    config.available_timezones = functools.cache(config.available_timezones)
    atheris.Setup([sys.argv[0], *arguments], targets.TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
