"""What forged forms come to."""

from types import SimpleNamespace
from typing import cast

import discord
import pytest

from ui.router import form_values


@pytest.mark.fault("H30")
def test_a_form_nested_without_end_is_read_as_far_as_forms_go() -> None:
    forged: object = {"custom_id": "deep", "value": "x"}
    for _ in range(5_000):
        forged = {"component": forged}
    label = {"type": 18, "component": {"custom_id": "prompt", "value": "a boat"}}
    sent = SimpleNamespace(data={"components": [label, forged]})
    assert form_values(cast(discord.Interaction, sent)) == {"prompt": "a boat"}
