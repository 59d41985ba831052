"""Which addresses files may come from: exact origins that the host gives, or any public one."""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from yarl import URL

from media.errors import FetchRefusedError, Refusal

ADDRESS_CHARS = 2_048

# Backslashes, blanks and control characters are where two address parsers come to disagree.
_PLAIN = re.compile(r"[!-\[\]-~]+")

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class ResultOrigins:
    """The allow-list: (scheme, host, port) triples, and which of them are this very machine.

    With `any_public` an https address on port 443 needs no entry; the socket decides about it.
    """

    listed: frozenset[Origin]
    loopback: frozenset[tuple[str, int]]
    any_public: bool = False

    @classmethod
    def parse(cls, origins: Collection[str], *, any_public: bool = False) -> Self:
        """Read addresses like `https://storage.example.com`.

        Raises ValueError, naming it, for one that is no bare origin, or is not https on port 443,
        except a loopback address in numbers, where the host has put a local server on purpose.
        """
        listed: set[Origin] = set()
        loopback: set[tuple[str, int]] = set()
        for text in origins:
            origin = _origin(text)
            if origin is None or URL(text).path not in ("", "/") or URL(text).query_string:
                raise ValueError(f"not the origin of a web address: {text!r}")
            if _is_loopback(origin[1]):
                # In the notation that the socket will show.
                loopback.add((str(ipaddress.ip_address(origin[1])), origin[2]))
            elif origin[0] != "https" or origin[2] != 443:
                raise ValueError(f"result files must come over https on port 443: {text!r}")
            listed.add(origin)
        return cls(frozenset(listed), frozenset(loopback), any_public)

    def check(self, url: str) -> tuple[URL, bool]:
        """Return the address to ask, and whether it is one of the listed local servers.

        Raises FetchRefusedError for every address whose origin is not on the list to the letter.
        """
        origin = _origin(url)
        if origin in self.listed:
            return URL(url), _is_loopback(origin[1])
        if self.any_public and origin is not None and (origin[0], origin[2]) == ("https", 443):
            return URL(url), False
        raise FetchRefusedError("the address is not on a listed origin", why=Refusal.ADDRESS)


def _origin(text: str) -> Origin | None:
    if len(text) > ADDRESS_CHARS or not _PLAIN.fullmatch(text):
        return None
    try:
        url = URL(text)
        has_user = url.raw_user is not None or url.raw_password is not None
        scheme, host, port = url.scheme, url.raw_host, url.port
    except ValueError:
        return None
    # An empty user ("https://@host") is dropped by the parser, so the text is asked as well.
    authority = text.split("://", 1)[-1].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    if has_user or "@" in authority or scheme not in {"http", "https"} or not host or not port:
        return None
    return scheme, host, port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
