"""Settings that are refused: each sentence names the file, the key and what was expected."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.settings.resolved import HEADED, SECRET, refusal
from upkeep.errors import BadInput
from upkeep.settings.run import resolve


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
        (
            "alert_window = '12h'",
            "unknown setting 'alert_window'. It is a limit: write it under [limits]",
        ),
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
    monkeypatch.setattr("upkeep.settings.file.read_bounded", denied)
    assert refusal(tmp_path) == f"{default}: Permission denied. Expected a readable TOML file"


@pytest.mark.parametrize(
    ("text", "options", "environ", "words"),
    [
        ("", {"demo": "healthy", "context": "c"}, {}, "--demo and --context name two clusters. "),
        ("", {"demo": "healthy"}, {"UPKEEP_KUBECONFIG": "k"}, "--demo and UPKEEP_KUBECONFIG name two clusters. "),
        ('context = "c"', {"demo": "healthy"}, {}, "--demo and {file} context name two clusters. Remove one, or add --settings=/dev/null"),
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
        ("[prometheus]\nurl = 'http://h'\nbearer_file = 'gone'", "{file} prometheus.bearer_file: no such file"),
        ("[prometheus]\nurl = 'http://h'\nclient_key = 'upkeep.toml'", "{file} prometheus.client_key needs client_certificate"),
    ],
)  # fmt: skip
def test_no_refusal_shows_a_secret(tmp_path: Path, text: str, words: str) -> None:
    assert words.format(file=tmp_path / "upkeep.toml") in refusal(tmp_path, text)


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


@pytest.mark.parametrize("hidden", ["\x1b[31m", "\u202e", "\u2028", "\x85", "\udcff"])
def test_a_value_that_does_not_print_is_refused_wherever_it_is_given(
    tmp_path: Path, hidden: str
) -> None:
    """Reports and the terminal repeat names and reasons."""
    code = f"the character U+{ord(hidden[0]):04X} does not print. Remove it."
    given: Any = {"namespace": f"a{hidden}", "limit": [], "due": False}
    with pytest.raises(BadInput, match=r"^--namespace: ") as found:
        resolve(given, {}, cwd=tmp_path)
    assert str(found.value) == f"--namespace: {code}"
    with pytest.raises(BadInput, match=r"^UPKEEP_CONTEXT: "):
        resolve({}, {"UPKEEP_CONTEXT": f"a{hidden}"}, cwd=tmp_path)
    if hidden != "\udcff":  # TOML is UTF-8
        said = refusal(tmp_path, f'[absent]\nhelm = "a\\u{ord(hidden[0]):04x}"')
        assert said == f"{tmp_path / 'upkeep.toml'} absent helm: {code[:-1]}"


def test_a_key_of_many_parts_is_refused_before_it_costs_minutes(tmp_path: Path) -> None:
    """tomllib takes the square of their number: 100 KB took 25 s."""
    began = time.process_time()
    said = refusal(tmp_path, f"x = 1\n{'a.' * 50_000}b = 1\n")
    assert said.endswith("upkeep.toml: line 2 has a key of more than 100 parts")
    assert time.process_time() - began < 5
