import pytest

from playground.clock import FakeClock
from playground.discord import LocalDiscord
from tests.playground.discord.client import Api, Json


@pytest.fixture(autouse=True)
def without_limits(local: LocalDiscord) -> None:
    local.rate_limits = False


def slash(name: str = "video", *options: Json, **more: object) -> Json:
    return {"name": name, "description": "Text", "options": list(options)} | more


def option(name: str = "prompt", kind: int = 3, **more: object) -> Json:
    return {"name": name, "description": "Text", "type": kind} | more


def choices(count: int) -> list[Json]:
    return [{"name": f"Choice {n}", "value": f"v{n}"} for n in range(count)]


SAME = "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS"
BAD_NAME = "APPLICATION_COMMAND_INVALID_NAME"


@pytest.mark.parametrize("name", ["video", "бюджет", "jp-日本語", "वीडियो", "ไทย", "a_b-c'd1"])
async def test_names_are_lower_case_letters_of_any_script(api: Api, name: str) -> None:
    assert (await api.register(slash(name, option(name)))).status == 200


@pytest.mark.parametrize("name", ["Video", "make video", "a" * 33, "a.b", "a/b", "🎬"])
async def test_other_names_are_refused(api: Api, name: str) -> None:
    expected = "BASE_TYPE_MAX_LENGTH" if len(name) > 32 else BAD_NAME
    assert (await api.register(slash(name))).faults() == [f"0.name: {expected}"]
    assert (await api.register(slash("x", option(name)))).faults() == [
        f"0.options.0.name: {expected}"
    ]


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ({"name": "x"}, "0.description: BASE_TYPE_REQUIRED"),
        (slash(description=""), "0.description: BASE_TYPE_REQUIRED"),
        (slash(description="x" * 101), "0.description: BASE_TYPE_MAX_LENGTH"),
        ({"description": "x"}, "0.name: BASE_TYPE_REQUIRED"),
        (slash(type=9), "0.type: BASE_TYPE_CHOICES"),
        (slash(name_localizations={"xx": "x"}), "0.name_localizations.xx: BASE_TYPE_CHOICES"),
        (slash(name_localizations={"de": "Groß"}), f"0.name_localizations.de: {BAD_NAME}"),
        (
            slash(description_localizations={"de": "x" * 101}),
            "0.description_localizations.de: BASE_TYPE_MAX_LENGTH",
        ),
        (slash(contexts=[]), "0.contexts: BASE_TYPE_CHOICES"),
        (slash(contexts=[0, 0]), "0.contexts: SET_TYPE_ALREADY_CONTAINS_VALUE"),
        (slash(contexts=[7]), "0.contexts: BASE_TYPE_CHOICES"),
        (
            slash(integration_types=[0, 1]),
            "0.integration_types: APPLICATION_COMMAND_INTEGRATION_TYPE_DISABLED",
        ),
        (
            slash(default_member_permissions="admin"),
            "0.default_member_permissions: NUMBER_TYPE_COERCE",
        ),
        (slash("x", *[option(f"o{n}") for n in range(26)]), "0.options: BASE_TYPE_MAX_LENGTH"),
        (slash("x", option(kind=12)), "0.options.0.type: BASE_TYPE_CHOICES"),
        (
            slash("x", {"name": "o", "type": 3}),
            "0.options.0.description: BASE_TYPE_REQUIRED",
        ),
        (
            slash("x", option(), option()),
            "0.options.1.name: APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
        ),
        (
            slash("x", option("a"), option("b", required=True)),
            "0.options.1: APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            slash("x", option(choices=choices(26))),
            "0.options.0.choices: BASE_TYPE_MAX_LENGTH",
        ),
        (
            slash("x", option(choices=choices(2), autocomplete=True)),
            "0.options.0: APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
        ),
        (
            slash("x", option(choices=[{"name": "n" * 101, "value": "v"}])),
            "0.options.0.choices.0.name: BASE_TYPE_MAX_LENGTH",
        ),
        (
            slash("x", option(choices=[{"name": "n", "value": "v" * 101}])),
            "0.options.0.choices.0.value: BASE_TYPE_MAX_LENGTH",
        ),
        (
            slash("x", option(choices=[{"name": "n", "value": 5}])),
            "0.options.0.choices.0.value: BASE_TYPE_BAD_TYPE",
        ),
        (
            slash("x", option(kind=4, choices=[{"name": "n", "value": "5"}])),
            "0.options.0.choices.0.value: NUMBER_TYPE_COERCE",
        ),
        (
            slash("x", option(choices=[*choices(1), {"name": "Choice 0", "value": "other"}])),
            f"0.options.0.choices.1.name: {SAME}",
        ),
        (
            slash("x", option(kind=11, choices=choices(1))),
            "0.options.0.choices: APPLICATION_COMMAND_OPTIONS_CHOICES_TYPE",
        ),
        (
            slash("x", option(kind=11, autocomplete=True)),
            "0.options.0.autocomplete: APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_TYPE",
        ),
        (
            slash("x", option(max_length=6001)),
            "0.options.0.max_length: NUMBER_TYPE_BOUNDS",
        ),
        (
            slash("x", option(min_length=5, max_length=4)),
            "0.options.0.min_length: APPLICATION_COMMAND_OPTIONS_BOUNDS_ORDER",
        ),
        (
            slash("x", option(min_value=1)),
            "0.options.0.min_value: APPLICATION_COMMAND_OPTIONS_BOUNDS_TYPE",
        ),
        (
            slash("x", option(kind=4, min_length=1)),
            "0.options.0.min_length: APPLICATION_COMMAND_OPTIONS_BOUNDS_TYPE",
        ),
        (
            slash("x", option(kind=7, channel_types=[99])),
            "0.options.0.channel_types: BASE_TYPE_CHOICES",
        ),
        (
            slash("x", option("sub", 1), option("value")),
            "0.options: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            slash("x", option("sub", 1, options=[option("deep", 1)])),
            "0.options.0.options.0.type: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            slash("x", option("group", 2, options=[option("value")])),
            "0.options.0.options: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            slash("x", option("group", 2, options=[option("sub", 1, options=[option("Bad")])])),
            f"0.options.0.options.0.options.0.name: {BAD_NAME}",
        ),
        (
            {"name": "Animate", "type": 3, "description": "not here"},
            "0.description: APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED",
        ),
        (
            {"name": "Animate", "type": 3, "options": [option()]},
            "0.options: APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED",
        ),
        ({"name": "x" * 33, "type": 3}, "0.name: BASE_TYPE_MAX_LENGTH"),
    ],
)
async def test_each_rule_of_a_command(api: Api, command: Json, fault: str) -> None:
    got = await api.register(command)
    assert got.code == (400, 50035)
    assert fault in got.faults()
    assert api.local.commands_for(None) == []


async def test_a_command_has_8000_characters_counting_its_longest_translations(api: Api) -> None:
    longest = {"name": "n" * 100, "name_localizations": {"de": "x" * 100}, "value": "v" * 100}
    many = [longest | {"name": f"{n:03}" + "n" * 97} for n in range(25)]
    fits = slash("x", option("a", choices=many), option("b"))
    assert (await api.register(fits)).status == 200
    large = slash("x", option("a", choices=many), option("b", choices=many))
    assert (await api.register(large)).faults() == ["0: APPLICATION_COMMAND_TOO_LARGE"]


async def test_names_are_unique_by_kind(api: Api) -> None:
    menu = {"name": "video", "type": 3}
    assert (await api.register(slash("video"), menu)).status == 200
    got = await api.register(slash("video"), slash("video"))
    assert got.faults() == ["1.name: APPLICATION_COMMANDS_DUPLICATE_NAME"]


async def test_a_scope_holds_100_slash_commands_and_15_menus_of_a_kind(
    local: LocalDiscord, api: Api
) -> None:
    assert (await api.register(*[slash(f"c{n}") for n in range(100)])).status == 200
    assert (await api.register(*[slash(f"c{n}") for n in range(101)])).code == (400, 30032)
    menus = [{"name": f"Menu {n}", "type": 3} for n in range(16)]
    assert (await api.register(*menus[:15])).status == 200
    assert (await api.register(*menus)).code == (400, 30032)


async def test_200_commands_are_created_a_day(api: Api, clock: FakeClock) -> None:
    for batch in range(2):
        assert (await api.register(*[slash(f"b{batch}c{n}") for n in range(100)])).status == 200
    assert (await api.register(slash("one-more"))).code == (400, 30034)
    assert (await api.register(slash("b1c5"))).status == 200, "it is not new"
    await clock.advance(24 * 3600 + 1)
    assert (await api.register(slash("one-more"))).status == 200


async def test_a_whole_set_is_told_back_and_keeps_its_ids(local: LocalDiscord, api: Api) -> None:
    sent = slash("video", option(required=True, choices=None), contexts=[0], nsfw=False)
    (first,) = (await api.register(sent | {"integration_types": None})).json
    assert first["application_id"] == str(local.world.bot.id)
    assert first["integration_types"] == [0]
    assert first["default_member_permissions"] is None
    assert first["options"] == [option(required=True)]
    (same,) = (await api.register(sent)).json
    assert same == first
    (changed,) = (await api.register(sent | {"description": "New"})).json
    assert changed["id"] == first["id"]
    assert changed["version"] != first["version"]
    assert (await api.register()).json == []
    assert local.events[-1].kind == "commands_registered"


async def test_commands_of_a_guild_hide_global_ones_there(local: LocalDiscord, api: Api) -> None:
    await api.register(slash("video"), slash("help"))
    guild = local.world.guild("Second Server")
    got = await api.register(slash("video", description="Here"), guild=guild.id)
    assert got.json[0]["guild_id"] == str(guild.id)
    here = {one["name"]: one["description"] for one in local.commands_for(guild)}
    assert here == {"video": "Here", "help": "Text"}
    there = {one["description"] for one in local.commands_for("Reelbox Playground")}
    assert there == {"Text"}
    refused = await api.register(slash("x", contexts=[0]), guild=guild.id)
    assert refused.faults() == ["0.contexts: APPLICATION_COMMAND_GUILD_FIELD_NOT_ALLOWED"]


async def test_contexts_decide_where_a_command_is_offered(local: LocalDiscord, api: Api) -> None:
    await api.register(slash("here", contexts=[0]), slash("dm", contexts=[1]), slash("both"))
    assert [one["name"] for one in local.commands_for("Second Server")] == ["here", "both"]
    assert [one["name"] for one in local.commands_for(None)] == ["dm", "both"]


async def test_single_commands_are_added_changed_and_removed(local: LocalDiscord, api: Api) -> None:
    base = f"/applications/{local.world.bot.id}/commands"
    made = await api.ask("POST", base, slash("one"))
    assert made.status == 201
    again = await api.ask("POST", base, slash("one", description="New"))
    assert (again.status, again.json["id"]) == (200, made.json["id"])
    one = f"{base}/{made.json['id']}"
    assert (await api.ask("PATCH", one, {"description": "Newer"})).json["description"] == "Newer"
    assert (await api.ask("GET", one)).json["description"] == "Newer"
    assert (await api.ask("DELETE", one)).status == 204
    assert (await api.ask("GET", base)).json == []
    assert (await api.ask("GET", one)).code == (404, 10063)


async def test_commands_belong_to_the_app_itself_and_guilds_it_is_in(
    local: LocalDiscord, api: Api
) -> None:
    assert (await api.ask("PUT", "/applications/5/commands", [])).code == (404, 10002)
    local.remove_bot("Second Server")
    guild = local.world.guild("Second Server")
    assert (await api.register(slash("x"), guild=guild.id)).code == (403, 50001)
