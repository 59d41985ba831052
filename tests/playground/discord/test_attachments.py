import io

import av
import pytest
from PIL import Image

from playground.discord import LocalDiscord
from playground.discord.world import DEFAULT_UPLOAD_LIMIT
from tests.playground.discord.client import Api, Json


@pytest.fixture(autouse=True)
def without_limits(local: LocalDiscord) -> None:
    local.rate_limits = False


async def names(api: Api, message_id: str) -> list[str]:
    return [file.filename for file in api.local.world.message(message_id).attachments]


async def test_a_file_gets_its_type_from_its_name_and_its_size_from_its_header(
    api: Api, png: bytes
) -> None:
    listed = [{"id": 0, "description": "an orange square"}]
    got = await api.send(files=[("my picture.png", png)], attachments=listed)
    file = got.json["attachments"][0]
    assert file["filename"] == "my_picture.png"
    assert file["content_type"] == "image/png"
    assert (file["width"], file["height"], file["size"]) == (6, 4, len(png))
    assert file["description"] == "an orange square"


def clip() -> bytes:
    """A video of 64 × 36 pixels and half a second."""
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(5):
            picture = Image.new("RGB", (64, 36), "teal")
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call] # PyAV's own
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return written.getvalue()


async def test_a_video_has_its_size_too(api: Api) -> None:
    got = await api.send(files=[("clip.mp4", clip()), ("broken.mp4", b"no video")])
    good, broken = got.json["attachments"]
    assert (good["content_type"], good["width"], good["height"]) == ("video/mp4", 64, 36)
    assert broken["content_type"] == "video/mp4"
    assert "width" not in broken
    assert api.local.messages()[0].attachments[0].duration_s == 0.5


async def test_a_description_is_changed_by_an_edit(api: Api) -> None:
    sent = (await api.send(files=[("a.txt", b"a")])).json
    listed = [{"id": sent["attachments"][0]["id"], "description": "now described"}]
    edited = (await api.edit(sent["id"], attachments=listed)).json
    assert edited["attachments"][0]["description"] == "now described"


async def test_an_edit_without_a_list_keeps_every_file(api: Api) -> None:
    sent = (await api.send(files=[("a.txt", b"a")])).json
    await api.edit(sent["id"], content="still there")
    assert await names(api, sent["id"]) == ["a.txt"]


async def test_an_edit_with_a_list_keeps_only_what_it_names(api: Api) -> None:
    sent = (await api.send(files=[("a.txt", b"a"), ("b.txt", b"b")])).json
    kept = sent["attachments"][1]["id"]
    listed: list[Json] = [{"id": int(kept)}, {"id": 0, "filename": "c.txt"}]
    await api.edit(sent["id"], files=[("upload.bin", b"c")], attachments=listed)
    assert await names(api, sent["id"]) == ["b.txt", "c.txt"]
    got = await api.edit(sent["id"], content="bare", attachments=[])
    assert got.json["attachments"] == []
    assert (await api.file(sent["attachments"][0]["url"]))[0] == 404


@pytest.mark.parametrize(
    ("listed", "fault"),
    [
        ([{"id": 0}, {"id": 1}], "attachments.1.id: ATTACHMENT_NOT_FOUND"),
        ([{"id": str(1 << 60)}, {"id": 0}], "attachments.0.id: ATTACHMENT_NOT_FOUND"),
        ([], "attachments: ATTACHMENT_NOT_LISTED"),
        ([{"id": 0, "description": "x" * 1025}], "attachments.0.description: BASE_TYPE_MAX_LENGTH"),
    ],
)
async def test_the_list_must_fit_the_files(api: Api, listed: list[Json], fault: str) -> None:
    got = await api.send(content="x", files=[("a.txt", b"a")], attachments=listed)
    assert got.code == (400, 50035)
    assert got.faults() == [fault]


async def test_ten_files_are_the_most(api: Api) -> None:
    many = [(f"{number}.txt", b"x") for number in range(10)]
    sent = await api.send(files=many)
    assert len(sent.json["attachments"]) == 10
    got = await api.edit(sent.json["id"], files=[("eleven.txt", b"x")])
    assert got.code == (400, 30015)
    assert len(await names(api, sent.json["id"])) == 10


async def test_a_file_above_the_limit_of_the_place_is_refused(
    local: LocalDiscord, api: Api
) -> None:
    big = bytes(DEFAULT_UPLOAD_LIMIT + 1)
    assert (await api.send(files=[("big.mp4", big)])).code == (413, 40005)
    assert (await api.send(files=[("fits.bin", big[:-1])])).status == 200
    local.set_upload_limit(None, 50 * 1024 * 1024)
    assert (await api.send(files=[("big.bin", big)])).status == 200
    local.set_upload_limit(None, 10)
    assert (await api.send(files=[("small.bin", bytes(11))])).code == (413, 40005)


async def test_a_refused_edit_changes_nothing(local: LocalDiscord, api: Api) -> None:
    sent = (await api.send(content="card", files=[("a.txt", b"a")])).json
    local.set_upload_limit(None, 10)
    got = await api.edit(sent["id"], content="new", files=[("b.bin", bytes(11))], attachments=[])
    assert got.status == 413
    message = local.world.message(sent["id"])
    assert (message.content, message.edits) == ("card", 0)
    assert await names(api, sent["id"]) == ["a.txt"]


async def test_an_embed_shows_an_attached_picture_but_no_video(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    files = [("p.png", png), ("v.mp4", b"not really")]
    embeds: list[Json] = [
        {"title": "a", "image": {"url": "attachment://p.png"}},
        {"title": "b", "image": {"url": "attachment://v.mp4"}, "video": {"url": "http://x/v.mp4"}},
    ]
    shown = (await api.send(embeds=embeds, files=files)).json
    assert [file["filename"] for file in shown["attachments"]] == ["v.mp4"]
    assert shown["embeds"][0]["image"]["width"] == 6
    assert (await api.file(shown["embeds"][0]["image"]["url"]))[1] == png
    assert set(shown["embeds"][1]) == {"type", "title"}
