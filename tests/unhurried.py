"""How long the bot under test waits in real time before it puts an answer off, or refuses.

How loaded this machine is must not decide that, neither in the tests' process nor in the bot's own.
"""

from jobs import patience
from ui import desk, host

WAITS_S = (
    (desk, "FIRST_ANSWER_S", 2.0),
    (host, "ASK_S", 2.5),
    (patience, "PATIENCE_S", 2.5),
    (patience, "ORDER_PATIENCE_S", 4.0),
)
