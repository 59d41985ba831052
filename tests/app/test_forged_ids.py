"""Presses under ids that no message of ours carries: each a private sentence, and nothing else."""

import pytest

from tests.app.hands import roomy, said
from tests.rig import Rig

ARGUMENTS = (
    (),
    ("x",),
    ("0",),
    ("-1",),
    ("9" * 15,),
    ("9" * 16,),
    ("9" * 40,),
    ("A" * 22, "9" * 40),
    ("A" * 22, "0", "9" * 40),
    ("A" * 22, "9" * 40, "0"),
    ("A" * 22, "-", "_"),
    ("--", "--", "--"),
)


@pytest.mark.fault("H30")
async def test_no_forged_button_does_anything_or_surprises_the_bot(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    roomy(rig)
    await rig.start_bot()
    assert rig.app is not None
    card = await rig.finished(await rig.card())
    pressed = await rig.discord.press(card, "Info", member="Ben")
    await pressed.answer()
    before = rig.shown(card)
    actions = sorted(rig.app.client.router._presses)
    assert len(actions) > 12
    caplog.clear()
    for action in actions:
        for arguments in ARGUMENTS:
            forged = rig.discord.forge(pressed, ":".join(("rb", action, *arguments)))
            told = said(await forged.answer(timeout=10))
            assert "Something went wrong" not in told, (action, arguments)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(rig.jobs_in()) == rig.posts() == 1
    assert rig.shown(card) == before
    rig.sound()
