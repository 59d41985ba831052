"""Routes that register commands, for all guilds or for one."""

from playground.discord import ratelimit
from playground.discord.access import Access
from playground.discord.commands import CommandStore
from playground.discord.errors import refusal
from playground.discord.rest import NO_CONTENT, Call, Reply, Route, route


class CommandRoutes:
    """The same four things for both scopes; a guild's id, if any, is the path's second."""

    def __init__(self, store: CommandStore, access: Access) -> None:
        self.store = store
        self.access = access

    def routes(self) -> list[Route]:
        rate = ratelimit.COMMANDS
        found = []
        for base, major in (("/applications/{id}", 1), ("/applications/{id}/guilds/{id}", 2)):
            all_of_them = f"{base}/commands"
            one = f"{base}/commands/{{id}}"
            found += [
                route("GET", all_of_them, self.listed, rate, major=major),
                route("PUT", all_of_them, self.overwrite, rate, major=major),
                route("POST", all_of_them, self.upsert, rate, major=major),
                route("GET", one, self.one, rate, major=major),
                route("PATCH", one, self.edit, rate, major=major),
                route("DELETE", one, self.remove, rate, major=major),
            ]
        return found

    async def listed(self, call: Call) -> Reply:
        return Reply(self.store.listed(self._scope(call, 2)))

    async def overwrite(self, call: Call) -> Reply:
        return Reply(self.store.overwrite(self._scope(call, 2), call.json))

    async def upsert(self, call: Call) -> Reply:
        written, new = self.store.upsert(self._scope(call, 2), call.json)
        return Reply(written, 201 if new else 200)

    async def one(self, call: Call) -> Reply:
        return Reply(self.store.get(self._scope(call, 3), int(call.ids[-1])))

    async def edit(self, call: Call) -> Reply:
        scope = self._scope(call, 3)
        old = self.store.get(scope, int(call.ids[-1]))
        fields = {k: v for k, v in old.items() if k not in ("id", "version", "application_id")}
        if scope is not None:
            fields = {k: v for k, v in fields.items() if k != "guild_id"}
        others = [one for one in self.store.listed(scope) if one is not old]
        asked = call.json if isinstance(call.json, dict) else {}
        written = self.store.overwrite(scope, [*others, fields | asked])
        return Reply(written[-1])

    async def remove(self, call: Call) -> Reply:
        self.store.remove(self._scope(call, 3), int(call.ids[-1]))
        return NO_CONTENT

    def _scope(self, call: Call, with_guild: int) -> int | None:
        """Return the guild's id, or None for the global scope; checks both ids."""
        if call.number(0) != self.store.app_id:
            raise refusal("unknown_application")
        if len(call.ids) < with_guild:
            return None
        return self.access.guild(call.number(1)).id
