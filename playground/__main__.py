"""`make play`: a local Discord, a local NeuralBox and the unmodified bot, in one process."""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
import webbrowser
from contextlib import AsyncExitStack
from pathlib import Path

import bot
import config
from playground import scenery
from playground.clock import PlayClock
from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from playground.page import routes
from playground.record import Recorder


def main() -> None:
    """Parse the options and play until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="playground", description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="of the page; 0 picks a free one")
    parser.add_argument("--speed", type=float, default=5.0, help="how fast time runs (default 5)")
    parser.add_argument("--data", type=Path, help="keep the bot's data here (default: forgotten)")
    parser.add_argument("--record", type=Path, help="write every Discord request as JSON lines")
    parser.add_argument(
        "--message-content",
        action="store_true",
        help="switch the privileged intent on, here and in the bot's configuration",
    )
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(_play(options))


async def _play(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    clock = PlayClock(options.speed)
    async with AsyncExitStack() as stack:
        recorder = Recorder(options.record) if options.record else None
        discord = LocalDiscord(clock, port=options.port, recorder=recorder)
        discord.message_content_enabled = options.message_content
        box = LocalNeuralBox(clock)
        discord.mount(routes(discord, box, clock))
        for server in (discord, box):
            await server.start()
            stack.push_async_callback(server.stop)
        await scenery.set_out(discord)
        data_dir = options.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="reelbox-play-"))
        )
        await stack.enter_async_context(bot.running(play_config(discord, box, data_dir), clock))
        sys.stdout.write(f"Playground: {discord.origin}/\n")
        sys.stdout.write(
            "Type /video in the page, or right-click a picture → Apps. "
            "Nothing here leaves this machine. Ctrl-C ends it.\n"
        )
        sys.stdout.flush()
        if not options.no_open:
            await asyncio.to_thread(webbrowser.open, f"{discord.origin}/")
        await stop.wait()


def play_config(discord: LocalDiscord, box: LocalNeuralBox, data_dir: Path) -> config.Config:
    """The bot's own configuration, pointed at the two local servers."""
    return config.from_mapping(
        {
            "discord": {
                "token": discord.token,
                "api_url": discord.rest_url,
                "gateway_url": discord.gateway_url,
                "cdn_url": discord.origin,
                "message_content": discord.message_content_enabled,
            },
            "pictures": {"origins": [discord.origin]},
            "neuralbox": {
                "key": box.key,
                "base_url": box.base_url,
                "result_origins": [box.origin],
            },
            # As much as the local NeuralBox has: enough to try everything.
            "budget": {"guild_tokens": 1500},
            "storage": {"data_dir": str(data_dir), "min_free_mib": 50},
        },
        {},
    )


if __name__ == "__main__":
    main()
