"""The fuzzer's targets in the short: seeds, arbitrary bytes, and that a broken promise is seen."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from zoneinfo import available_timezones

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
from config import ConfigError
from neuralbox import OutageError, refusals
from tests.fuzz import generated, members, vendor
from tests.fuzz.settings import SECRETS, check_settings
from tests.fuzz.targets import TARGETS
from tests.neuralbox.support import patient
from ui import router

each_target = pytest.mark.parametrize("name", TARGETS)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["custom_id", "value", "values", "component", "components", "type"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)
IDS = st.from_regex(r"rb:[a-z]{0,13}(:[A-Za-z0-9_:-]{0,41}){0,4}\Z") | st.text(max_size=100) | JSON
KINDS = st.sampled_from([discord.InteractionType.component, discord.InteractionType.modal_submit])
LINES = st.sampled_from(
    ["0", "60", "-1", "1.5", "999999999999", "Sun, 08 Mar 2026 12:05:00 GMT", "31 Feb 0000 GMT"]
) | st.text(st.characters(codec="latin-1"), max_size=40)


@pytest.fixture(autouse=True, scope="module")
def zones_read_once() -> Iterator[None]:
    """The loader looks at every file of the zone database each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "available_timezones", functools.cache(available_timezones))
        yield


@each_target
def test_what_a_search_begins_with_holds(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@each_target
@given(data=st.binary(max_size=400))
@settings(patient, max_examples=50)
def test_arbitrary_bytes_break_nothing(name: str, data: bytes) -> None:
    TARGETS[name].run(data)


@pytest.mark.fault("V12")
def test_two_thousand_generated_answers_at_each_call_break_nothing() -> None:
    generated.check(2_000, seed=6)


def test_the_same_seed_generates_the_same_answers() -> None:
    first, again, other = (list(generated.answers(50, seed)) for seed in (1, 1, 2))
    assert first == again != other


@given(st.dictionaries(st.sampled_from(vendor.HEADERS), LINES))
@settings(patient, max_examples=100)
def test_no_headers_put_a_delay_out_of_its_bounds(told: dict[str, str]) -> None:
    vendor.check_headers(told)


@pytest.mark.fault("H30")
@given(kind=KINDS, given_id=IDS)
@settings(patient, max_examples=100)
def test_a_forged_id_reaches_nobody_and_a_sound_one_its_handler(
    kind: discord.InteractionType, given_id: object
) -> None:
    members.check_press(kind, given_id)


@pytest.mark.fault("H30")
@given(JSON)
@settings(patient, max_examples=100)
def test_a_forged_form_is_read_as_texts_or_not_at_all(payload: object) -> None:
    members.form(json.dumps(payload).encode())


@given(st.text(st.characters(), max_size=200))
@settings(patient, max_examples=80)
def test_whatever_is_typed_is_read_within_bounds_or_refused_in_words(text: str) -> None:
    members.typed(b"!" + text.encode("utf-16-le", "surrogatepass"))


VALUES = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["http://[::1]", "htTp://127.0.0.1", "https://a:0", "kling-v2.1", "*", "UTC"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(data=st.data())
@settings(patient, max_examples=60)
def test_no_settings_make_anything_but_a_configuration_or_named_mistakes(
    data: st.DataObject,
) -> None:
    tables = {
        section: data.draw(
            st.dictionaries(st.sampled_from(KEYS[section]), VALUES, max_size=4) | VALUES
        )
        for section in data.draw(st.sets(st.sampled_from(sorted(KEYS)), max_size=3))
    }
    check_settings(tables)


def _keys() -> dict[str, list[str]]:
    """Every section with its keys, in the loader's own words."""
    sections = ("discord", "neuralbox", "storage", "pictures", "video", "limits", "budget")
    asked = {section: {"no such key": 1} for section in (*sections, "logging")}
    with pytest.raises(ConfigError) as refused:
        config.from_mapping(asked, SECRETS)
    found: dict[str, list[str]] = {}
    for problem in refused.value.problems:
        section, _, rest = problem.partition(".")
        keys = rest.partition("the keys here are ")[2].split(", ")
        found[section] = [key for key in keys if not key.endswith("_file")]
    return found


KEYS = _keys()

Break = Callable[[pytest.MonkeyPatch], None]
BREAKS: dict[str, Break] = {
    "answer": lambda patch: patch.setattr(
        refusals, "CERTAIN_REFUSALS", (*refusals.CERTAIN_REFUSALS, OutageError)
    ),
    "headers": lambda patch: patch.setattr("neuralbox.allowance.LONGEST_DELAY_S", 10**9),
    "press": lambda patch: patch.setattr(router, "_ID", re.compile("(?s)rb:(.*?)((?::.*)?)")),
    "form": lambda patch: patch.setattr(
        router, "_value", lambda part: part.get("value") or part.get("values")
    ),
    "typed": lambda patch: patch.setattr("jobs.words.LENGTHS_S", range(1_000)),
    "settings": lambda patch: patch.setattr(config, "WEIGHTS", (0.0, 1e9)),
}


@each_target
def test_a_broken_promise_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BREAKS[name](monkeypatch)
    extra = [b'[limits]\nguild_weights = { "1" = 5000 }\n'] if name == "settings" else []
    with pytest.raises((AssertionError, TypeError, ValueError)):
        for seed in [*TARGETS[name].seeds(), *extra]:
            TARGETS[name].run(seed)
