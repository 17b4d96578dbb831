"""Credentials in objects, reduced to places: what is found where, that nothing is told twice, and that no value comes along."""

import base64
import json
from typing import Any

import pytest

from upkeep.adapters.cluster import objects
from upkeep.adapters.formats import exposure
from upkeep.adapters.formats.exposure import LAST_APPLIED, of_config_map
from upkeep.adapters.wire.decoding import convert
from upkeep.adapters.wire.workloads import AppliedDeployment
from upkeep.errors import Malformed
from upkeep.records.access import Exposure

VALUE = "xoxb-1-canary-7f3a"


def config_map(annotations: dict[str, str] | None = None, **content: Any) -> dict[str, Any]:
    return {"metadata": {"name": "c", "annotations": annotations or {}}, **content}


def deployment(
    container: dict[str, Any],
    *,
    annotations: dict[str, str] | None = None,
    pod: dict[str, str] | None = None,
    field: str = "containers",
):
    spec = {"containers": [{"name": "main"}]} | {field: [{"name": "main", **container}]}
    return {
        "metadata": {"name": "d", "annotations": annotations or {}},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}, "annotations": pod or {}},
                "spec": spec,
            },
        },
    }


def of_deployment(raw: dict[str, Any]) -> tuple[Exposure, ...]:
    return exposure.of_deployment(convert(raw, AppliedDeployment))


def said(found: tuple[Exposure, ...]) -> list[tuple[str, str, tuple[int, ...]]]:
    assert VALUE not in repr(found)
    return [(one.place, one.shape, one.lines) for one in found]


def test_a_config_map_is_told_by_key_line_and_shape() -> None:
    text = f"a: 1\nb: {VALUE}\nc: {VALUE}\npassword: hunter\n"
    (first, second) = of_config_map(config_map(data={"x.yaml": text}))
    assert first == Exposure("ConfigMap/c", "key x.yaml", "Slack token", (2, 3))
    assert second == Exposure("ConfigMap/c", "key x.yaml", "value of password", (4,))


def test_many_lines_are_cut() -> None:
    (found,) = of_config_map(config_map(data={"x": f"{VALUE}\n" * 40}))
    assert found.lines == (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, []),
        ({"data": {"x": ""}}, []),
        ({"data": {"DB_PASSWORD": "hunter"}}, [("key DB_PASSWORD", "value of DB_PASSWORD", ())]),
        ({"data": {"DB_PASSWORD": "${OF_ENV}"}}, []),
        ({"data": {"token.yaml": "a: 1\nb: 2\n"}}, []),  # a document, whatever its key
        (
            {"binaryData": {"x": base64.b64encode(b"\xff\x00" + VALUE.encode()).decode()}},
            [("key x", "Slack token", ())],
        ),
        ({"annotations": {"note": VALUE}}, [("annotation note", "Slack token", ())]),
    ],
)
def test_what_a_config_map_shows(content: dict[str, Any], expected: list[Any]) -> None:
    assert said(of_config_map(config_map(**content))) == expected


@pytest.mark.parametrize("field", ["containers", "initContainers"])
@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({}, []),
        (
            {"env": [{"name": "LEGACY", "value": VALUE}]},
            [("env LEGACY of container main", "Slack token", ())],
        ),
        (
            {"env": [{"name": "API_KEY", "value": "abc"}]},
            [("env API_KEY of container main", "value of API_KEY", ())],
        ),
        (
            {"env": [{"name": "API_KEY", "value": ""}, {"name": "B_TOKEN", "value": "$(API_KEY)"}]},
            [],
        ),
        (
            {
                "env": [
                    {
                        "name": "API_KEY",
                        "valueFrom": {"secretKeyRef": {"name": "s", "key": "api-key"}},
                    }
                ]
            },
            [],
        ),
        ({"args": ["--token=abc"]}, [("command of container main", "value of --token", ())]),
        (
            {"command": ["run", "--password", "hunter"]},
            [("command of container main", "value of --password", ())],
        ),
        ({"args": ["--token-file", "/run/x", "--token", "$(TOKEN)"]}, []),
        (
            {"command": ["sh", "-c", f"a {VALUE}; b {VALUE}"]},
            [("command of container main", "Slack token", ())],
        ),
    ],
)
def test_what_a_pod_template_shows(
    container: dict[str, Any], field: str, expected: list[Any]
) -> None:
    assert said(of_deployment(deployment(container, field=field))) == expected


def test_annotations_are_read_by_what_they_hold_and_not_by_their_names() -> None:
    harmless = {
        "checksum/secret": "0a" * 32,
        "vault.hashicorp.com/agent-inject-secret-x": "secret/data/x",
    }
    assert said(of_deployment(deployment({}, annotations=harmless, pod=harmless))) == []
    found = said(of_deployment(deployment({}, annotations={"a": VALUE}, pod={"b": VALUE})))
    assert found == [
        ("annotation b of the pod template", "Slack token", ()),
        ("annotation a", "Slack token", ()),
    ]


def test_what_kubectl_repeats_is_told_once_and_what_it_alone_holds_is_told() -> None:
    shown = {"env": [{"name": "LEGACY", "value": VALUE}]}
    repeated = json.dumps(deployment(shown))
    assert [
        place
        for place, _, _ in said(
            of_deployment(deployment(shown, annotations={LAST_APPLIED: repeated}))
        )
    ] == ["env LEGACY of container main"]
    alone = said(of_deployment(deployment({}, annotations={LAST_APPLIED: repeated})))
    assert alone == [
        (f"annotation {LAST_APPLIED}: env LEGACY of container main", "Slack token", ())
    ]
    assert said(
        of_config_map(config_map({LAST_APPLIED: json.dumps(config_map(data={"x": VALUE}))}))
    ) == [(f"annotation {LAST_APPLIED}: key x", "Slack token", ())]


@pytest.mark.parametrize(
    "text",
    [
        "no json " + VALUE,
        json.dumps([VALUE]),
        json.dumps({"spec": VALUE}),
        json.dumps({"data": {"x": [VALUE]}}),
    ],
)
def test_an_annotation_that_is_no_manifest_is_read_as_text(text: str) -> None:
    assert [
        shape
        for _, shape, _ in said(of_deployment(deployment({}, annotations={LAST_APPLIED: text})))
    ] == ["Slack token"]


@pytest.mark.parametrize(
    "content",
    [
        {"data": {"x": 7}},
        {"data": [VALUE]},
        {"binaryData": {"x": "no base64!"}},
        {"binaryData": {"x": "é"}},
        {"data": None},  # Go leaves an empty map out
    ],
)
def test_what_is_no_config_map_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match="ConfigMap/c"):
        of_config_map(config_map(**content))


def test_annotations_that_are_no_texts_are_refused() -> None:
    with pytest.raises(Malformed, match=r"ConfigMap/c .*: metadata.annotations"):
        of_config_map({"metadata": {"name": "c", "annotations": {"a": 1}}})


def test_an_annotation_without_an_end_is_read_as_text() -> None:
    """A hundred thousand brackets ended twelve of thirteen controls in a traceback."""
    deep = config_map({LAST_APPLIED: "[" * 100_000 + VALUE})
    assert [shape for _, shape, _ in said(of_config_map(deep))] == ["Slack token"]


def test_a_deployment_carries_what_it_shows() -> None:
    raw = deployment({"env": [{"name": "API_KEY", "value": VALUE}]})
    raw["metadata"] |= {"namespace": "n", "uid": "u", "creationTimestamp": "2026-01-02T12:00:00Z"}
    found = objects.deployment(raw)
    assert said(found.exposures) == [("env API_KEY of container main", "Slack token", ())]
    raw["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = 7
    with pytest.raises(Malformed, match="Deployment/d is not as the API describes it"):
        objects.deployment(raw)
