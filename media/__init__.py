"""Result files on their way in: fetched past every guard, or refused."""

from media.errors import FetchError, FetchFailedError, FetchGoneError, FetchRefusedError
from media.fetch import Downloaded, Fetcher
from media.partfile import sweep_leftovers
from media.sniff import Kind

__all__ = [
    "Downloaded",
    "FetchError",
    "FetchFailedError",
    "FetchGoneError",
    "FetchRefusedError",
    "Fetcher",
    "Kind",
    "sweep_leftovers",
]
