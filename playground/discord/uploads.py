"""Reading a request's body: JSON, or a form with `payload_json` and `files[n]`.

Source: "reference" (uploading files).
"""

import dataclasses
import json
import re
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web

from playground.discord.errors import ApiError, refusal

# What the server reads of one file at most; the limit of the place is checked later.
HARD_LIMIT = 512 * 1024 * 1024

_FIELD = re.compile(r"files\[(\d+)\]\Z")


@dataclasses.dataclass(slots=True)
class Upload:
    """One file of a request, by the number in its field's name."""

    index: int
    filename: str
    content_type: str
    data: bytes


@dataclasses.dataclass(slots=True)
class Body:
    """A request's body. `payload` is None when there is none."""

    content_type: str = ""
    payload: Any = None
    uploads: dict[int, Upload] = dataclasses.field(default_factory=dict)

    def described_files(self) -> dict[str, list[object]]:
        """The files for the record: name, size, type by field name."""
        return {
            f"files[{index}]": [upload.filename, len(upload.data), upload.content_type]
            for index, upload in self.uploads.items()
        }


async def read_body(request: web.Request) -> Body:
    """Read the whole body. Raises ApiError 50109 for broken JSON."""
    body = Body(content_type=request.content_type)
    if not request.can_read_body:
        return body
    if request.content_type == "multipart/form-data":
        await _read_form(await request.multipart(), body)
        return body
    raw = await request.read()
    if not raw:
        return body
    if request.content_type != "application/json":
        text = "Expected \"Content-Type\" header to be one of {'application/json'}."
        raise ApiError(400, 50035, text)
    body.payload = _json(raw)
    return body


async def _read_form(form: MultipartReader, body: Body) -> None:
    async for part in form:
        if not isinstance(part, BodyPartReader):
            continue
        data = bytearray()
        while chunk := await part.read_chunk(1 << 16):
            data += chunk
            if len(data) > HARD_LIMIT:
                raise refusal("too_large")
        field = _FIELD.match(part.name or "")
        if part.name == "payload_json":
            body.payload = _json(bytes(data))
        elif field is not None:
            index = int(field[1])
            kind = part.headers.get("Content-Type", "application/octet-stream")
            name = part.filename or "unknown"
            body.uploads[index] = Upload(index, name, kind.split(";")[0], bytes(data))


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise refusal("invalid_json") from None
