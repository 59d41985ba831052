"""A process for one function, so that it can be killed or starved; made in a moment, by a fork."""

import os
import traceback
import warnings
from collections.abc import Callable


def in_child(function: Callable[[], object]) -> int:
    """Run it in a process of its own; return 0, 1 for an exception, or a signal as its negative."""
    with warnings.catch_warnings():
        # The other threads of a test run hold nothing that these functions need.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
