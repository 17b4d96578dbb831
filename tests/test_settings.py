"""Settings: the command line beats the environment beats the file, and what cannot be used is named with its place."""

from pathlib import Path
from typing import Any

import pytest

from upkeep.errors import BadInput
from upkeep.settings import RunSettings, resolve

SECRET = "canary-header-17"


def resolved(folder: Path, text: str = "", options: dict[str, Any] | None = None, **environ: str) -> RunSettings:
    if text:
        (folder / "upkeep.toml").write_text(text)
    return resolve(options or {}, environ, cwd=folder)


def refusal(folder: Path, text: str = "", options: dict[str, Any] | None = None, **environ: str) -> str:
    with pytest.raises(BadInput) as caught:
        resolved(folder, text, options, **environ)
    assert SECRET not in repr(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "environ", "options", "expected"),
    [
        ("", {}, {}, None),
        ('context = "file"', {}, {}, "file"),
        ('context = "file"', {"UPKEEP_CONTEXT": "variable"}, {}, "variable"),
        ('context = "file"', {"UPKEEP_CONTEXT": "variable"}, {"context": "option"}, "option"),
    ],
)
def test_the_nearest_word_wins(tmp_path: Path, text: str, environ: dict[str, str], options: dict[str, Any], expected: str | None) -> None:
    assert resolved(tmp_path, text, options, **environ).targets[0].context == expected


def test_limits_are_taken_one_by_one(tmp_path: Path) -> None:
    text = '[limits]\nrestarts = 1\nhealth_latency = "2s"\nlog_lines = 7'
    limits = resolved(tmp_path, text, {"limit": ["restarts=3"]}, UPKEEP_LIMIT="restarts=2,health_latency=3s").limits
    assert [limits[name] for name in ("restarts", "health_latency", "log_lines")] == [3, 3, 7]


def test_paths_of_the_file_are_relative_to_it_and_those_of_the_command_line_to_here(tmp_path: Path) -> None:
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
            "upkeep.toml: prometheus.headers.a: input should be a valid string",
        ),
        ('prometheus = "ftp://h"', {}, {}, "a URL with http:// or https:// was expected"),
        ('prometheus = "https://me:canary-header-17@h"', {}, {}, "a URL must not hold a password"),
        ("", {"prometheus": "me:canary-header-17@h"}, {}, "--prometheus=…: a URL with http:// or https:// was expected"),
        ("", {"absent": ["prometheus=none"], "prometheus": "http://h"}, {}, "prometheus is declared absent and given an address"),
        ("", {"target": ["a"]}, {}, "--target=a: the settings file has no such target; it has none"),
        ("[targets.prod]", {"target": ["prd"]}, {}, "did you mean 'prod'?"),
        ("[targets.a]\n[targets.b]", {"target": ["a", "b"], "context": "x"}, {}, "--context together with 2 targets"),
        ("[targets.a]", {"target": ["a", "a"]}, {}, "--target=a is given twice"),
        ("", {}, {"UPKEEP_CONTXT": "x"}, "environment variable UPKEEP_CONTXT is no setting (did you mean 'UPKEEP_CONTEXT'?)"),
        ("", {}, {"UPKEEP_GATE": "perhaps"}, "UPKEEP_GATE is 1 or 0, not 'perhaps'"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(
    tmp_path: Path, text: str, options: dict[str, Any], environ: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, text, options, **environ)
