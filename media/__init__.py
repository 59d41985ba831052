"""Files on their way in and out: fetched past every guard, worked on elsewhere, or refused."""

from media.errors import (
    BrokenFileError,
    CannotFitError,
    FetchError,
    FetchFailedError,
    FetchGoneError,
    FetchRefusedError,
    StudioError,
    WorkerFailedError,
    WorkerOverrunError,
)
from media.facts import VENDOR_BYTES, Clip, Picture
from media.fetch import Downloaded, Fetcher
from media.partfile import sweep_leftovers
from media.pictures import PictureGate
from media.sniff import Kind
from media.studio import Studio

__all__ = [
    "VENDOR_BYTES",
    "BrokenFileError",
    "CannotFitError",
    "Clip",
    "Downloaded",
    "FetchError",
    "FetchFailedError",
    "FetchGoneError",
    "FetchRefusedError",
    "Fetcher",
    "Kind",
    "Picture",
    "PictureGate",
    "Studio",
    "StudioError",
    "WorkerFailedError",
    "WorkerOverrunError",
    "sweep_leftovers",
]
