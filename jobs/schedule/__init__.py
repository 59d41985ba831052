"""When to ask the vendor next: the fewest requests for the least lag, within the allowance.

Pure rooms: no sockets, no SQL, and time is given. `curves` is what is believed of waits, `waits`
learns it, `windows` knows what the plan allows, `law` how eager that lets us be, `meter` when a
look is worth a request, `pages` what a look shows, `breaker` whether the vendor answers at all, and
`schedule` puts them together.
"""

from jobs.schedule.breaker import Breaker
from jobs.schedule.law import look_reserve, watch_reserve
from jobs.schedule.schedule import Look, Page, Plan, Schedule, Single
from jobs.schedule.waits import Sample, Waits
from jobs.schedule.windows import Window, Windows

__all__ = [
    "Breaker",
    "Look",
    "Page",
    "Plan",
    "Sample",
    "Schedule",
    "Single",
    "Waits",
    "Window",
    "Windows",
    "look_reserve",
    "watch_reserve",
]
