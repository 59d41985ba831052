"""The configuration of a bot between the two local servers, as it would stand in a file."""

from pathlib import Path
from typing import Any

from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox

Mapping = dict[str, dict[str, Any]]


def mapping(discord: LocalDiscord, box: LocalNeuralBox, data: Path, *changes: Mapping) -> Mapping:
    """Return it by section; each of `changes` adds keys, and the last word on a key counts."""
    found: Mapping = {
        "discord": {
            "token": discord.token,
            "api_url": discord.rest_url,
            "gateway_url": discord.gateway_url,
            "cdn_url": discord.origin,
        },
        "pictures": {"origins": [discord.origin]},
        "neuralbox": {
            "key": box.key,
            "base_url": box.base_url,
            "result_origins": [box.origin],
        },
        "storage": {"data_dir": str(data), "min_free_mib": 1},
    }
    for change in changes:
        for section, keys in change.items():
            found.setdefault(section, {}).update(keys)
    return found
