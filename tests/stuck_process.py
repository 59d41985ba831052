"""The bot as a host runs it, with a loop that can be made to stand still by a signal.

SIGUSR1 lets it sleep where it must not, SIGUSR2 lets it compute in C code without end; both for
far longer than the watchdog's limit, which is the first argument (s). The rest are the bot's.
"""

import re
import signal
import sys
import time
from types import FrameType

import bot

FAR_TOO_LONG_S = 40


def _sleep(_number: int, _frame: FrameType | None) -> None:
    time.sleep(FAR_TOO_LONG_S)


def _compute(_number: int, _frame: FrameType | None) -> None:
    # Each letter more takes twice as long, and no other thread gets a turn meanwhile.
    re.match(r"(a|aa)+$", "a" * 60 + "b")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _sleep)
    signal.signal(signal.SIGUSR2, _compute)
    bot.STUCK_AFTER_S = float(sys.argv[1])
    sys.exit(bot.main(sys.argv[2:]))
