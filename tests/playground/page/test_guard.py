"""Only the page itself may press the buttons; it loads and runs nothing from elsewhere."""

import aiohttp
import pytest

from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from playground.page.files import STATIC
from tests.playground.page.browserless import Page

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_foreign_page_cannot_press_a_button(
    ben: Page, local: LocalDiscord, box: LocalNeuralBox, headers: dict[str, str]
) -> None:
    said, _ = await ben.post("say", content="spam", headers=headers)
    switched, _ = await ben.post("box/switch", name="outage", on=True, headers=headers)
    assert (said, switched) == (403, 403)
    assert local.messages("videos") == []
    assert not box.switches.outage


async def test_a_name_that_somebody_points_at_loopback_is_refused(
    ben: Page, local: LocalDiscord
) -> None:
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    status, _ = await ben.post("say", content="spam", headers=rebound)
    assert status == 403
    async with ben.session.get(f"{local.origin}/play/state", headers=rebound) as answer:
        assert answer.status == 403
        assert "Reelbox" not in await answer.text()


async def test_a_foreign_page_cannot_listen(ben: Page, local: LocalDiscord) -> None:
    for headers in ({"Origin": "https://evil.example"}, {}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await ben.session.ws_connect(f"{local.origin}/play/feed", headers=headers)
        assert refused.value.status == 403


async def test_the_page_may_load_nothing_from_elsewhere_and_be_framed_by_nobody(
    ben: Page, local: LocalDiscord
) -> None:
    async with ben.session.get(f"{local.origin}/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = await answer.text()
    for part in ("default-src 'self'", "media-src 'self'", "img-src 'self' data:"):
        assert part in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http://" not in text
    assert "https://" not in text


async def test_localhost_leads_to_the_address_the_videos_come_from(
    ben: Page, local: LocalDiscord
) -> None:
    host = {"Host": f"localhost:{local.port}"}
    url = f"{local.origin}/"
    async with ben.session.get(url, headers=host, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, url)


async def test_only_the_pages_own_files_are_served(ben: Page, local: LocalDiscord) -> None:
    for path in ("/page/js/main.js", "/page/css/base.css", "/page/icon.svg"):
        async with ben.session.get(local.origin + path) as answer:
            assert answer.status == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/page/../routes.py", "/page/%2e%2e/routes.py", "/page/js/none.js", "/page/"):
        async with ben.session.get(local.origin + path) as answer:
            assert answer.status == 404


async def test_an_uploaded_page_has_no_rights_on_this_origin(
    ben: Page, local: LocalDiscord
) -> None:
    script = b"<script>fetch('/play/say', {method: 'POST'})</script>"
    await ben.act("say", content="", files={"": ("evil.html", script)})
    [message] = (await ben.state())["messages"][str(local.world.channel("videos").id)]
    async with ben.session.get(message["attachments"][0]["url"]) as answer:
        assert "sandbox" in answer.headers.get("Content-Security-Policy", "")


def test_no_module_hands_a_string_to_the_html_parser() -> None:
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                 "DOMParser", "srcdoc", "new Function")  # fmt: skip
    for module in STATIC.glob("js/*.js"):
        text = module.read_text()
        assert not [word for word in forbidden if word in text], module.name
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), module.name
