"""The whole playground as `make play` starts it, and Chromium on its page."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser.channel import Channel, Watch

ROOT = Path(__file__).parents[2]
# The system's browser; where there is none, the one that Playwright may have installed.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
SPEED = 20
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the playground's page is, with a bot that reads only what mentions it."""
    with running("playground", *_options(tmp_path_factory)) as address:
        yield address


@pytest.fixture(scope="session")
def reader_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with a bot that was given the message-content intent, and its own budget."""
    options = [*_options(tmp_path_factory), "--message-content"]
    with running("playground", *options) as address:
        yield address


def _options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    data = tmp_path_factory.mktemp("playground")
    return ["--no-open", "--port", "0", "--speed", str(SPEED), "--data", str(data)]


@pytest.fixture(scope="session")
def kitchen_address() -> Iterator[str]:
    """The page with a bot that uses every part of Discord's face; see `kitchen.py`."""
    with running("tests.browser.kitchen") as address:
        yield address


@contextmanager
def running(module: str, *options: str) -> Iterator[str]:
    """Run a module that prints its address first, and end it in order."""
    command = [sys.executable, "-m", module, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            assert first.startswith("Playground: http://127.0.0.1:"), first
            yield first.removeprefix("Playground: ").strip()
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.communicate(timeout=30)[0]
    assert process.returncode == 0, rest


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, as wide as a laptop or (`phone` in the test's name) as narrow as a phone."""
    with opened(browser, address, is_phone="phone" in request.node.name) as page:
        page.locator("#messages .suggestion", has_text="/video").wait_for()
        yield page


@pytest.fixture
def channel(page: Page) -> Channel:
    """What a person sees and does on that page."""
    return Channel(page)


@pytest.fixture
def reader(
    browser: Browser, reader_address: str, request: pytest.FixtureRequest
) -> Iterator[Channel]:
    """The page of the bot that reads messages."""
    with opened(browser, reader_address, is_phone="phone" in request.node.name) as page:
        page.locator("#messages .suggestion", has_text="/video").wait_for()
        yield Channel(page)


@pytest.fixture
def purse(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Channel]:
    """The page of a playground of one's own, whose budget nobody else uses up."""
    # Slower than the others: buttons that wait for a press do so in the playground's time.
    options = ["--no-open", "--port", "0", "--speed", "10", "--data", str(tmp_path)]
    with (
        running("playground", *options) as address,
        opened(browser, address, is_phone="phone" in request.node.name) as page,
    ):
        page.locator("#messages .suggestion", has_text="/video").wait_for()
        yield Channel(page)


@pytest.fixture
def kitchen(
    browser: Browser, kitchen_address: str, request: pytest.FixtureRequest
) -> Iterator[Channel]:
    """The page of the small bot."""
    with opened(browser, kitchen_address, is_phone="phone" in request.node.name) as page:
        page.locator("#messages .welcome").wait_for()
        yield Channel(page)


@contextmanager
def opened(browser: Browser, address: str, *, is_phone: bool) -> Iterator[Page]:
    """Open the page as a new person would.

    At the end nothing may have gone wrong unseen: no error in the console, no request to another
    host.
    """
    context = browser.new_context(
        viewport=PHONE if is_phone else WIDE,
        is_mobile=is_phone,
        has_touch=is_phone,
        color_scheme="dark",
    )
    page = context.new_page()
    watch = Watch(page, address)
    page.goto(address)
    yield page
    context.close()
    watch.check()
