"""Small bodies that unpack to hundreds of megabytes, made in no time."""

import struct
import zlib

BLOCK = 1024 * 1024


def deflated(encoding: str, head: bytes, byte: bytes, size: int) -> bytes:
    """Return `head` and then `size` times one byte, packed as "gzip" or "deflate" (RFC 1950).

    Blocks flushed in full do not refer to each other, so that one of them stands for all.
    """
    whole, rest = divmod(size, BLOCK)
    blank = byte * BLOCK
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = first + block * whole + packer.compress(blank[:rest]) + packer.flush()
    checksum = zlib.crc32 if encoding == "gzip" else zlib.adler32
    total = checksum(head)
    for _ in range(whole):
        total = checksum(blank, total)
    total = checksum(blank[:rest], total)
    if encoding == "gzip":
        length = (len(head) + size) & 0xFFFFFFFF
        return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + packed + struct.pack("<II", total, length)
    return b"\x78\xda" + packed + struct.pack(">I", total)
