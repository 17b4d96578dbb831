"""Settings: the command line beats the environment beats the file, and what cannot be used is named with its place."""

from pathlib import Path
from typing import Any

import pytest

from tests.settings.resolved import HEADED, SECRET, refusal, resolved
from upkeep.settings.run import RunSettings, resolve


@pytest.mark.parametrize(
    ("text", "environ", "options", "expected"),
    [
        ("", {}, {}, None),
        ('context = "file"', {}, {}, "file"),
        ('context = "file"', {"UPKEEP_CONTEXT": "variable"}, {}, "variable"),
        ('context = "file"', {"UPKEEP_CONTEXT": "variable"}, {"context": "option"}, "option"),
    ],
)
def test_the_nearest_word_wins(
    tmp_path: Path,
    text: str,
    environ: dict[str, str],
    options: dict[str, Any],
    expected: str | None,
) -> None:
    assert resolved(tmp_path, text, options, **environ).targets[0].context == expected


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_where_alertmanagers_configuration_is_stored_is_three_words(
    kind: str, tmp_path: Path
) -> None:
    named = f"{kind}/monitoring/alertmanager-main-generated"
    expected = (kind, "monitoring", "alertmanager-main-generated")
    assert (
        resolved(tmp_path, options={"alertmanager_config": named}).targets[0].alertmanager_config
        == expected
    )
    assert (
        resolved(tmp_path, UPKEEP_ALERTMANAGER_CONFIG=named).targets[0].alertmanager_config
        == expected
    )
    assert (
        resolved(tmp_path, f'alertmanager_config = "{named}"').targets[0].alertmanager_config
        == expected
    )
    (tmp_path / "upkeep.toml").unlink()
    assert resolved(tmp_path).targets[0].alertmanager_config is None


@pytest.mark.parametrize(
    "text",
    [
        "alertmanager",
        "Secret/x",
        "Pod/a/b",
        "Secret/a/b/c",
        "Secret/A/b",
        "Secret//b",
        "Secret/a/../b",
    ],
)
def test_where_it_is_stored_in_another_form_is_refused(text: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, options={"alertmanager_config": text})
    assert (
        said
        == f"--alertmanager-config={text}: expected Secret/NAMESPACE/NAME or ConfigMap/NAMESPACE/NAME"
    )


def test_limits_are_taken_one_by_one(tmp_path: Path) -> None:
    text = '[limits]\nrestarts = 1\nhealth_latency = "2s"\nlog_lines = 7'
    limits = resolved(
        tmp_path, text, {"limit": ["restarts=3"]}, UPKEEP_LIMIT="restarts=2,health_latency=3s"
    ).limits
    assert [limits[name] for name in ("restarts", "health_latency", "log_lines")] == [3, 3, 7]


def test_paths_of_the_file_are_relative_to_it_and_those_of_the_command_line_to_here(
    tmp_path: Path,
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "u.toml").write_text('out = "o"\nexports = "e"\nkubeconfig = "k"')
    settings = resolve({"settings": "conf/u.toml", "exports": "here"}, {}, cwd=tmp_path)
    assert (settings.out, settings.exports) == (tmp_path / "conf" / "o", tmp_path / "here")
    assert settings.targets[0].kubeconfig == str(tmp_path / "conf" / "k")


def test_named_targets_are_chosen_in_the_given_order(tmp_path: Path) -> None:
    text = '[targets.a]\ncontext = "ca"\n[targets.b]\ncontext = "cb"\nabsent = {prometheus = "none here"}'
    targets = resolved(tmp_path, text, {"target": ["b", "a"]}).targets
    assert [(target.name, target.context, dict(target.absent)) for target in targets] == [
        ("b", "cb", {"prometheus": "none here"}),
        ("a", "ca", {}),
    ]


@pytest.mark.parametrize(
    ("text", "options", "environ", "words"),
    [
        ("contxt = 1", {}, {}, "contxt"),
        ("context = 1", {}, {}, "context"),
        ("context = [", {}, {}, "upkeep.toml"),
        (
            '[prometheus]\nurl = "http://h"\nheaders = {a = 1, b = "canary-header-17"}',
            {},
            {},
            "upkeep.toml: prometheus.headers.a: expected a text, not a number",
        ),
        ('prometheus = "ftp://h"', {}, {}, "expected http:// or https:// and a host"),
        ('prometheus = "https://me:canary-header-17@h"', {}, {}, "the URL contains a password"),
        (
            "",
            {"prometheus": "me:canary-header-17@h"},
            {},
            "--prometheus=…: expected http:// or https:// and a host",
        ),
        (
            "",
            {"absent": ["prometheus=none"], "prometheus": "http://h"},
            {},
            "prometheus is declared absent and has an address",
        ),
        (
            "",
            {"target": ["a"]},
            {},
            "--target=a: unknown target. Targets of the settings file: none",
        ),
        ("[targets.prod]", {"target": ["prd"]}, {}, "did you mean 'prod'?"),
        (
            "[targets.a]\n[targets.b]",
            {"target": ["a", "b"], "context": "x"},
            {},
            "--context cannot apply to 2 targets",
        ),
        ("[targets.a]", {"target": ["a", "a"]}, {}, "--target=a is given twice"),
        (
            "",
            {},
            {"UPKEEP_CONTXT": "x"},
            "environment variable UPKEEP_CONTXT is not a setting (did you mean 'UPKEEP_CONTEXT'?)",
        ),
        ("", {}, {"UPKEEP_GATE": "perhaps"}, "UPKEEP_GATE takes 1 or 0, not 'perhaps'"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(
    tmp_path: Path, text: str, options: dict[str, Any], environ: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, text, options, **environ)


def test_secret_readers_of_file_environment_and_command_line_add_up(tmp_path: Path) -> None:
    text = 'secret_readers = ["Group sre"]\n[targets.a]\nsecret_readers = ["User  jane", "ServiceAccount vault/*"]'
    options = {"secret_reader": ["User jane", "Group ops*"]}
    environ = {"UPKEEP_SECRET_READER": "ServiceAccount vault/agent, Group sre"}
    assert resolved(tmp_path, text, options, **environ).targets[0].secret_readers == (
        "Group sre", "ServiceAccount vault/agent", "User jane", "Group ops*",
    )  # fmt: skip
    assert resolved(tmp_path, text, {"target": ["a"]}).targets[0].secret_readers == (
        "User jane",
        "ServiceAccount vault/*",
    )


@pytest.mark.parametrize(
    ("text", "options", "environ", "words"),
    [
        (
            "",
            {"secret_reader": ["Grup sre"]},
            {},
            "--secret-reader: 'Grup sre' is not a subject (did you mean 'Group'?). Expected 'User NAME', 'Group NAME' or",
        ),
        ("", {}, {"UPKEEP_SECRET_READER": "sre"}, "UPKEEP_SECRET_READER: 'sre' is not a subject"),
        (
            'secret_readers = ["Group *"]',
            {},
            {},
            "upkeep.toml secret_readers: 'Group *' needs a name",
        ),
        ('secret_readers = ["Group "]', {}, {}, "needs a name before the *"),
        ('secret_readers = ["User a*b"]', {}, {}, "needs a name before the *"),
        (
            'secret_readers = ["ServiceAccount agent"]',
            {},
            {},
            "is not a service account. Expected ServiceAccount NAMESPACE/NAME",
        ),
        (
            'secret_readers = ["ServiceAccount */agent"]',
            {},
            {},
            "is not a service account. Expected ServiceAccount NAMESPACE/NAME",
        ),
        (
            'secret_readers = ["ServiceAccount vault/"]',
            {},
            {},
            "is not a service account. Expected ServiceAccount NAMESPACE/NAME",
        ),
        ('secret_readers = "Group sre"', {}, {}, "secret_readers: expected a list, not a text"),
        (
            'secret_reader = ["Group sre"]',
            {},
            {},
            "unknown setting 'secret_reader' (did you mean 'secret_readers'?)",
        ),
        (
            "[targets.a]\n[targets.b]",
            {"target": ["a", "b"], "secret_reader": ["User x"]},
            {},
            "--secret-reader cannot apply to 2 targets",
        ),
    ],
)
def test_who_is_no_secret_reader(
    tmp_path: Path, text: str, options: dict[str, Any], environ: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, text, options, **environ)


EACH_KIND = pytest.mark.parametrize(
    ("name", "default", "file", "variable", "option"),
    [
        ("kubeconfig", None, "/f", "/v", "/o"),
        ("context", None, "f", "v", "o"),
        ("namespace", None, "f", "v", "o"),
        ("deployment", None, "f", "v", "o"),
        ("collector", None, "http://f", "http://v", "http://o"),
        ("prometheus", None, "http://f", "http://v", "http://o"),
        ("alertmanager", None, "http://f", "http://v", "auto"),
        ("demo", None, "no-collector", "two-collectors", "healthy"),
        ("out", "reports/out", "/f", "/v", "/o"),
        ("exports", None, "/f", "/v", "/o"),
        ("emergency_config", None, "/f", "/v", "/o"),
    ],
)


def value_of(settings: RunSettings, name: str) -> str | None:
    """A setting as text, wherever it is held."""
    found = getattr(
        settings if name in ("out", "exports", "emergency_config") else settings.targets[0], name
    )
    return found.url if hasattr(found, "url") else str(found) if found is not None else None


@EACH_KIND
def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(
    tmp_path: Path, name: str, default: str | None, file: str, variable: str, option: str
) -> None:
    environ = {f"UPKEEP_{name.upper()}": variable}
    assert value_of(resolved(tmp_path), name) == (str(tmp_path / default) if default else None)
    assert value_of(resolved(tmp_path, f'{name} = "{file}"'), name) == file
    assert value_of(resolved(tmp_path, **environ), name) == variable
    assert value_of(resolved(tmp_path, options={name: option}, **environ), name) == (
        None if option == "auto" else option
    )


@EACH_KIND
def test_an_empty_word_is_as_not_given(
    tmp_path: Path, name: str, default: str | None, file: str, variable: str, option: str
) -> None:
    """A pipeline passes on a variable that is not set as an empty one; it must not reach another cluster for that."""
    assert (
        value_of(
            resolved(tmp_path, f'{name} = "{file}"', {name: ""}, **{f"UPKEEP_{name.upper()}": ""}),
            name,
        )
        == file
    )
    assert (
        value_of(
            resolved(tmp_path, options={name: ""}, **{f"UPKEEP_{name.upper()}": variable}), name
        )
        == variable
    )


def test_the_settings_file_itself_may_be_named_in_the_environment(tmp_path: Path) -> None:
    for name in ("upkeep", "v", "o"):
        (tmp_path / f"{name}.toml").write_text(f'context = "{name}"')
    assert resolved(tmp_path).settings_file == tmp_path / "upkeep.toml"
    assert resolved(tmp_path, UPKEEP_SETTINGS="v.toml").targets[0].context == "v"
    assert (
        resolved(tmp_path, options={"settings": "o.toml"}, UPKEEP_SETTINGS="v.toml")
        .targets[0]
        .context
        == "o"
    )


def test_targets_may_be_named_in_the_environment(tmp_path: Path) -> None:
    text = "[targets.a]\n[targets.b]\n[targets.c]"
    assert [target.name for target in resolved(tmp_path, text, UPKEEP_TARGET="a, b").targets] == [
        "a",
        "b",
    ]
    assert [
        target.name
        for target in resolved(tmp_path, options={"target": ["c"]}, UPKEEP_TARGET="a, b").targets
    ] == ["c"]
    assert [target.name for target in resolved(tmp_path).targets] == [""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("TRUE", True), ("yes", True), ("0", False), ("no", False), ("", False)],
)
def test_the_gate_may_be_asked_for_in_the_environment(
    tmp_path: Path, text: str, expected: bool
) -> None:
    settings = resolved(tmp_path, UPKEEP_GATE=text)
    assert (settings.gate, settings.gate_strict) == (expected, False)
    settings = resolved(
        tmp_path, options={"gate": True, "gate_strict": False}, UPKEEP_GATE_STRICT=text
    )
    assert (settings.gate, settings.gate_strict) == (True, expected)


def test_absences_are_taken_one_by_one(tmp_path: Path) -> None:
    text = 'absent = { prometheus = "file", alertmanager = "file", backups = "file" }'
    settings = resolved(
        tmp_path,
        text,
        {"absent": ["backups=option"]},
        UPKEEP_ABSENT="backups=variable, alertmanager=variable",
    )
    assert settings.targets[0].absent == {
        "prometheus": "file",
        "alertmanager": "variable",
        "backups": "option",
    }


def test_what_the_gate_adds_and_removes(tmp_path: Path) -> None:
    settings = resolved(
        tmp_path, '[gate]\nadd = ["x"]\nremove = [{ control = "y", reason = "moved" }]'
    )
    assert (settings.gate_add, settings.gate_remove) == (("x",), {"y": "moved"})


def test_a_ratio_in_the_file_may_be_as_small_as_on_the_command_line(tmp_path: Path) -> None:
    assert (
        resolved(tmp_path, "[limits]\nalert_error_ratio = 0.00001").limits["alert_error_ratio"]
        == 0.00001
    )


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    settings = resolved(tmp_path, HEADED.format(f'"X-Token" = "{SECRET}"'))
    access = settings.targets[0].prometheus
    assert [found.headers for found in (access,) if found] == [{"X-Token": SECRET}]
    assert SECRET not in f"{settings} {settings!r} {access} {access!r}"


def test_a_home_that_nobody_has_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, 'out = "~nobody-here/x"').endswith(
        "out: the home directory of ~nobody-here/x is unknown. Write the absolute path"
    )


def test_a_chart_repository_is_a_url_a_table_or_a_file(tmp_path: Path) -> None:
    """Of the command line from here, of the settings file from its folder; a folder means the index in it."""
    (tmp_path / "conf" / "charts").mkdir(parents=True)
    index = tmp_path / "conf" / "charts" / "index.yaml"
    index.write_text("")

    def of(text: str, **options: str) -> Any:
        (tmp_path / "conf" / "u.toml").write_text(text)
        return (
            resolve({"settings": "conf/u.toml", **options}, {}, cwd=tmp_path)
            .targets[0]
            .chart_repository
        )

    assert of("") is None
    assert of('chart_repository = "charts"') == index
    assert of('chart_repository = "charts/index.yaml"') == index
    assert of("", chart_repository="conf/charts") == index
    assert of("", chart_repository=str(index)) == index
    assert of("", chart_repository="https://charts.example/x").url == "https://charts.example/x"
    access = of(
        'chart_repository = { url = "https://charts.example", headers = { X = "canary-header-17" } }'
    )
    assert (access.url, SECRET in repr(access)) == ("https://charts.example", False)
    assert (
        resolve({}, {"UPKEEP_CHART_REPOSITORY": str(index)}, cwd=tmp_path)
        .targets[0]
        .chart_repository
        == index
    )
