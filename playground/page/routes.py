"""The page's routes and the play API.

GET /              the page; GET /page/... its style sheets and modules
GET /play/state    ?member=ID: everything as that member sees it (without: the first ordinary one)
    seq       index in the event log where the feed goes on
    clock     {now, speed}: the playground's time, epoch seconds
    viewer    the member's id
    people    whom one may act as: [{id, name, bot, tint, guilds: [{id, name, admin}]}]
    bot       {id, name, bot, tint, connected}; users: {id: {id, name, bot, tint}}
    guilds    those the viewer is in: [{id, name, members, roles, channels}], channels they may view
    dms       [channel]: the viewer's conversation with the bot
    commands  {guild id or "dm": registered commands, as Discord gives them back}
    messages  {channel id: [Discord's own message JSON, the viewer's ephemeral ones included]}
    box       LocalNeuralBox.state() without its time
GET /play/feed     ?member=ID&since=SEQ: a WebSocket of {"type": ...} with message {message},
    delete {channel_id, id}, typing {channel_id, user_id}, box {box}, clock {clock},
    bot {connected}, or world ("read the state again")

POST /play/ACTION  a form: "json" is {member, guild or null, channel, ...}, files are "file:FIELD"
    say           {content, reply_to, ping}, files without a field name
    slash         {name, subcommand: [...], options}, files by option
    autocomplete  {name, subcommand, option, typed, options} -> {choices}
    app-command   {name, message}        press  {message, custom_id}
    choose        {message, custom_id, values}
    modal         {interaction, values}, files by custom id
    delete        {message}              clock  {speed}
    box/switch    {name, on}             box/finish {id}             box/balance {tokens}
What starts an interaction waits for the first answer and returns {result, interaction, modal}:
the result is the answer's kind, or "failed" when the bot did not answer in time. A refusal (what a
Discord client would not let one send) is 400 {"error": sentence}.

Ids are text in both directions. Only the page itself may speak to this: see `guard.py`.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from playground.clock import PlayClock
from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from playground.page import box_actions, discord_actions
from playground.page.feed import Feeds
from playground.page.files import file_routes
from playground.page.guard import Guard, contain_files
from playground.page.order import Order, Refused, read_order
from playground.page.views import Views

Action = Callable[[Order], Awaitable[dict[str, object]]]


def routes(discord: LocalDiscord, box: LocalNeuralBox, clock: PlayClock) -> list[web.RouteDef]:
    """Return the page's routes, to be mounted on the local Discord before it starts."""
    guard = Guard(lambda: discord.origin)
    views = Views(discord, box, clock)
    feeds = Feeds(discord, views)
    discord.app.on_shutdown.append(feeds.close)
    discord.app.on_response_prepare.append(contain_files)

    async def state(request: web.Request) -> web.Response:
        guard.check_read(request)
        return web.json_response(views.state(views.viewer(request.query.get("member"))))

    async def feed(request: web.Request) -> web.StreamResponse:
        guard.check_write(request)
        return await feeds.serve(request, views.viewer(request.query.get("member")))

    def post(name: str, action: Action) -> web.RouteDef:
        async def handle(request: web.Request) -> web.Response:
            guard.check_write(request)
            try:
                return web.json_response(await action(await read_order(request, discord.world)))
            except Refused as refused:
                return web.json_response({"error": str(refused)}, status=400)

        return web.post(f"/play/{name}", handle)

    actions = discord_actions.actions(discord) | box_actions.actions(box, clock)
    return [
        *file_routes(guard),
        web.get("/play/state", state),
        web.get("/play/feed", feed),
        *(post(name, action) for name, action in actions.items()),
    ]
