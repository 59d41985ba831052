"""Levers that no member has: faults, cuts of the gateway, outages."""

from playground.discord.faults import Fault
from playground.discord.parts import Parts


class Controls:
    """What the playground and its tests do to the local Discord itself."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def script(self, *faults: Fault) -> None:
        """Let the next matching REST requests meet these faults. See fault()."""
        self.parts.faults.add(*faults)

    def clear_faults(self) -> None:
        self.parts.faults.clear()

    def drop_gateway(self) -> None:
        """Cut every gateway socket without a goodbye: the bot resumes."""
        self.parts.gateway.cut_all()

    def reconnect_gateway(self) -> None:
        """Ask the bot to reconnect and resume (op 7)."""
        for connection in list(self.parts.gateway.connections):
            connection.send_op(7)

    def invalidate_session(self, *, resumable: bool = False) -> None:
        """Tell the bot its session is invalid (op 9); unless resumable it must identify anew."""
        gateway = self.parts.gateway
        for session in list(gateway.sessions.values()):
            if session.connection is not None:
                session.connection.send_op(9, resumable)
            if not resumable:
                gateway.end(session)

    def close_gateway(self, code: int) -> None:
        """Close every gateway socket with a close code."""
        self.parts.gateway.close_all(code)

    def outage(self, on: bool) -> None:
        """Take the whole service down: REST answers 503, the gateway cannot be reached."""
        self.parts.gateway.down = self.parts.rest.down = on
        if on:
            self.parts.gateway.cut_all()
