"""The collector's documents as facts: each fault with its place and its fix, never a value, whatever the document is."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from upkeep.adapters.formats import configuration, yaml_text
from upkeep.errors import Malformed
from upkeep.records.configuration import ConfigurationDocument

SECRET = "canary-xoxb-17"
SLACK: dict[str, Any] = {"name": "oncall", "api_key": SECRET, "slack_channel": "#oncall"}
WORKFLOW: dict[str, Any] = {
    "name": "logs",
    "triggers": [{"on_alertmanager_alert": {"status": "firing", "severity": "critical"}}],
    "actions": [{"action_type": "pod_logs"}],
}


def parse(document: Any, kind: str = "destinations") -> ConfigurationDocument:
    """A document given as data or as text."""
    text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
    return configuration.parse(text, kind=kind, where="Secret/d key x.yaml")


def slack(**change: Any) -> ConfigurationDocument:
    """A Slack destination with some keys changed; ``None`` takes one out."""
    entry = {key: value for key, value in (SLACK | change).items() if value is not None}
    return parse({"destinations": {"slack": [entry]}})


def said(document: ConfigurationDocument) -> list[tuple[str, str]]:
    """(path, code) of each fault."""
    return [(fault.path, fault.code) for fault in document.faults]


def test_what_is_well_formed_has_names_and_no_fault() -> None:
    whole = slack(
        grouping_interval=90, unfurl_links=True,
        threading={"enabled": True, "cache_ttl": "10m", "search_limit": 1000, "search_window": "7d", "fingerprint_in_metadata": True},
        enrichments={"table_formatting": "enhanced", "color_coding": False, "max_table_rows": 10},
    )  # fmt: skip
    assert (whole.faults, [(one.name, one.type, one.line) for one in whole.names]) == (
        (),
        [("oncall", "slack", 3)],
    )
    assert parse({"teams": [{"name": "a", "destinations": ["oncall"]}]}, "teams").names[0].uses == (
        "oncall",
    )
    workflows = parse({"active_workflows": [WORKFLOW]}, "workflows")
    assert workflows.faults == ()
    assert workflows.names[0].uses == tuple(one["action_type"] for one in WORKFLOW["actions"])
    guide = parse(
        {
            "destinations": {
                "msteams": [{"name": "t", "webhookURL": "https://h/x"}],
                "slack": [{"name": "s", "webhookURL": "${HOOK}"}],
            }
        }
    )
    assert [(one.name, one.variables) for one in guide.names] == [("t", ()), ("s", ("HOOK",))]


def test_nothing_configured_is_no_fault_of_the_document() -> None:
    assert parse({"destinations": {"slack": []}}) == ConfigurationDocument(
        "destinations", "Secret/d key x.yaml"
    )


@pytest.mark.parametrize(
    ("change", "path", "code", "words"),
    [
        ({"api_key": None}, ".api_key", "required", "is required"),
        ({"slack_channel": ""}, ".slack_channel", "wrong-value", "must not be empty"),
        # The loader decodes an int of seconds: 10m stops its start.
        (
            {"grouping_interval": "10m"},
            ".grouping_interval",
            "wrong-value",
            "must be a whole number of seconds",
        ),
        (
            {"grouping_interval": -1},
            ".grouping_interval",
            "wrong-value",
            "must be a whole number of seconds",
        ),
        (
            {"slack_channel": "${CHANNEL}"},
            ".slack_channel",
            "wrong-value",
            "replaces ${VARIABLES} in api_key alone",
        ),
        ({"api_key": "xoxb-${KEY}"}, ".api_key", "wrong-value", "one ${VARIABLE} and nothing else"),
        (
            {"threading": {"cache_ttl": "2d"}},
            ".threading.cache_ttl",
            "wrong-value",
            "Go has no days",
        ),
        (
            {"threading": {"search_window": "0d"}},
            ".threading.search_window",
            "wrong-value",
            "above zero",
        ),
        ({"unfurl_links": "perhaps"}, ".unfurl_links", "wrong-value", "must be true or false"),
        (
            {"threading": {"search_limit": 1001}},
            ".threading.search_limit",
            "wrong-value",
            "less than or equal to 1000",
        ),
        (
            {"threading": {"search_window": "soon"}},
            ".threading.search_window",
            "wrong-value",
            "must be a duration",
        ),
        (
            {"enrichments": {"table_formatting": "fancy"}},
            ".enrichments.table_formatting",
            "wrong-value",
            "simple, enhanced or attachment",
        ),
        (
            {"grouping_intervall": 5},
            ".grouping_intervall",
            "misspelt",
            "did you mean grouping_interval?",
        ),
        (
            {"threading": {"serch_limit": 5}},
            ".threading.serch_limit",
            "misspelt",
            "did you mean search_limit?",
        ),
        ({"name": [1]}, ".name", "wrong-type", "must be a text"),
    ],
)
def test_each_fault_has_its_path_its_words_and_no_value(
    change: dict[str, Any], path: str, code: str, words: str
) -> None:
    document = slack(**change)
    assert said(document) == [(f"destinations.slack[0]{path}", code)]
    assert words in document.faults[0].message
    assert SECRET not in repr(document)


def test_what_the_loader_fills_in_is_no_fault() -> None:
    """0 and a zero duration are its defaults, and it takes parts of days."""
    filled = {"search_limit": 0, "cache_ttl": "0s", "search_window": "1.5d"}
    assert slack(threading=filled, grouping_interval=0).faults == ()


@pytest.mark.parametrize(
    ("type_", "code", "words"),
    [
        ("slak", "misspelt", "did you mean slack?"),
        ("Slack", "misspelt", "did you mean slack?"),
        ("pagerduty", "unknown-type", "known are slack, msteams"),
    ],
)
def test_a_type_of_destinations_that_the_loader_ignores_is_a_fault(
    type_: str, code: str, words: str
) -> None:
    document = parse({"destinations": {type_: [SLACK]}})
    assert said(document) == [(f"destinations.{type_}", code)]
    assert words in document.faults[0].message
    assert [one.name for one in document.names] == ["oncall"]
    assert parse({"destinations": {type_: []}}).faults == ()


@pytest.mark.parametrize("key", ["webhookUrl", "webhook_url", "webHookURL"])
def test_a_misspelt_webhook_is_told_as_one(key: str) -> None:
    document = parse({"destinations": {"slack": [{"name": "a", key: "https://h/x"}]}})
    faults = {(fault.path.rpartition(".")[2], fault.code) for fault in document.faults}
    assert faults == {(key, "misspelt"), ("webhookURL", "required")}
    assert "did you mean webhookURL?" in document.faults[0].message


def test_keys_that_are_near_none_are_told_as_ignored() -> None:
    document = slack(colour="red")
    assert (document.faults, document.ignored) == (
        (),
        ("destinations.slack[0].colour (line 6)",),
    )


@pytest.mark.parametrize("text", ["active_workflows: []", "active_workflows:"])
def test_no_workflow_stops_the_collector(text: str) -> None:
    """Its loader: "no active workflows configured"."""
    assert said(parse(text, "workflows")) == [("active_workflows", "empty")]


def test_a_fault_names_the_line() -> None:
    document = parse(
        f"destinations:\n  slack:\n  - name: a\n    api_key: {SECRET}\n    slack_channel: c\n    threading:\n      search_limit: x\n"
    )
    assert [(fault.line, fault.path) for fault in document.faults] == [
        (7, "destinations.slack[0].threading.search_limit")
    ]
    assert document.faults[0].message.startswith("Secret/d key x.yaml, line 7: ")


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("", "", "empty"),
        ("[]", "", "wrong-type"),
        ("other: 1", "", "required"),
        ("destinations: []", "destinations", "wrong-type"),
        ("destinations: {slack: {}}", "destinations.slack", "wrong-type"),
        ("destinations: {slack: [text]}", "destinations.slack[0]", "wrong-type"),
        ("destinations: {slack: [\n", "", "not-yaml"),
        ("destinations: {slack: []}\n---\n{}\n", "", "not-yaml"),
        ("destinations: 1\ndestinations: 2\n", "", "not-yaml"),
        (f"destinations: !!python/object:{SECRET} {{}}", "", "not-yaml"),
    ],
)
def test_a_document_of_another_form_is_a_fault_of_its_own(text: str, path: str, code: str) -> None:
    document = parse(text)
    assert (path, code) in said(document)
    assert SECRET not in repr(document)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"triggers": []}, ".triggers"),
        ({"actions": []}, ".actions"),
        (
            {"triggers": [{"on_alertmanager_alert": {"namespace": "Payments"}}]},
            ".triggers[0].on_alertmanager_alert.namespace",
        ),
        (
            {"triggers": [{"on_alertmanager_alert": {"severity": "page"}}]},
            ".triggers[0].on_alertmanager_alert.severity",
        ),
        ({"actions": [{"action_type": "reboot"}]}, ".actions[0].action_type"),
    ],
)
def test_workflows_that_cannot_run_or_match_are_faults(change: dict[str, Any], path: str) -> None:
    document = parse({"active_workflows": [WORKFLOW | change]}, "workflows")
    assert [fault.path for fault in document.faults] == [f"active_workflows[0]{path}"]
    assert [one.name for one in document.names] == ["logs"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [*a]\n", "one that holds itself"),
        (
            "x0: &x0 [1,1]\n"
            + "".join(
                f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}, *x{n - 1}, *x{n - 1}]\n" for n in range(1, 24)
            ),
            "aliases are followed",
        ),
        ("[" * 40 + "]" * 40, "levels deep"),
        ("a: " + "x" * (1024 * 1024), "larger than"),
    ],
)
def test_documents_that_would_eat_the_reader_are_refused(text: str, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        yaml_text.load(text, name="ConfigMap/x")


plain = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
keys = st.sampled_from(
    [
        "destinations",
        "teams",
        "active_workflows",
        "slack",
        "name",
        "api_key",
        "triggers",
        "actions",
        "threading",
    ]
)
shaped = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(st.sampled_from(sorted(configuration.ROOTS)), shaped)
def test_no_document_breaks_the_reader(kind: str, document: Any) -> None:
    """Whatever it is, it becomes names and faults; entries that are kept have a name."""
    read = configuration.parse(
        yaml.safe_dump({configuration.ROOTS[kind]: document}), kind=kind, where="x"
    )
    assert all(one.name for one in read.names)
    assert all(fault.line >= 1 and fault.message and fault.fix for fault in read.faults)


@given(st.binary(max_size=300))
def test_no_text_breaks_the_reader(data: bytes) -> None:
    read = configuration.parse(data.decode(errors="replace"), kind="destinations", where="x")
    assert read.faults or read.names == ()
