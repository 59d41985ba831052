"""Following one generation, at whichever published path knows it."""

import pytest

from neuralbox import (
    NeuralBox,
    NotFoundError,
    NotSentError,
    OutageError,
    Status,
    UnexpectedReplyError,
)
from playground.neuralbox import LocalNeuralBox, faults
from playground.neuralbox.profile import Dialect
from tests.neuralbox.support import created


async def test_a_generation_is_followed_to_its_end(
    box: LocalNeuralBox, client: NeuralBox, dialect: Dialect
) -> None:
    identity = await created(client)
    pending = await client.get_generation(identity)
    assert (pending.id, pending.status, pending.result_url) == (identity, Status.PENDING, None)
    box.finish(identity)
    done = await client.get_generation(identity)
    assert done.status is Status.COMPLETED
    assert done.result_url == f"{box.origin}/generations/{identity}.mp4"
    assert done.cost_tokens == 44
    assert done.duration_s == 5
    assert done.width is not None
    assert done.height is not None


async def test_a_failure_tells_its_reason(
    box: LocalNeuralBox, client: NeuralBox, dialect: Dialect
) -> None:
    identity = await created(client)
    box.fail(identity, "Provider error: content policy violation")
    failed = await client.get_generation(identity)
    assert failed.status is Status.FAILED
    assert failed.error == "Provider error: content policy violation"
    assert failed.cost_tokens in (0, None)


async def test_a_word_that_is_not_published_is_no_information(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    box.script(faults.unknown_status("queued2", 1))
    identity = await created(client)
    assert (await client.get_generation(identity)).status is None
    assert (await client.get_generation(identity)).status is Status.PENDING


@pytest.mark.parametrize("cost", [-1, 44.0, True, "44", None, 2**63], ids=repr)
async def test_a_cost_that_is_no_count_is_unknown(
    box: LocalNeuralBox, client: NeuralBox, cost: object
) -> None:
    box.script(faults.costs(cost))
    identity = await created(client)
    box.finish(identity)
    done = await client.get_generation(identity)
    assert (done.status, done.cost_tokens) == (Status.COMPLETED, None)


async def test_an_unknown_generation_is_asked_for_at_both_paths_once(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    for _ in range(2):
        with pytest.raises(NotFoundError):
            await client.get_generation("404404")
    assert [seen.path for seen in box.requests] == [
        "/generate/404404",
        "/generate/status/404404",
        "/generate/404404",
    ]


async def test_the_path_that_works_is_remembered(box: LocalNeuralBox, client: NeuralBox) -> None:
    box.profile.dialect = Dialect(status_paths="second")
    identity = await created(client)
    await client.get_generation(identity)
    await client.get_generation(identity)
    assert [seen.path for seen in box.requests[1:]] == [
        f"/generate/{identity}",
        f"/generate/status/{identity}",
        f"/generate/status/{identity}",
    ]


async def test_an_outage_of_the_second_path_leaves_the_question_open(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    second = faults.Match("GET", "/generate/status/.+")
    box.script(faults.status(502, html=True, on=second))
    with pytest.raises(OutageError):
        await client.get_generation("404404")
    with pytest.raises(NotFoundError):
        await client.get_generation("404404")
    assert [seen.path for seen in box.requests].count("/generate/status/404404") == 2


async def test_a_complaint_of_the_second_path_is_not_taken_for_the_first_ones(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    body = {"error": "validation_error", "message": "status is no integer"}
    box.script(faults.status(422, body, on=faults.Match("GET", "/generate/status/.+")))
    with pytest.raises(NotFoundError):
        await client.get_generation("404404")


async def test_another_generation_than_the_one_asked_for_is_no_answer(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    identity = await created(client)
    box.script(faults.edited(lambda answer: answer.update(id=999), on=faults.STATUS))
    with pytest.raises(UnexpectedReplyError):
        await client.get_generation(identity)


@pytest.mark.parametrize("identity", ["", "../balance", "1/../../x", "a b", "x" * 65, "1?x=1"])
async def test_what_is_no_id_is_not_asked_for(
    box: LocalNeuralBox, client: NeuralBox, identity: str
) -> None:
    with pytest.raises(NotSentError):
        await client.get_generation(identity)
    assert box.requests == []
