"""The page in a person's words: messages, cards, the message box, the side panel."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

# Real milliseconds; the clips of a run are made on one machine next to a browser.
VIDEO_MS = 60_000

# What is expected is waited for as long as what is pressed; how loaded this machine is decides
# nothing.
expect.set_options(timeout=30_000)

# Where the mouse has nothing to do: keeps the tools that appear under it out of pictures.
NOWHERE = (0, 0)


class Watch:
    """Collects what must not happen on the page."""

    def __init__(self, page: Page, address: str) -> None:
        self.address = address
        self.wrong: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._asked)

    def check(self) -> None:
        """Fail with everything that went wrong."""
        assert not self.wrong, self.wrong

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        own = (self.address, self.address.replace("http:", "ws:"), "data:", "blob:")
        if not request.url.startswith(own):
            self.wrong.append(f"request to {request.url}")


class Channel:
    """One open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.locator("#box")
        self.popup = page.locator("#popup")
        self.messages = page.locator("#messages")
        self.panel = page.get_by_role("complementary", name="NeuralBox")

    # Writing

    def open_command(self, name: str) -> None:
        """Type "/name" and take the highlighted command."""
        self.box.focus()
        self.page.keyboard.type(f"/{name}")
        expect(self.popup.get_by_role("option").first).to_contain_text(f"/{name}")
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".chip-command")).to_have_text(f"/{name}")

    def video(self, prompt: str) -> Locator:
        """Send /video with a prompt alone; returns the card."""
        before = self.cards.count()
        self.open_command("video")
        self.page.keyboard.type(prompt)
        self.page.keyboard.press("Enter")
        expect(self.cards).to_have_count(before + 1)
        return self.cards.nth(before)

    def command(self, name: str, **options: str) -> Locator:
        """Send a slash command, its options typed as a person would; returns the private answer."""
        before = self.private.count()
        self.open_command(name)
        for option, text in options.items():
            self.fill(option, text)
        self.page.get_by_role("button", name="Send").click()
        answer = self.private.nth(before)
        expect(answer).to_be_visible()
        expect(answer.locator(".thinking")).to_have_count(0)
        return answer

    def fill(self, option: str, text: str) -> None:
        """Type into an option of the open command, and take the first of its list if it has one."""
        field = self.page.locator(f'[data-option="{option}"]')
        if not field.count():
            self.page.locator(".more-input").focus()
            self.page.keyboard.type(f"{option}:")
        field.focus()
        self.page.keyboard.type(text)
        expect(self.popup).not_to_contain_text("Loading")
        if self.popup.get_by_role("option").count():
            self.page.keyboard.press("Tab")

    def open_apps(self, on: Locator) -> None:
        """Right-click → Apps."""
        on.scroll_into_view_if_needed()
        on.click(button="right")
        self.page.get_by_role("menuitem", name="Apps").hover()

    def use(self, command: str, on: Locator) -> None:
        """Right-click → Apps → a message command."""
        self.open_apps(on)
        self.page.get_by_role("menuitem", name=command).click()

    def use_by_finger(self, command: str, on: Locator) -> None:
        """Hold a finger on it → Apps → a message command."""
        self.hold(on)
        self.page.get_by_role("menuitem", name="Apps").tap()
        self.page.get_by_role("menuitem", name=command).tap()

    def hold(self, on: Locator) -> None:
        """Hold a finger on it until its menu opens."""
        on.scroll_into_view_if_needed()
        on.tap(trial=True)  # loaded, at rest, and no drawer over it that is still closing
        box = on.bounding_box()
        assert box is not None
        finger = [{"x": box["x"] + 5, "y": box["y"] + 5}]
        touch = self.page.context.new_cdp_session(self.page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
        expect(self.page.get_by_role("menuitem", name="Apps")).to_be_visible()
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def reply_to(self, message: Locator, sentence: str) -> None:
        """Reply to a message and mention the bot with a sentence."""
        message.scroll_into_view_if_needed()
        message.hover()
        message.get_by_role("button", name="Reply").click()
        expect(self.page.locator("#reply-bar")).to_be_visible()
        self.page.keyboard.type("@Ree")
        expect(self.popup.get_by_role("option").first).to_contain_text("App")
        self.page.keyboard.press("Enter")
        self.page.keyboard.type(sentence)
        self.page.keyboard.press("Enter")

    def send(self, text: str, shown: str | None = None) -> None:
        """Send a plain message and wait until it (or `shown`, for markdown) is in the channel."""
        self.box.fill(text)
        self.page.keyboard.press("Enter")
        expect(self.message(shown or text)).to_be_visible()

    # Reading

    @property
    def cards(self) -> Locator:
        """Every message of the bot that answers /video in public."""
        used = self.page.locator(".context-line", has_text="/video")
        return self.messages.locator("article:not(.private):not(.sending)").filter(has=used)

    def card(self, prompt: str) -> Locator:
        """The newest public card with that prompt on it."""
        embed = self.page.locator(".embed", has_text=prompt)
        return self.messages.locator("article:not(.private)").filter(has=embed).last

    @property
    def private(self) -> Locator:
        """Every message that only the acting member sees."""
        return self.messages.locator("article.private")

    def message(self, text: str) -> Locator:
        """The newest message with that text in it."""
        return self.messages.locator("article.message", has_text=text).last

    def play(self, card: Locator, until_s: float = 0.5) -> None:
        """Wait for the card's video, start it, and wait until it has shown frames so far."""
        video = card.locator("video")
        video.wait_for(timeout=VIDEO_MS)
        video.scroll_into_view_if_needed()
        video.evaluate("video => video.play()")
        self.page.wait_for_function(
            """([video, until]) => video.currentTime > until && !video.error
                && video.getVideoPlaybackQuality().totalVideoFrames > 5""",
            arg=[video.element_handle(), until_s],
        )

    def has_all_files(self, card: Locator) -> None:
        """Wait until a card's files have come; one that is gone by then is an error of the page."""
        for video in card.locator("video").all():
            self.page.wait_for_function("video => video.readyState > 0", arg=video.element_handle())
        for picture in card.locator("img").all():
            picture.evaluate("picture => picture.scrollIntoView({block: 'nearest'})")
            # Whichever is there by then: a card drawn anew has new pictures.
            expect(picture).to_have_js_property("complete", True)

    # Going places

    def act_as(self, name: str) -> None:
        """Choose whom to act as."""
        self.page.get_by_role("radio", name=re.compile(rf"^{name}\b")).click()
        expect(self.page.locator('.person[aria-checked="true"]')).to_contain_text(name)

    def go(self, name: str) -> None:
        """Open a channel of this server."""
        self.page.get_by_role("navigation", name="Channels").get_by_text(name, exact=True).click()
        expect(self.page.locator("#channel-name")).to_have_text(name)

    def job(self, prompt: str) -> Locator:
        """The newest generation with that prompt in the side panel."""
        return self.panel.locator(".job", has_text=prompt).first

    def finish(self, prompt: str) -> None:
        """Press "Finish now" of that generation in the side panel, and wait until it has ended."""
        job = self.job(prompt)
        job.evaluate("job => job.querySelector('.finish')?.click()")
        expect(job.locator(".finish")).to_have_count(0)

    @contextmanager
    def slowly(self, speed: int = 1) -> Iterator[None]:
        """Let time run no faster meanwhile, so that no video is done before it was looked at.

        One that ends just as "Finish now" is pressed is a refusal, and thus an error of the page.
        """
        store = "(await import('/page/js/store.js')).store"
        run_at = "async speed => (await import('/page/js/api.js')).setSpeed(speed)"
        usual = self.page.evaluate(f"async () => {store}.state.clock.speed")
        self.page.evaluate(run_at, speed)
        try:
            yield
        finally:
            self.page.evaluate(run_at, usual)

    def set_speed(self, name: str) -> None:
        """Let time run as fast as "1×", "5×", "20×" or "60×" says."""
        speeds = self.panel.get_by_role("radiogroup", name="Speed of time")
        speed = speeds.get_by_role("radio", name=name, exact=True)
        speed.click()
        expect(speed).to_have_attribute("aria-checked", "true")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let what the page asks for leave only afterwards."""
        self.page.evaluate(
            """() => {
              const { fetch } = window;
              const later = new Promise((go) => (window.letGo = go));
              window.fetch = (...asked) => later.then(() => fetch(...asked));
              later.then(() => (window.fetch = fetch));
            }"""
        )
        yield
        self.page.evaluate("window.letGo()")

    def hold_notices(self) -> None:
        """Let every notice stay until it is closed, as when the mouse lies on it."""
        self.page.evaluate(
            """() => new MutationObserver((changes) => {
              for (const change of changes)
                for (const notice of change.addedNodes)
                  notice.dispatchEvent(new PointerEvent("pointerenter"));
            }).observe(document.getElementById("toasts"), { childList: true })"""
        )

    def close_notices(self) -> None:
        """Put away the notices in the corner, so that they cover nothing."""
        # All at one moment: one that goes by itself between two presses is waited for in vain.
        self.page.get_by_role("button", name="Close the notice").evaluate_all(
            "buttons => buttons.forEach(button => button.click())"
        )

    def picture(self, name: str, of: Locator | None = None) -> None:
        """Keep a picture of the page, or of a part of it, under build/screenshots."""
        self.page.mouse.move(*NOWHERE)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (of or self.page).screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")
