"""POST /generate: what it accepts, what it refuses, and in which order."""

from typing import Any

import pytest

from playground.neuralbox import Profile
from tests.playground.neuralbox.support import Caller, running_box

GOOD: dict[str, Any] = {"model": "kling-v2.1", "prompt": "a paper boat"}


async def test_a_creation_is_answered_with_the_five_published_fields(caller: Caller) -> None:
    got = await caller.post("/generate", GOOD)
    assert got.status == 200
    assert got.json == {
        "id": 18500,
        "status": "pending",
        "model_slug": "kling-v2.1",
        "processing_ms": None,
        "created_at": "2027-01-15T08:00:00Z",
    }
    generation = caller.box.generations["18500"]
    assert (generation.duration, generation.ratio, generation.cost) == (5, "16:9", 44)
    assert (generation.image_url, generation.negative_prompt) == (None, None)


async def test_options_count_at_the_top_level_and_in_params_and_the_top_level_wins(
    caller: Caller,
) -> None:
    await caller.create(duration=10, aspect_ratio="1:1", negative_prompt="people")
    await caller.create(params={"duration": 10, "aspect_ratio": "9:16"})
    await caller.create(aspect_ratio="1:1", duration=None, params={"aspect_ratio": "9:16"})
    made = list(caller.box.generations.values())
    assert [(g.duration, g.ratio) for g in made] == [(10, "1:1"), (10, "9:16"), (5, "1:1")]
    assert made[0].negative_prompt == "people"
    assert [g.cost for g in made] == [88, 88, 44]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "  \n"}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"model": 3}, "model"),
        ({"model": None}, "model"),
        ({"duration": 7}, "duration"),
        ({"duration": "5"}, "duration"),
        ({"duration": 5.0}, "duration"),
        ({"duration": True}, "duration"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio"),
        ({"aspect_ratio": 169}, "aspect_ratio"),
        ({"params": {"duration": 6}}, "duration"),
        ({"params": [5]}, "params"),
        ({"negative_prompt": ["people"]}, "negative_prompt"),
        ({"image_url": 5}, "image_url"),
        ({"image_url": "data:image/png;base64,AAAA"}, "image_url"),
        ({"image_url": "file:///picture.png"}, "image_url"),
    ],
)
async def test_a_field_that_does_not_fit_is_named_in_a_422(
    caller: Caller, change: dict[str, Any], field: str
) -> None:
    got = await caller.post("/generate", {**GOOD, **change})
    assert got.status == 422
    assert got.json["error"] == "validation_error"
    assert list(got.json["details"]) == [field]
    assert not caller.box.generations


async def test_a_body_that_is_no_json_is_a_400_and_one_that_is_no_object_a_422(
    caller: Caller,
) -> None:
    broken = await caller.call("POST", "/generate", raw=b'{"model": ')
    assert (broken.status, broken.json["error"]) == (400, "bad_request")
    deep = await caller.call("POST", "/generate", raw=b"[" * 100_000)
    assert deep.status == 400
    for body in ([GOOD], "text", 5):
        got = await caller.post("/generate", body)
        assert (got.status, got.json["error"]) == (422, "validation_error")
    assert (await caller.call("POST", "/generate")).status == 422


async def test_refusals_come_in_the_published_order() -> None:
    bad: dict[str, Any] = {"model": "nobody-2", "duration": 7}
    async with running_box(Profile(plan="basic", limit_hour=0, balance=3)) as caller:
        box = caller.box

        async def refusal() -> int:
            return (await caller.call("POST", "/generate", body=bad, key=key)).status

        key = "nb_wrong"
        seen = [await refusal()]
        bad["model"] = "kling-v2.1"
        seen.append(await refusal())
        bad["prompt"] = "a paper boat"
        seen.append(await refusal())
        bad["duration"] = 5
        seen.append(await refusal())
        key = box.key
        seen.append(await refusal())
        box.profile.plan = "vip"
        seen.append(await refusal())
        box.allowance.limit_hour = 100
        seen.append(await refusal())
        box.balance = 44
        seen.append(await refusal())
    assert seen == [404, 422, 422, 401, 403, 429, 402, 200]


async def test_another_order_of_checks_can_be_set() -> None:
    profile = Profile(checks=("key", "plan", "windows", "model", "prompt", "options", "balance"))
    async with running_box(profile) as caller:
        got = await caller.call("POST", "/generate", body={"model": "nobody-2"}, key=None)
        assert got.status == 401


@pytest.mark.parametrize("header", ["nb_local_key", "Basic nb_local_key", "Bearer nb_local_keyy"])
async def test_a_key_that_is_not_exactly_the_configured_one_is_a_401(
    caller: Caller, header: str
) -> None:
    for method, path in (("POST", "/generate"), ("GET", "/balance"), ("GET", "/user/history")):
        got = await caller.call(
            method, path, body=GOOD, key=None, headers={"Authorization": header}
        )
        assert got.status == 401
        assert got.json == {
            "error": "not_authenticated",
            "message": "Not authenticated",
            "details": {},
        }
    assert caller.box.allowance.used_hour == 0


async def test_plans_without_api_access_are_refused_everywhere() -> None:
    for plan in ("free", "basic", "pro"):
        async with running_box(Profile(plan=plan)) as caller:
            for path in ("/balance", "/user/me", "/generate/1", "/nothing"):
                got = await caller.get(path)
                assert (got.status, got.json["error"]) == (403, "insufficient_plan")
            assert (await caller.post("/generate", GOOD)).status == 403


@pytest.mark.parametrize(
    ("slug", "price"),
    [
        ("luma-flash2", 42),
        ("luma-ray2-flash", 42),
        ("kling-v2.1", 44),
        ("kling-v2.1-pro", 88),
        ("minimax-video", 88),
        ("luma-ray2", 125),
        ("luma-ray2-1080p", 151),
        ("mj-video-480p", 84),
        ("midjourney-video", 84),
        ("mj-video-720p", 269),
        ("sora-2", 62),
        ("veo-3.1", 167),
    ],
)
async def test_every_published_spelling_of_a_model_works_and_is_echoed(
    caller: Caller, slug: str, price: int
) -> None:
    answer = await caller.create(model=slug)
    assert answer["model_slug"] == slug
    assert caller.box.generations[str(answer["id"])].cost == price


async def test_a_withdrawn_spelling_is_unknown(caller: Caller) -> None:
    caller.box.catalogue.withdrawn.add("luma-flash2")
    got = await caller.post("/generate", {**GOOD, "model": "luma-flash2"})
    assert (got.status, got.json["error"]) == (404, "not_found")
    assert (await caller.get("/models/luma-flash2")).status == 404
    await caller.create(model="luma-ray2-flash")


async def test_a_402_counts_what_open_generations_will_cost(caller: Caller) -> None:
    caller.box.balance = 100
    first = await caller.create()
    await caller.create()
    got = await caller.post("/generate", GOOD)
    assert (got.status, got.json["error"]) == (402, "insufficient_tokens")
    assert got.json["details"] == {"required": 44, "balance": 100}
    caller.box.fail(str(first["id"]), "Provider error")
    await caller.create()


async def test_unknown_paths_and_methods_are_answered_in_the_common_envelope(
    caller: Caller,
) -> None:
    unknown = await caller.get("/nothing/here")
    assert (unknown.status, unknown.json["error"]) == (404, "not_found")
    wrong = await caller.call("PUT", "/balance")
    assert (wrong.status, wrong.json["error"]) == (405, "bad_request")
