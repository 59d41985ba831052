"""What is fuzzed, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz import members, settings, vendor


@dataclass(frozen=True, slots=True)
class Target:
    """Raises for bytes that break a promise; `seeds` are where to begin, `words` how to spell."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: Callable[[], list[str]] = list


TARGETS = {
    "answer": Target(vendor.answer, vendor.answer_seeds, vendor.words),
    "headers": Target(vendor.headers, vendor.header_seeds, vendor.words),
    "press": Target(members.press, members.press_seeds, lambda: [*members.ACTIONS, "rb:"]),
    "form": Target(
        members.form,
        members.form_seeds,
        lambda: ["custom_id", "value", "values", "component", "components", "length", "prompt"],
    ),
    "typed": Target(members.typed, members.typed_seeds, lambda: ["seconds", "16:9", "square"]),
    "settings": Target(settings.settings, settings.seeds, settings.words),
}
