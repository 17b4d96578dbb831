"""Settings: the command line beats the environment beats the file, and what cannot be used is named with its place."""

from pathlib import Path
from typing import Any

import pytest

from upkeep.errors import BadInput
from upkeep.settings import RunSettings, resolve

SECRET = "canary-header-17"


def resolved(
    folder: Path, text: str = "", options: dict[str, Any] | None = None, **environ: str
) -> RunSettings:
    if text:
        (folder / "upkeep.toml").write_text(text)
    return resolve(options or {}, environ, cwd=folder)


def refusal(
    folder: Path, text: str = "", options: dict[str, Any] | None = None, **environ: str
) -> str:
    with pytest.raises(BadInput) as caught:
        resolved(folder, text, options, **environ)
    assert SECRET not in repr(caught.value)
    said = str(caught.value)
    assert said.endswith("."), "a message is a sentence"
    return said.removesuffix(".")


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


HEADED = '[prometheus]\nurl = "http://h"\nheaders = {{ {} }}'
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("contxt = 1", "unknown setting 'contxt' (did you mean 'context'?)"),
        (
            "[targets.a]\nnamespce = 1",
            "unknown setting 'targets.a.namespce' (did you mean 'namespace'?)",
        ),
        (
            '[prometheus]\nurll = "http://h"',
            "unknown setting 'prometheus.urll' (did you mean 'url'?)",
        ),
        (
            '[targets.a.prometheus]\nurl = "http://h"\nbearer = "x"',
            "'targets.a.prometheus.bearer' (did you mean 'bearer_file'?)",
        ),
        ("[gate]\nadded = []", "unknown setting 'gate.added' (did you mean 'add'?)"),
        (
            '[gate]\nremove = [{ control = "a", reson = "b" }]',
            "unknown setting 'gate.remove.0.reson' (did you mean 'reason'?)",
        ),
        ("zzz = 1", "unknown setting 'zzz'"),
    ],
)
def test_an_unknown_key_is_named_with_its_file_and_the_nearest_right_one(
    tmp_path: Path, text: str, words: str
) -> None:
    said = refusal(tmp_path, text)
    assert said.startswith(f"{tmp_path / 'upkeep.toml'}: unknown setting ")
    assert said.endswith(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("context = 1", "context: expected a text, not a number"),
        ("prometheus = 1", "prometheus: expected a text or a table, not a number"),
        ("[prometheus]\nbearer_file = 'x'", "prometheus.url is missing"),
        ("gate = true", "gate: expected a table, not true or false"),
        ("[gate]\nadd = 'x'", "gate.add: expected a list, not a text"),
        ("targets.a = 'x'", "targets.a: expected a table, not a text"),
        ("absent = ['x']", "absent: expected a table, not a list"),
        ("limits.restarts = true", "limits.restarts: expected a text or a number, not true or false"),
        ("out = 2026-01-02", "out: expected a text, not a date or a time"),
        ("[gate]\nremove = ['x']", 'gate.remove.0: a removal needs a reason. Write remove = [{ control = "ID", reason = "…" }]'),
        ("[gate]\nremove = [{control = 'x', reason = ' '}]", 'gate.remove: x: a removal needs a reason. Write remove = [{ control = "ID", reason = "…" }]'),
    ],
)  # fmt: skip
def test_a_wrong_type_is_named_with_its_file_its_key_and_what_was_expected(
    tmp_path: Path, text: str, words: str
) -> None:
    assert refusal(tmp_path, text) == f"{tmp_path / 'upkeep.toml'}: {words}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'context = "a"\nnamespace',
            "is not TOML: Expected '=' after a key in a key/value pair (at line 2, the end of the file)",
        ),
        ('context = "a"\n\n= 1\n', "is not TOML: Invalid statement (at line 3, column 1)"),
        ("context = [\n", "is not TOML: Invalid value (at line 1, the end of the file)"),
        (
            "a = " + "[" * 3000,
            "is not readable TOML: a number is too long, or tables are nested too deep",
        ),
        (
            "a = " + "1" * 5000,
            "is not readable TOML: a number is too long, or tables are nested too deep",
        ),
    ],
    ids=["end", "middle", "open", "deep", "long"],
)
def test_what_is_no_toml_is_named_with_its_file_and_line(
    tmp_path: Path, text: str, words: str
) -> None:
    assert refusal(tmp_path, text) == f"{tmp_path / 'upkeep.toml'} {words}"


def test_what_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "upkeep.toml").write_bytes(b'context = "a"\n# \xff')
    assert (
        refusal(tmp_path)
        == f"{tmp_path / 'upkeep.toml'} is not TOML: line 2 is not UTF-8. Save the file as UTF-8"
    )


def test_a_settings_file_that_cannot_be_read_is_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(tmp_path, options={"settings": "x.toml"}) == "--settings=x.toml: no such file"
    assert refusal(tmp_path, UPKEEP_SETTINGS="x.toml") == "UPKEEP_SETTINGS=x.toml: no such file"
    assert (
        refusal(tmp_path, options={"settings": "."})
        == "--settings=.: Is a directory. Expected a readable TOML file"
    )
    default = tmp_path / "upkeep.toml"
    default.symlink_to("gone")
    assert refusal(tmp_path) == f"{default}: no such file"

    def denied(path: Path, **_: int) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    default.unlink()
    default.write_text("")
    monkeypatch.setattr("upkeep.settings_file.read_bounded", denied)
    assert refusal(tmp_path) == f"{default}: Permission denied. Expected a readable TOML file"


@pytest.mark.parametrize(
    ("text", "options", "environ", "words"),
    [
        ("", {"demo": "healthy", "context": "c"}, {}, "--demo and --context name two clusters. "),
        ("", {"demo": "healthy"}, {"UPKEEP_KUBECONFIG": "k"}, "--demo and UPKEEP_KUBECONFIG name two clusters. "),
        ('context = "c"', {"demo": "healthy"}, {}, "--demo and {file} context name two clusters. "),
        ("", {"collector": "http://h"}, {"UPKEEP_DEMO": "healthy"}, "UPKEEP_DEMO and --collector name two clusters. "),
        ("", {"absent": ["prometheus=x"], "prometheus": "http://h"}, {}, "--absent and --prometheus contradict: "),
        ('alertmanager = "http://h"', {}, {"UPKEEP_ABSENT": "alertmanager=x"}, "UPKEEP_ABSENT and {file} alertmanager contradict: "),
        ('[targets.t]\nabsent = {prometheus = "x"}', {"target": ["t"], "prometheus": "http://h"}, {},
         "{file} [targets.t] absent.prometheus and --prometheus contradict: "),
        ('[targets.t]\ndemo = "healthy"\ncontext = "c"', {"target": ["t"]}, {}, "{file} [targets.t] demo and {file} [targets.t] context name two clusters"),
        ('[gate]\nadd = ["x"]\nremove = [{control = "x", reason = "y"}]', {}, {}, "{file}: gate.add and gate.remove both name x"),
    ],
)  # fmt: skip
def test_of_what_contradicts_itself_both_are_named(
    tmp_path: Path, text: str, options: dict[str, Any], environ: dict[str, str], words: str
) -> None:
    said = refusal(tmp_path, text, options, **environ)
    assert said.startswith(words.format(file=tmp_path / "upkeep.toml"))
    assert "Remove one" in said


@pytest.mark.parametrize(
    ("text", "options", "environ", "words"),
    [
        ("", {"absent": ["backups"]}, {}, "--absent: expected NAME=REASON, not 'backups'"),
        ("", {"absent": ["backups= "]}, {}, "--absent: expected NAME=REASON, not 'backups='"),
        ("", {}, {"UPKEEP_ABSENT": "backups"}, "UPKEEP_ABSENT: expected NAME=REASON, not 'backups'"),
        ('absent = {backups = " "}', {}, {}, "{file} absent.backups: no reason given. Write why backups is absent on purpose"),
        ("", {"absent": ["bakups=x"]}, {}, "--absent: 'bakups' cannot be declared absent (did you mean 'backups'?). Names: prometheus, alertmanager, backups, metrics-server, helm"),
        ("", {"limit": ["restarts"]}, {}, "--limit: expected NAME=VALUE, not 'restarts'"),
    ],
)  # fmt: skip
def test_an_absence_needs_its_reason(
    tmp_path: Path, text: str, options: dict[str, Any], environ: dict[str, str], words: str
) -> None:
    assert refusal(tmp_path, text, options, **environ) == words.format(
        file=tmp_path / "upkeep.toml"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://h:99999",
        "http://h:x",
        "http://:80",
        "https://",
        "h:9090",
        "http://h:0",
        "http://[{pod_ip}]",
    ],
)
@pytest.mark.parametrize("name", ["prometheus", "collector"])
def test_a_url_that_reaches_nothing_is_refused_before_any_request(
    tmp_path: Path, name: str, url: str
) -> None:
    said = refusal(tmp_path, options={name: url})
    assert said.startswith(f"--{name}=")
    assert said.split(": ", 1)[1].partition(",")[0] in (
        "expected http:// or https:// and a host",
        "bad host or port. Expected https://HOST:PORT",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADED.format(f'"X-Token" = "{SECRET}\\n"'), "headers.X-Token is not an HTTP header"),
        (HEADED.format(f'"X Token" = "{SECRET}"'), "headers.X Token is not an HTTP header"),
        (HEADED.format(f'"X-Token" = "{SECRET}€"'), "headers.X-Token is not an HTTP header"),
        (HEADED.format(f'Authorization = "{SECRET}"') + "\nbearer_file = 'upkeep.toml'", "headers.Authorization and {file} prometheus.bearer_file both authenticate"),
        (f'prometheus = "https://{SECRET}@h"', "the URL contains a password. Use bearer_file in the settings file"),
        (f'prometheus = "https://me:{SECRET}@h:99999"', "{file} prometheus=…: bad host or port"),
        (f"[prometheus]\nurl = 'http://h'\nheaders = '{SECRET}'", "prometheus.headers: expected a table, not a text"),
        (f"[prometheus]\nurl = 'http://h'\nheaders = {{ a = ['{SECRET}'] }}", "prometheus.headers.a: expected a text, not a list"),
        (f"[prometheus]\nurl = 'http://h'\npassword = '{SECRET}'", "unknown setting 'prometheus.password'"),
        (f"[prometheus]\nurl = 'http://h'\nheaders = {{ a = '{SECRET}' \n }}", "is not TOML: "),
        ("[prometheus]\nurl = 'http://h'\nbearer_file = 'gone'", "{file} prometheus.bearer_file: no such file: gone"),
        ("[prometheus]\nurl = 'http://h'\nclient_key = 'upkeep.toml'", "{file} prometheus.client_key needs client_certificate"),
    ],
)  # fmt: skip
def test_no_refusal_shows_a_secret(tmp_path: Path, text: str, words: str) -> None:
    assert words.format(file=tmp_path / "upkeep.toml") in refusal(tmp_path, text)


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


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (
            "",
            {"chart_repository": "oci://registry.example/charts"},
            "--chart-repository: an OCI registry has no index.yaml",
        ),
        (
            'chart_repository = { url = "OCI://registry.example" }',
            {},
            "chart_repository: an OCI registry has no index",
        ),
        (
            "",
            {"chart_repository": "gone.yaml"},
            "--chart-repository=gone.yaml: no such file. Expected the URL of a chart repository",
        ),
        ("", {"chart_repository": "auto"}, "--chart-repository=auto: no such file"),
        ("", {"chart_repository": "ftp://h"}, "expected http:// or https:// and a host"),
        (
            'chart_repository = "https://me:canary-header-17@h"',
            {},
            "the URL contains a password",
        ),
        ("chart_repository = 1", {}, "chart_repository: expected a text or a table"),
    ],
)
def test_what_is_no_chart_repository_is_refused(
    tmp_path: Path, text: str, options: dict[str, Any], words: str
) -> None:
    assert words in refusal(tmp_path, text, options)
