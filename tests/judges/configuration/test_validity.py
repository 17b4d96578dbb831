"""config-valid, three ways, and what must hold whatever the documents are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import NOW, ago, install
from upkeep.errors import Absent, Forbidden
from upkeep.judges.configuration import validity as judges
from upkeep.records.configuration import (
    ConfigurationDocument,
    ConfigurationFault,
    ConfiguredName,
    Environment,
    FieldOwner,
    StoredObject,
)

INSTALL = install()
NONE = Environment(())
FAULT = ConfigurationFault(
    "Secret/d key destinations.yaml",
    3,
    "destinations.slack[0].api_key",
    "required",
    "… is required",
    "add it",
)


def destinations(
    *names: str, variables: tuple[str, ...] = (), faults: tuple[ConfigurationFault, ...] = ()
) -> ConfigurationDocument:
    where = "Secret/d key destinations.yaml"
    entries = tuple(
        ConfiguredName(name, "slack", where, 3 + n, f"destinations.slack[{n}]", (), variables)
        for n, name in enumerate(names)
    )
    return ConfigurationDocument("destinations", where, faults, entries)


def teams(**uses: tuple[str, ...]) -> ConfigurationDocument:
    where = "ConfigMap/t key teams.yaml"
    entries = tuple(
        ConfiguredName(name, "", where, 2 + n, f"teams[{n}]", used)
        for n, (name, used) in enumerate(uses.items())
    )
    return ConfigurationDocument("teams", where, (), entries)


def codes(
    *documents: ConfigurationDocument, environment: Environment | Forbidden = NONE
) -> list[str]:
    return [
        finding.code
        for finding in judges.valid(documents, environment, (), now=NOW, install=INSTALL).findings
    ]


def test_documents_that_agree_pass() -> None:
    judged = judges.valid(
        [destinations("a", "b"), teams(default=("a",), other=("b",))],
        NONE,
        (),
        now=NOW,
        install=INSTALL,
    )
    assert (bool(judged), judged.observed, judged.limit) == (
        True,
        "2 documents with 2 destinations, 2 teams; 0 faults",
        0,
    )


def test_a_fault_of_a_document_is_a_finding_with_its_object_and_fix() -> None:
    (finding,) = judges.valid(
        [destinations("a", faults=(FAULT,))], NONE, (), now=NOW, install=INSTALL
    ).findings
    assert (finding.object, finding.code, finding.message) == (
        "Secret/d",
        "required",
        "… is required. Fix: add it.",
    )
    assert finding.next == f"kubectl -n {INSTALL.namespace} edit secret/d"


def test_who_wrote_what_is_wrong_is_said_where_it_is_known() -> None:
    owners = (
        FieldOwner("helm", ago(days=9), ("destinations.yaml", "other"), True),
        FieldOwner("kubectl-edit", ago(minutes=25), ("destinations.yaml",), False),
        FieldOwner("kubectl-label", ago(minutes=1), (), True),
    )
    written = (
        StoredObject("ConfigMap", "d", NOW, (), ()),
        StoredObject("Secret", "d", NOW, ("destinations.yaml",), owners),
    )
    (finding,) = judges.valid(
        [destinations("a", faults=(FAULT,))], NONE, written, now=NOW, install=INSTALL
    ).findings
    assert (
        finding.message
        == "… is required. Last written 25 min ago (2026-01-02 11:35 UTC) by kubectl-edit. Fix: add it."
    )
    unowned = (
        StoredObject(
            "Secret", "d", NOW, (), (FieldOwner("old", None, ("destinations.yaml",), False),)
        ),
    )
    (finding,) = judges.valid(
        [destinations("a", faults=(FAULT,))], NONE, unowned, now=NOW, install=INSTALL
    ).findings
    assert finding.message == "… is required. Fix: add it."


def test_a_name_twice_is_a_finding() -> None:
    assert codes(destinations("a", "a")) == ["name-twice"]
    assert codes(destinations("a"), destinations("a")) == ["name-twice"]


def test_a_team_must_name_what_exists() -> None:
    (finding,) = judges.valid(
        [destinations("oncall"), teams(default=("on-call", "oncall"))],
        NONE,
        (),
        now=NOW,
        install=INSTALL,
    ).findings
    assert (finding.code, finding.object) == ("unknown-destination", "ConfigMap/t")
    assert (
        "names the destination on-call, which does not exist. The collector will not start; did you mean oncall? Fix: "
        in finding.message
    )


def test_what_is_not_whole_makes_no_team_wrong() -> None:
    assert codes(destinations("a", faults=(FAULT,)), teams(default=("b",))) == ["required"]


@pytest.mark.parametrize(("names", "expected"), [((), ["unset-variable"]), (("KEY",), [])])
def test_a_variable_must_be_the_containers(names: tuple[str, ...], expected: list[str]) -> None:
    assert codes(destinations("a", variables=("KEY",)), environment=Environment(names)) == expected


def test_a_variable_that_cannot_be_seen_is_not_judged() -> None:
    unread = Environment((), ("Secret/env has no managedFields",))
    with pytest.raises(
        Absent, match=r"^The container may or may not have KEY: Secret/env has no managedFields$"
    ):
        codes(destinations("a", variables=("KEY",)), environment=unread)
    with pytest.raises(Forbidden, match="may not look"):
        codes(destinations("a", variables=("KEY",)), environment=Forbidden("may not look"))
    assert codes(destinations("a"), environment=Forbidden("may not look")) == []


def test_a_fault_is_told_also_where_the_variables_cannot_be_seen() -> None:
    faulty = destinations("a", variables=("KEY",), faults=(FAULT,))
    for unseen, words in (
        (Forbidden("may not look"), "; variables not checked: may not look"),
        (Environment((), ("Secret/env is hidden",)), "; KEY not checked: Secret/env is hidden"),
    ):
        judged = judges.valid([faulty], unseen, (), now=NOW, install=INSTALL)
        assert [one.code for one in judged.findings] == ["required"]
        assert judged.observed.endswith(words)


def test_keys_that_the_collector_ignores_are_said() -> None:
    document = replace(destinations("a"), ignored=("destinations.slack[0].colour (line 6)",))
    judged = judges.valid([document], NONE, (), now=NOW, install=INSTALL)
    assert judged.observed.endswith(
        "ignored by the collector: destinations.slack[0].colour (line 6)"
    )


def test_no_document_of_destinations_is_not_judged() -> None:
    with pytest.raises(Absent, match=r"^No mounted object holds destinations.yaml"):
        codes(teams(default=()))


names = st.lists(st.sampled_from("abc"), max_size=4)


@given(
    names,
    st.dictionaries(st.sampled_from("xy"), names.map(tuple), max_size=2),
    st.lists(st.just(FAULT), max_size=2),
)
def test_another_fault_never_turns_a_failure_into_a_pass(
    made: list[str], used: dict[str, tuple[str, ...]], faults: list[ConfigurationFault]
) -> None:
    before = judges.valid([destinations(*made), teams(**used)], NONE, (), now=NOW, install=INSTALL)
    after = judges.valid(
        [destinations(*made, faults=tuple(faults)), teams(**used)],
        NONE,
        (),
        now=NOW,
        install=INSTALL,
    )
    assert bool(before) or not bool(after) or not faults
    assert not (faults and bool(after))
