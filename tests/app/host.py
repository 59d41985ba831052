"""A host with a shell, whose bot is another process, for the tests of what it ends with."""

import asyncio
import os
import sys
from pathlib import Path

from models import State
from tests import nursery
from tests.nursery import ROOT
from tests.rig import Rig

PATIENCE_S = 60
Process = asyncio.subprocess.Process | nursery.Born


class Host:
    """A person with a shell: a config file, two secrets in the environment, `python bot.py`."""

    def __init__(self, rig: Rig, directory: Path) -> None:
        self.rig = rig
        self.config = directory / "config.toml"
        self.data = directory / "data"
        rig.data = self.data
        self.secrets = {"DISCORD_TOKEN": rig.discord.token, "NEURALBOX_API_KEY": rig.box.key}
        self.config.write_text(
            f'[discord]\napi_url = "{rig.discord.rest_url}"\n'
            f'gateway_url = "{rig.discord.gateway_url}"\n'
            f'[neuralbox]\nbase_url = "{rig.box.base_url}"\nresult_origins = ["{rig.box.origin}"]\n'
            f'[storage]\ndata_dir = "{self.data}"\nmin_free_mib = 1\n[logging]\nlevel = "DEBUG"\n'
        )

    async def start(self, command: str = "run", **secrets: str) -> Process:
        """Start the bot, or a look at it."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "bot.py",
            command,
            "--config",
            str(self.config),
            cwd=ROOT,
            env={**os.environ, **self.secrets, **secrets},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def doctor(self) -> tuple[int | None, str]:
        """Return the exit code and the page of the doctor."""
        process = await self.start("doctor")
        page, _log = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        return process.returncode, page.decode()

    async def ended(self, process: Process) -> tuple[int | None, str]:
        """Return the exit code and the log."""
        _out, log = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        return process.returncode, log.decode()


class QuickHost(Host):
    """The same file run without the imports' cost; `program` may be another one."""

    program: tuple[str, ...] = ("bot",)

    def configure(self, section: str, **keys: int) -> None:
        """Write keys into a section of the file, for the next start."""
        lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
        text = self.config.read_text()
        self.config.write_text(text.replace(f"[{section}]\n", f"[{section}]\n{lines}"))

    async def start(self, command: str = "run", **secrets: str) -> nursery.Born:
        """Start the bot, or a look at it."""
        given = (*self.program, command, "--config", str(self.config))
        return await nursery.start(*given, env={**self.secrets, **secrets}, with_errors=True)

    async def serve(self) -> nursery.Born:
        """Start the bot; returns when it takes commands."""
        process = await self.start()
        await self.rig.eventually(lambda: self.rig.discord.connected)
        return process

    async def in_flight(self) -> None:
        """Let a member ask for a video; returns when its request is with the vendor."""
        posts = self.rig.posts()
        await self.rig.card("a boat in the rain")
        await self.rig.eventually(lambda: self.rig.posts() == posts + 1)
        await self.rig.eventually(lambda: len(self.rig.jobs_in(State.SUBMITTING)) == 1)
