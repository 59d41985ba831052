"""What a file is, by its first bytes; names and Content-Type headers are only claims."""

from enum import StrEnum

# Enough for every signature below; a WebM names itself within its first forty bytes.
HEAD_BYTES = 64

_MP4_BRANDS = frozenset(
    {b"isom", b"mp41", b"mp42", b"mp71", b"avc1", b"dash", b"M4V ", b"M4VH", b"M4VP"}
    | {b"iso%d" % version for version in range(2, 10)}
)
_EBML = b"\x1a\x45\xdf\xa3"
_DOC_TYPE_WEBM = b"\x42\x82\x84webm"


class Kind(StrEnum):
    """The kinds of result file we take."""

    MP4 = "mp4"
    WEBM = "webm"
    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"

    @property
    def suffix(self) -> str:
        """Return the file name's ending, with its dot."""
        return ".jpg" if self is Kind.JPEG else f".{self.value}"

    @property
    def content_type(self) -> str:
        """Return the media type."""
        group = "video" if self in {Kind.MP4, Kind.WEBM} else "image"
        return f"{group}/{self.value}"


_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"\xff\xd8\xff": Kind.JPEG,
    b"GIF87a": Kind.GIF,
    b"GIF89a": Kind.GIF,
}


def sniff(head: bytes) -> Kind | None:
    """Return the kind of a file that begins with `head` (HEAD_BYTES or all of it), else None."""
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head.startswith(_EBML) and _DOC_TYPE_WEBM in head[:HEAD_BYTES]:
        return Kind.WEBM
    # HEIC and AVIF pictures begin with the same box; their major brands tell them apart.
    is_mp4 = head[4:8] == b"ftyp" and head[8:12] in _MP4_BRANDS
    return Kind.MP4 if is_mp4 else None
