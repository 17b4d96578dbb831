"""A run of several targets refuses options of one cluster: its texts name the settings file."""

from pathlib import Path

import pytest

from upkeep.errors import BadInput
from upkeep.masking import mask
from upkeep.settings.file import Target
from upkeep.settings.run import resolve
from upkeep.settings.tables import REFUSED, in_tables, table_of
from upkeep.settings.words import VARIABLES
from upkeep.shell import shell

TABLE = "under [targets.b] of upkeep.toml"
VALUES = {"absent": ["helm=none here"], "secret-reader": ["Group sre"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("--acting-context=CONTEXT", f'acting_context = "CONTEXT" {TABLE}'),
        ("--prometheus=URL, or --exports=DIR", f'prometheus = "URL" {TABLE}, or --exports=DIR'),
        ("Retry later, or use --prometheus=URL.", f'Retry later, or use prometheus = "URL" {TABLE}.'),
        ("--prometheus=URL, or --absent=prometheus=REASON", f'prometheus = "URL" {TABLE}, or absent.prometheus = "REASON" {TABLE}'),
        ("kubectl get x, or --absent=helm=REASON", f'kubectl get x, or absent.helm = "REASON" {TABLE}'),
        ("--namespace=NAME; kubectl get x --namespace=a", f'namespace = "NAME" {TABLE}; kubectl get x --namespace=a'),
        ("--collector=http://{pod_ip}:8080, or leave it", f'collector = "http://{{pod_ip}}:8080" {TABLE}, or leave it'),
        ("declare it with --alertmanager-config", f"declare it with alertmanager_config {TABLE}"),
        ("To allow it, add --secret-reader='Group sre'.", f'To allow it, add "Group sre" to secret_readers {TABLE}.'),
        ("helm is missing. Add --absent=helm=REASON.", f'helm is missing. Add absent.helm = "REASON" {TABLE}.'),
        ("upkeep rbac --namespace=a --user=b | kubectl apply --context=c -f -", None),
        ("mount it here, or upkeep backup --context=a --backups=b", None),
        ("--limit=request_deadline=60s", None),
        ("--exports=DIR", None),
        (shell("mv {} elsewhere", "--context=a"), None),
        (shell("see {}", "--context=$(a)"), None),
        ("""the log says --namespace="it's 'x' off""", None),
        ("", None),
    ],
)  # fmt: skip
def test_an_option_is_written_as_the_setting_of_its_target(text: str, told: str | None) -> None:
    assert in_tables(text, TABLE) == (text if told is None else told)
    assert in_tables(text, "") == text
    assert mask(text) != text or mask(in_tables(text, TABLE)) == in_tables(text, TABLE)


def test_a_value_of_any_text_is_one_string_of_the_file() -> None:
    step = in_tables(shell("--deployment={}", 'o\'b "x"; y'), TABLE)
    assert step == f'deployment = "o\'b \\"x\\"; y" {TABLE}'


def test_what_several_targets_refuse_has_a_key(tmp_path: Path) -> None:
    (tmp_path / "upkeep.toml").write_text('demo = ""\n[targets.a]\n[targets."b.2"]\n')
    refused = set()
    for name in (name.replace("_", "-") for name in VARIABLES if name not in ("settings", "shard")):
        given = {name.replace("-", "_"): VALUES.get(name, "1"), "target": ["a", "b.2"]}
        try:
            resolve(given, {}, cwd=tmp_path)
        except BadInput as error:
            refused |= {name} if "cannot apply to 2 targets" in str(error) else set()
    assert refused == set(REFUSED)
    assert set(REFUSED.values()) <= set(Target.__annotations__)
    both = resolve({"target": ["a", "b.2"]}, {}, cwd=tmp_path).targets
    assert [one.table for one in both] == [table_of("a", "upkeep.toml"), 'under [targets."b.2"] of upkeep.toml']  # fmt: skip
    assert [one.table for one in resolve({"target": ["a"]}, {}, cwd=tmp_path).targets] == [""]
