"""Manifests compared: which objects, which fields, never a value; and the patch that would be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.helm.manifests import changes, described, manifest, merge_patch, owned
from upkeep.errors import Malformed

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: x, labels: {app.kubernetes.io/version: "1", a: b}}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - {name: main, image: "x:1", env: [{name: A, value: canary-old}, {name: B, value: "2"}]}
      - {name: side, image: "y:1"}
"""
SECRET = "\n---\n# Source: a.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: canary-1}\n"


def between(old: str, new: str) -> list[tuple[str, str, tuple[str, ...]]]:
    sides = [manifest(text, name="m", namespace="ns") for text in (old, new)]
    return [(one.action, one.object, one.fields) for _, one in changes(*sides, namespace="ns")]


def test_fields_are_named_by_what_they_are_called() -> None:
    """Containers and variables by their names, odd keys in quotes, and no value at all."""
    new = (
        DEPLOYMENT.replace("x:1", "x:2")
        .replace('version: "1"', 'version: "2"')
        .replace("canary-old", "canary-new")
    )
    assert between(DEPLOYMENT + SECRET, new + SECRET.replace("canary-1", "canary-2")) == [
        ("changed", "Secret/s", ("stringData.token",)),
        (
            "changed",
            "Deployment/x",
            (
                "metadata.labels['app.kubernetes.io/version']",
                "spec.template.spec.containers[main].env[A].value",
                "spec.template.spec.containers[main].image",
            ),
        ),
    ]


def test_the_same_is_no_change_however_it_is_written() -> None:
    again = DEPLOYMENT.replace("replicas: 2", "replicas: 0x2").replace(
        "{name: x,", "{namespace: ns, name: x,"
    )
    assert between(DEPLOYMENT, "---\n\n---\n# a comment alone\n---" + again) == [
        ("changed", "Deployment/x", ("metadata.namespace",))
    ]
    assert between(DEPLOYMENT, DEPLOYMENT) == []
    assert between("", "") == []


def test_a_number_is_no_text() -> None:
    """An API server takes one and refuses the other."""
    assert between(
        "{apiVersion: v1, kind: A, metadata: {name: x}, a: 1}",
        '{apiVersion: v1, kind: A, metadata: {name: x}, a: "1"}',
    ) == [("changed", "A/x", ("a",))]


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ("1", "true", ("a",)),
        ("1", "1.0", ()),
        ("{xoxb-canary: 1}", "{xoxb-canary: 2}", ("a.‹masked›",)),
    ],
)
def test_truth_is_no_number_and_a_key_may_be_a_secret(
    old: str, new: str, fields: tuple[str, ...]
) -> None:
    found = between(
        *(f"{{apiVersion: v1, kind: A, metadata: {{name: x}}, a: {value}}}" for value in (old, new))
    )
    assert found == ([("changed", "A/x", fields)] if fields else [])


def test_what_comes_goes_and_is_left() -> None:
    """By group, not version; one that is kept by its resource policy stays in the cluster; a namespace of its own is named."""
    old = "{apiVersion: policy/v1beta1, kind: B, metadata: {name: b}}\n---\n{apiVersion: v1, kind: K, metadata: {name: k, annotations: {helm.sh/resource-policy: keep}}}"
    new = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: policy/v1, kind: B, metadata: {name: b}}\n- {apiVersion: v1, kind: N, metadata: {name: n, namespace: other}}\n"
    assert between(old + SECRET, new) == [
        ("left", "K/k", ()),
        ("added", "N/other/n", ()),
        ("removed", "Secret/s", ()),
        ("changed", "B/b", ("apiVersion",)),
    ]


def test_a_shorter_list_and_another_order_are_changes() -> None:
    side = '      - {name: side, image: "y:1"}\n'
    main = DEPLOYMENT.removesuffix(side)
    assert between(DEPLOYMENT, main) == [
        ("changed", "Deployment/x", ("spec.template.spec.containers[side]",))
    ]
    head, _, rest = main.partition("      - ")
    assert between(DEPLOYMENT, f"{head}{side}      - {rest}") == [
        ("changed", "Deployment/x", ("spec.template.spec.containers",))
    ]
    assert between(
        "{apiVersion: v1, kind: A, metadata: {name: x}, a: [1, 2]}",
        "{apiVersion: v1, kind: A, metadata: {name: x}, a: [1]}",
    ) == [("changed", "A/x", ("a[1]",))]


@pytest.mark.parametrize(
    "text",
    ["a: [", "- 1", "5", "{apiVersion: v1, kind: A}", "{apiVersion: v1, kind: A, metadata: {name: [canary]}}", "{kind: A, metadata: {name: canary}}",
     "{apiVersion: v1, kind: A, metadata: canary}", "{apiVersion: v1, kind: AList, items: [canary]}", "&a [*a]"],
)  # fmt: skip
def test_what_is_no_manifest_is_malformed_and_not_shown(text: str) -> None:
    with pytest.raises(Malformed) as stopped:
        manifest(text, name="the manifest", namespace="ns")
    assert "canary" not in str(stopped.value)
    assert stopped.value.message.startswith("the manifest")


def test_a_manifest_does_not_show() -> None:
    assert "canary" not in repr(manifest(SECRET, name="m", namespace="ns"))


def test_a_patch_is_made_of_three() -> None:
    """What drifted is set back, what only the old manifest said is taken away, what others added stays; a null is as absent."""
    original = {"a": 1, "gone": 1, "deep": {"gone": 1, "kept": 1}, "list": [1]}
    modified = {"a": 1, "deep": {"kept": 1}, "list": [1, 2], "new": {"x": None}, "nothing": None}
    current = {
        "a": 5,
        "gone": 1,
        "deep": {"gone": 1, "kept": 1, "theirs": 1},
        "list": [1],
        "status": {},
    }
    assert merge_patch(original, modified, current) == {
        "gone": None,
        "a": 1,
        "deep": {"gone": None},
        "list": [1, 2],
        "new": {"x": None},
    }
    assert merge_patch(original, {}, {}) == {}


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from("ab"),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner),
)
OBJECTS = st.dictionaries(st.sampled_from("xyz"), TREES)


def merged(target: object, patch: object) -> object:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def without_nulls(value: object) -> object:
    return (
        {key: without_nulls(one) for key, one in value.items() if one is not None}
        if isinstance(value, dict)
        else value
    )


@given(OBJECTS, OBJECTS)
def test_the_patch_over_what_the_old_manifest_made_gives_the_new_one(old: dict, new: dict) -> None:
    """Where nobody else wrote, the object is afterwards what the new manifest says (a null is as absent)."""
    live = without_nulls(old)
    assert merged(live, merge_patch(old, new, live)) == without_nulls(new)


def test_helm_marks_what_is_its_own() -> None:
    marked = owned(
        {"kind": "A", "metadata": {"name": "x", "labels": {"a": "b"}}}, release="r", namespace="ns"
    )
    assert marked["metadata"]["labels"] == {"a": "b", "app.kubernetes.io/managed-by": "Helm"}
    assert marked["metadata"]["annotations"] == {
        "meta.helm.sh/release-name": "r",
        "meta.helm.sh/release-namespace": "ns",
    }
    assert described(("", "A", "ns", "x"), namespace="ns") == "A/x"


def test_yaml_is_read_as_go_reads_it() -> None:
    """What a chart's templates print is read by Helm: dates, 10:30 and infinity are texts there, and the last of two keys wins."""
    text = "{a: 10:30, b: 2026-01-01, c: 0644, d: 1.5, e: 1e3, f: .inf, g: ~, h: yes, i: '5', j: 0, k: -3, l: 08, a: 2}".replace(
        "10:30", "'10:30'"
    )
    assert yaml_text.as_go(text, name="x", most_bytes=999) == {
        "a": 2, "b": "2026-01-01", "c": 420, "d": 1.5, "e": 1000.0, "f": ".inf", "g": None, "h": True, "i": "5", "j": 0, "k": -3, "l": "08",
    }  # fmt: skip
    assert yaml_text.as_go("a: 10:30\n", name="x", most_bytes=999) == {"a": "10:30"}
    for wrong in (
        "a: [",
        "x" * 1000,
        "a: !!python/object:os.system x",
        f"{'[' * 40}{']' * 40}",
        "? {a: b}\n: c",
    ):
        with pytest.raises(Malformed, match="x"):
            yaml_text.as_go(wrong, name="x", most_bytes=999)


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_an_object_whose_labels_are_none_is_not_sent(field: str):
    with pytest.raises(Malformed, match="A/x has labels or annotations that are no mapping"):
        owned({"kind": "A", "metadata": {"name": "x", field: 7}}, release="r", namespace="ns")
