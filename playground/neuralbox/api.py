"""The endpoints below /api/v2: what each one checks, does and answers.

Everything here is plain code on a `Call`; sockets, faults and headers are the door's business.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.neuralbox.account import Account
from playground.neuralbox.answers import Answers
from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.faults import Twist
from playground.neuralbox.history import read_page
from playground.neuralbox.lifecycle import Lifecycle
from playground.neuralbox.orders import (
    Order,
    find_model,
    read_model,
    read_object,
    read_options,
    read_prompt,
)
from playground.neuralbox.problems import Answer, ApiProblemError, invalid, problem
from playground.neuralbox.profile import Check
from playground.neuralbox.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `body` is None without one; `has_room` tells whether the windows admit it."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    has_key: bool
    has_room: bool
    twist: Twist = field(default_factory=Twist)
    picture_problem: str | None = None  # of a start image that was tried before the answer


# What every request but a creation has to pass; a creation has its own order.
ACCESS: tuple[Check, ...] = ("key", "plan", "windows")
Handler = Callable[[Call, str], Answer]


class Api:
    """Answers calls."""

    def __init__(self, world: World, lifecycle: Lifecycle) -> None:
        self._world = world
        self._lifecycle = lifecycle
        self._answers = Answers(world)
        account = Account(world)
        name = "([^/]+)"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", f"/generate/status/{name}", self._second_status),
            ("GET", f"/generate/{name}", self._status),
            ("GET", "/user/history", self._history),
            ("POST", f"/user/history/{name}/favorite", self._favorite),
            ("POST", f"/user/history/{name}/rate", self._rate),
            ("DELETE", f"/user/history/{name}", self._delete),
            ("GET", "/balance", lambda call, _: account.balance()),
            ("GET", "/user/balance", lambda call, _: account.user_balance()),
            ("GET", "/user/me", lambda call, _: account.me()),
            ("GET", "/user/stats", lambda call, _: account.stats()),
            ("GET", "/models", lambda call, _: account.models()),
            ("GET", f"/models/{name}", lambda call, slug: account.model(slug)),
            ("POST", f"/models/{name}/calculate-price", self._price),
        ]
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    def answer(self, call: Call) -> Answer:
        """Carry a call out and return what is said to it; never raises for a bad request."""
        self._lifecycle.settle()
        try:
            if (call.method, call.path) == ("POST", "/generate"):
                return self._create(call)
            for check in ACCESS:
                self._check(call, check)
            return self._dispatch(call)
        except ApiProblemError as refused:
            return refused.answer

    def _dispatch(self, call: Call) -> Answer:
        is_known = False
        for method, path, handler in self._routes:
            if (found := path.fullmatch(call.path)) is None:
                continue
            is_known = True
            if method == call.method:
                return handler(call, found.group(1) if found.groups() else "")
        raise problem(405 if is_known else 404)

    def _create(self, call: Call) -> Answer:
        for check in self._world.profile.checks:
            self._check(call, check)
        slug, model = read_model(call.body, self._world.catalogue)
        order = Order(slug, model, read_prompt(call.body), read_options(call.body))
        return Answer(200, self._answers.created(self._lifecycle.open(order, call.twist)))

    def _check(self, call: Call, check: Check) -> None:
        world = self._world
        if check == "model":
            read_model(call.body, world.catalogue)
        elif check == "prompt":
            read_prompt(call.body)
        elif check == "options":
            self._check_picture(call)
        elif check == "key" and not call.has_key:
            raise problem(401)
        elif check == "plan" and world.profile.plan not in world.profile.api_plans:
            raise problem(403)
        elif check == "windows" and not call.has_room:
            raise ApiProblemError(too_many(world))
        elif check == "balance":
            self._check_balance(call)

    def _check_picture(self, call: Call) -> None:
        if read_options(call.body).image_url is None:
            return
        slug, model = read_model(call.body, self._world.catalogue)
        if model.slug in self._world.catalogue.without_pictures:
            raise invalid("image_url", f"{slug} does not take a start image")
        if call.picture_problem is not None:
            raise invalid("image_url", call.picture_problem)

    def _check_balance(self, call: Call) -> None:
        _, model = read_model(call.body, self._world.catalogue)
        price = model.price(read_options(call.body).duration)
        books = self._world.books
        if books.purse.balance - books.open_cost < price:
            raise problem(402, details={"required": price, "balance": books.purse.balance})

    def _status(self, call: Call, generation_id: str) -> Answer:
        if self._world.profile.dialect.status_paths == "second":
            raise problem(404)
        return Answer(200, self._answers.status(self._find(generation_id)))

    def _second_status(self, call: Call, generation_id: str) -> Answer:
        if self._world.profile.dialect.status_paths == "first":
            raise problem(404)
        return Answer(200, self._answers.second_status(self._find(generation_id)))

    def _history(self, call: Call, _: str) -> Answer:
        world, page = self._world, read_page(call.query)
        found = world.books.newest_first(
            world.clock.now(), page.wants, world.profile.history_order == "shuffled"
        )
        return Answer(200, self._answers.history_page(found, page.number, page.limit))

    def _favorite(self, call: Call, generation_id: str) -> Answer:
        generation = self._find(generation_id)
        generation.is_favorited = not generation.is_favorited
        body = {"id": generation.wire_id, "is_favorited": generation.is_favorited}
        return Answer(200, body)

    def _rate(self, call: Call, generation_id: str) -> Answer:
        generation = self._find(generation_id)
        rating = read_object(call.body).get("rating")
        if type(rating) is not int or not 1 <= rating <= 5:
            raise invalid("rating", "must be a number from 1 to 5")
        generation.user_rating = rating
        return Answer(200, {"id": generation.wire_id, "user_rating": rating})

    def _delete(self, call: Call, generation_id: str) -> Answer:
        generation = self._find(generation_id)
        generation.is_deleted = True  # it is only out of the list: nothing is cancelled or refunded
        return Answer(200, {"id": generation.wire_id, "deleted": True})

    def _price(self, call: Call, slug: str) -> Answer:
        model = find_model(slug, self._world.catalogue)
        given = {} if call.body is None else read_object(call.body)
        count = given.get("count", 1)
        if type(count) is not int or count < 1:
            raise invalid("count", "must be a whole number above zero")
        options = read_options(given)
        body = {
            "token_cost": model.price(options.duration) * count,
            "min_token_cost": model.min_tokens,
            "max_token_cost": model.max_tokens,
            "pricing_type": model.pricing_type,
        }
        return Answer(200, body)

    def _find(self, generation_id: str) -> BoxGeneration:
        generation = self._world.books.generations.get(generation_id)
        if generation is None:
            raise problem(404, "Generation not found")
        return generation


def too_many(world: World, window: str | None = None, retry_after_s: int | None = None) -> Answer:
    """Return a 429 with the published body, and a Retry-After header if the profile has it."""
    body = world.allowance.refusal(window=window, retry_after_s=retry_after_s)
    headers: dict[str, str] = {}
    if world.profile.retry_after_header:
        headers["Retry-After"] = str(math.ceil(float(str(body["retry_after"]))))
    return Answer(429, body, headers)
