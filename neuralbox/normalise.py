"""Every published shape of an answer, turned into one record each.

Two dialects are published for most facts (`tokens_spent` and `tokens_used`, nested and flat sizes,
integer and `gen_` ids); both are read everywhere. Unknown members are ignored. Whatever breaks a
promise the client depends on raises UnexpectedReplyError; an optional fact that is ill-formed is
None, which is less than wrong. Source: "generations/status", "generations/history",
"user/history", "user/me", "models/get", "calculate-price".
"""

from typing import cast

from neuralbox import fields
from neuralbox.errors import UnexpectedReplyError
from neuralbox.fields import Members
from neuralbox.models import Balance, Generation, HistoryPage, ModelInfo, Price, Profile, Status

CATALOGUE_MEMBERS = ("items", "models", "data")
LARGEST_PAGE = 100
STATUSES = {status.value: status for status in Status}


def generation(answer: object) -> Generation:
    """Return a generation from a status answer or a history row.

    Raises UnexpectedReplyError without a usable id or without a status, the two members the
    reference promises in every answer.
    """
    members = _members(answer, "generation")
    if not isinstance(members.get("status"), str):
        raise UnexpectedReplyError("a generation without a status")
    return accepted_generation(members)


def accepted_generation(answer: object) -> Generation:
    """Return a generation from the answer to a creation, where only the id is indispensable.

    Raises UnexpectedReplyError without a usable id.
    """
    members = _members(answer, "generation")
    identity = fields.generation_id(members.get("id"))
    if identity is None:
        raise UnexpectedReplyError("a generation without a usable id")
    size = members.get("result_metadata")
    nested = cast(Members, size) if isinstance(size, dict) else {}
    return Generation(
        id=identity,
        status=_status(members.get("status")),
        model=fields.word(fields.first(members, "model_slug", "model")),
        prompt=fields.prompt(members.get("prompt")),
        result_url=_first_address(members, "result_url", "url"),
        thumbnail_url=fields.web_address(members.get("thumbnail_url")),
        error=fields.sentence(members.get("error")),
        cost_tokens=fields.cost(fields.first(members, "tokens_spent", "tokens_used")),
        processing_ms=fields.whole(members.get("processing_ms")),
        width=_extent(nested, members, "width", fields.LONGEST_SIDE_PX),
        height=_extent(nested, members, "height", fields.LONGEST_SIDE_PX),
        duration_s=_extent(nested, members, "duration", 3_600),
        created_at=fields.timestamp(members.get("created_at")),
        completed_at=fields.timestamp(members.get("completed_at")),
        progress=fields.whole(members.get("progress"), 0, 100),
        eta_s=fields.whole(members.get("eta_seconds"), 0, 86_400),
        category=fields.word(fields.first(members, "category", "type")),
    )


def history_page(answer: object, *, page: int, limit: int) -> HistoryPage:
    """Return the whole page that was asked for as `page` and `limit`, unfiltered.

    Raises UnexpectedReplyError for anything malformed or contradicting itself, because an absence
    is read from it: a row without a usable id or status, an id twice, another page than asked, more
    rows than told, or none where the total says there are some.
    """
    members = _members(answer, "history")
    rows = members.get("items")
    if not isinstance(rows, list):
        raise UnexpectedReplyError("a history without its list of items")
    told_page = _promised(members, "page", page, 1, fields.INT64_MAX)
    told_limit = _promised(members, "limit", limit, 1, LARGEST_PAGE)
    total = members.get("total")
    if total is not None and fields.whole(total) is None:
        raise UnexpectedReplyError("a history whose total is no count")
    items = tuple(generation(row) for row in rows)
    if told_page != page:
        raise UnexpectedReplyError("another page of the history than the one asked for")
    if len(items) > told_limit or len({item.id for item in items}) != len(items):
        raise UnexpectedReplyError("a history page that is too long or repeats an id")
    told_total = cast(int | None, total)
    before = (page - 1) * told_limit
    if told_total is not None:
        if items and before + len(items) > told_total:
            raise UnexpectedReplyError("a history with more rows than its total")
        if not items and before < told_total:
            raise UnexpectedReplyError("an empty history page although the total says otherwise")
    return HistoryPage(items, page, told_limit, told_total, received=len(items))


def balance(answer: object) -> Balance:
    """Return the balance; raises UnexpectedReplyError without an integer `token_balance`."""
    members = _members(answer, "balance")
    tokens = fields.whole(members.get("token_balance"), -fields.INT64_MAX)
    if tokens is None:
        raise UnexpectedReplyError("a balance without a number of tokens")
    return Balance(tokens, fields.word(members.get("plan")))


def profile(answer: object) -> Profile:
    """Return the profile; every member is optional, in both published shapes."""
    members = _members(answer, "profile")
    hour = fields.whole(members.get("rate_limit_hourly"))
    day = fields.whole(members.get("rate_limit_daily"))
    return Profile(
        plan=fields.word(members.get("plan")),
        rate_limit_hour=hour or None,
        rate_limit_day=day or None,
        publishes_limits=hour is not None and day is not None,
        token_balance=fields.whole(members.get("token_balance"), -fields.INT64_MAX),
        token_limit=fields.whole(members.get("token_limit")),
        plan_expires_at=fields.timestamp(members.get("plan_expires_at")),
    )


def model(answer: object) -> ModelInfo:
    """Return a catalogue entry; raises UnexpectedReplyError without a slug."""
    members = _members(answer, "model")
    slug = fields.word(members.get("slug"))
    if slug is None:
        raise UnexpectedReplyError("a model without a slug")
    return ModelInfo(
        slug=slug,
        name=fields.sentence(members.get("name")),
        category=fields.word(members.get("category")),
        provider=fields.sentence(members.get("provider")),
        token_cost=fields.whole(members.get("token_cost")),
        min_tokens=fields.whole(members.get("min_token_cost")),
        max_tokens=fields.whole(members.get("max_token_cost")),
        min_plan=fields.word(members.get("min_plan")),
    )


def models(answer: object) -> tuple[ModelInfo, ...]:
    """Return the catalogue: a bare list, or an object holding one.

    The list's envelope is unpublished. One entry we cannot read hides only itself, but a list in
    which nothing is readable raises UnexpectedReplyError.
    """
    entries = answer
    if isinstance(answer, dict):
        entries = fields.first(cast(Members, answer), *CATALOGUE_MEMBERS)
    if not isinstance(entries, list):
        raise UnexpectedReplyError("a catalogue without a list of models")
    readable = tuple(
        model(entry)
        for entry in entries
        if isinstance(entry, dict) and fields.word(entry.get("slug")) is not None
    )
    if entries and not readable:
        raise UnexpectedReplyError("a catalogue in which no model is readable")
    return readable


def price(answer: object) -> Price:
    """Return a quote; raises UnexpectedReplyError without an integer `token_cost` from 0."""
    members = _members(answer, "price")
    tokens = fields.whole(members.get("token_cost"))
    if tokens is None:
        raise UnexpectedReplyError("a price without a number of tokens")
    return Price(
        tokens=tokens,
        min_tokens=fields.whole(members.get("min_token_cost")),
        max_tokens=fields.whole(members.get("max_token_cost")),
        pricing_type=fields.word(members.get("pricing_type")),
    )


def _members(answer: object, expected: str) -> Members:
    if not isinstance(answer, dict):
        raise UnexpectedReplyError(f"no object where a {expected} was expected")
    return cast(Members, answer)


def _status(value: object) -> Status | None:
    return STATUSES.get(value) if isinstance(value, str) else None


def _first_address(members: Members, *names: str) -> str | None:
    addresses = (fields.web_address(members.get(name)) for name in names)
    return next((address for address in addresses if address is not None), None)


def _extent(nested: Members, flat: Members, name: str, most: int) -> int | None:
    value = fields.whole(nested.get(name), 1, most)
    return value if value is not None else fields.whole(flat.get(name), 1, most)


def _promised(members: Members, name: str, asked: int, least: int, most: int) -> int:
    value = members.get(name)
    if value is None:
        return asked
    number = fields.whole(value, least, most)
    if number is None:
        raise UnexpectedReplyError(f"a history whose {name} is no count")
    return number
