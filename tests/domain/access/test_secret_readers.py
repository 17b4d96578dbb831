"""Every subject that reads the Secrets: two rights, chains of readers, and roles that lead there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.alertmanager.rules import ADMIN, SRE, WANTED, found, grant, reads, rule, ways
from upkeep.domain.access.rbac import gives, identity, may_be_one
from upkeep.domain.access.secret_readers import MOST_STEPS, Kind, Wanted, readers
from upkeep.domain.access.two_rights import RBAC
from upkeep.errors import Malformed
from upkeep.records.access import Grant, PolicyRule, RbacPolicy


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (
            rule("bind", "clusterroles", group=RBAC),
            rule("create", "rolebindings", group=RBAC),
            "bind clusterroles",
        ),
        (
            rule("escalate", "roles", group=RBAC),
            rule("patch", "roles", "b", group=RBAC),
            "escalate roles",
        ),
        (
            rule("create", "jobs", "x", group="batch"),
            rule("patch", "jobs", "x", group="batch"),
            "create, patch jobs.batch x",
        ),
    ],
)
def test_a_way_of_two_rights_counts_where_one_identity_may_have_both(
    first: PolicyRule, second: PolicyRule, what: str
) -> None:
    """By one binding or two, of a user and of a group that it may be in; not of two users, nor where the second holds elsewhere."""
    raises = grant(first, subject="User jane")
    for subject in ("User jane", SRE, "Group system:authenticated"):
        beside = grant(second, subject=subject)
        own = grant(second, subject="User jane", name="own")
        assert [way for _, way in ways(raises, beside, own, subject="User jane")] == [what]
    for subject in (
        "User joe",
        "ServiceAccount monitoring/a",
        "Group system:serviceaccounts",
        "Group system:nodes",
    ):
        assert ways(raises, grant(second, subject=subject), subject="User jane") == []
    assert (
        ways(raises, grant(second, subject="User jane", namespace="other"), subject="User jane")
        == []
    )


def test_a_binding_that_is_there_is_a_way_where_its_role_is_one() -> None:
    """Whoever may bind its role and change it adds itself, also where nobody is in it."""
    changes = grant(
        rule("bind", "clusterroles", group=RBAC),
        rule("update", "rolebindings", "there", group=RBAC),
    )
    roles = {
        "ClusterRole/edit": (rule("get", "secrets"),),
        "ClusterRole/view": (rule("get", "pods"),),
    }
    for role, expected in (("edit", ["bind clusterroles"]), ("view", [])):
        policy = RbacPolicy(
            (ADMIN, changes), roles, {"RoleBinding/monitoring/there": f"ClusterRole/{role}"}
        )
        assert [
            way.what
            for one in readers(policy, WANTED)
            if one.grant.subject == SRE
            for way in one.ways
        ] == expected


def test_a_role_that_becomes_a_part_of_an_aggregated_one_is_a_way() -> None:
    fills = grant(rule("escalate patch", "clusterroles", "part", group=RBAC), namespace="")
    whole = Grant("RoleBinding/monitoring/w", "ClusterRole/whole", SRE, "monitoring", ())
    for aggregated, expected in (
        ({"ClusterRole/whole"}, ["escalate clusterroles part"]),
        (set(), []),
    ):
        policy = RbacPolicy((ADMIN, fills, whole), {"ClusterRole/part": ()}, {}, tuple(aggregated))
        assert [
            way.what
            for one in readers(policy, WANTED)
            if one.grant.subject == SRE
            for way in one.ways
        ] == expected


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("User jane", "User jane", True),
        ("User jane", "User joe", False),
        ("User jane", "Group ops", True),
        ("Group dev", "Group ops", True),
        ("User jane", "Group system:nodes", False),
        ("User system:kube-proxy", "Group ops", False),
        ("ServiceAccount a/b", "User system:serviceaccount:a:b", True),
        ("ServiceAccount a/b", "Group system:serviceaccounts:a", True),
        ("ServiceAccount a/b", "Group system:serviceaccounts", True),
        ("ServiceAccount a/b", "Group system:serviceaccounts:c", False),
        ("ServiceAccount a/b", "ServiceAccount a/c", False),
        ("ServiceAccount a/b", "Group ops", False),
        ("Group system:serviceaccounts:a", "Group system:serviceaccounts", True),
        ("Group system:serviceaccounts:a", "Group system:serviceaccounts:b", False),
        ("Group system:authenticated", "ServiceAccount a/b", True),
        ("Group system:authenticated", "User jane", True),
    ],
)
def test_two_subjects_may_be_one_identity_or_not(one: str, other: str, may: bool) -> None:
    assert may_be_one(one, other) is may_be_one(other, one) is may


@pytest.mark.parametrize(
    ("given_rule", "what"),
    [
        (
            rule("impersonate", "serviceaccounts"),
            "impersonate serviceaccounts of ServiceAccount kube-system/gc",
        ),
        (
            rule("create", "serviceaccounts/token", "gc"),
            "create serviceaccounts/token of ServiceAccount kube-system/gc",
        ),
        (
            rule("create", "pods"),
            "create pods in namespace kube-system, as ServiceAccount kube-system/gc",
        ),
    ],
)
def test_who_may_act_as_a_reader_of_another_namespace_is_one(
    given_rule: PolicyRule, what: str
) -> None:
    there = grant(given_rule, namespace="kube-system")
    assert ways(there, reads()) == [(Kind.BECOMES, what)]
    assert ways(there) == []
    assert ways(there, reads("elsewhere")) == []


def test_a_role_narrowed_to_other_names_is_no_way() -> None:
    assert (
        ways(
            grant(rule("create", "serviceaccounts/token", "other"), namespace="kube-system"),
            reads(),
        )
        == []
    )
    assert ways(grant(rule("impersonate", "users", "nobody"), namespace="")) == []


def test_rights_to_raise_rights_where_a_reader_lives_are_a_way() -> None:
    raises = grant(
        rule("bind create", "clusterroles rolebindings", group=RBAC), namespace="kube-system"
    )
    assert ways(raises, reads()) == [(Kind.RAISES, "bind clusterroles")]
    assert ways(raises) == []


def test_a_group_of_service_accounts_that_reads_makes_each_of_them_a_reader() -> None:
    group = grant(rule("get", "secrets"), subject="Group system:serviceaccounts:team")
    asks = grant(rule("create", "serviceaccounts/token", "any"), namespace="team")
    assert ways(asks, group) == [
        (Kind.BECOMES, "create serviceaccounts/token of Group system:serviceaccounts:team")
    ]
    everywhere = grant(rule("create", "serviceaccounts/token"), namespace="")
    assert ways(everywhere, group) == [
        (Kind.BECOMES, "create serviceaccounts/token of Group system:serviceaccounts:team")
    ]


def test_a_chain_is_followed_to_its_end() -> None:
    """jane may be ops, ops may take the token of an account that may be the reader."""
    chain = (
        grant(rule("impersonate", "users", "ops"), subject="User jane", namespace="", name="1"),
        grant(
            rule("create", "serviceaccounts/token", "step"),
            subject="User ops",
            namespace="team",
            name="2",
        ),
        grant(
            rule("impersonate", "serviceaccounts", "gc"),
            subject="User system:serviceaccount:team:step",
            namespace="kube-system",
            name="3",
        ),
    )
    assert {one.grant.subject for one in found(*chain, reads())} == {
        "User jane", "User ops", "User system:serviceaccount:team:step", "ServiceAccount kube-system/gc", "Group system:masters",
    }  # fmt: skip
    assert {one.grant.subject for one in found(*chain)} == {"Group system:masters"}


def test_the_bind_of_a_named_role_is_a_way_where_that_role_is_one() -> None:
    roles = {
        "ClusterRole/view": (rule("get", "pods"),),
        "ClusterRole/edit": (rule("get", "secrets"),),
        "Role/monitoring/own": (rule("*", "secrets"),),
    }
    writes = rule("create", "rolebindings", group=RBAC)
    both = grant(rule("bind", "clusterroles", "view", "edit", group=RBAC), writes)
    assert ways(both, roles=roles) == [(Kind.RAISES, "bind clusterroles edit")]
    assert (
        ways(grant(rule("bind", "clusterroles", "view", "gone", group=RBAC), writes), roles=roles)
        == []
    )
    assert ways(grant(rule("bind", "roles", "own", group=RBAC), writes), roles=roles) == [
        (Kind.RAISES, "bind roles own")
    ]
    assert ways(grant(rule("bind", "roles", group=RBAC), writes), roles=roles) == [
        (Kind.RAISES, "bind roles")
    ]


def test_roles_that_bind_each_other_are_looked_through() -> None:
    """One of the two reads, whichever is met first."""
    writes = rule("create", "rolebindings", group=RBAC)
    first = (rule("bind", "clusterroles", "second", group=RBAC), writes)
    second = (rule("bind", "clusterroles", "first", group=RBAC), writes)
    for reading in ("first", "second", ""):
        roles = {
            f"ClusterRole/{name}": rules + ((rule("get", "secrets"),) if name == reading else ())
            for name, rules in (("first", first), ("second", second))
        }
        subjects = {
            one.grant.subject
            for one in found(
                grant(*first, subject="User x", name="x"),
                grant(*second, subject="User y", name="y"),
                roles=roles,
            )
        }
        assert subjects == {"Group system:masters", *(("User x", "User y") if reading else ())}


def test_one_reader_for_each_binding_with_the_shortest_way_first() -> None:
    first = grant(
        rule("create", "pods"),
        rule("create", "pods/exec"),
        rule("list", "secrets"),
        rule("escalate patch", "roles", group=RBAC),
    )
    second = grant(rule("get", "secrets", "a"), name="c")
    mine = [one for one in found(first, second) if one.grant.subject == SRE]
    assert [(one.grant.binding, [way.kind for way in one.ways]) for one in mine] == [
        ("RoleBinding/monitoring/b", [Kind.READS, Kind.RAISES, Kind.ENTERS, Kind.STARTS]),
        ("RoleBinding/monitoring/c", [Kind.READS]),
    ]


def test_where_there_is_no_secret_nobody_reads() -> None:
    assert (
        found(grant(rule("*", "secrets")), wanted=Wanted("monitoring", "cano-collector", ())) == ()
    )


def test_a_service_account_has_one_name() -> None:
    assert identity("User system:serviceaccount:a:b") == "ServiceAccount a/b"
    assert [identity(one) for one in ("User jane", "Group system:serviceaccounts:a")] == [
        "User jane",
        "Group system:serviceaccounts:a",
    ]


RULES = st.builds(
    PolicyRule,
    st.lists(
        st.sampled_from(["get", "list", "create", "patch", "bind", "escalate", "impersonate", "*"]),
        min_size=1,
        max_size=2,
    ).map(tuple),
    st.sampled_from([("",), ("apps",), (RBAC,), ("*",)]),
    st.lists(
        st.sampled_from(
            [
                "secrets",
                "pods",
                "pods/exec",
                "serviceaccounts",
                "serviceaccounts/token",
                "users",
                "groups",
                "roles",
                "clusterroles",
                "rolebindings",
                "*",
            ]
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    st.sampled_from([(), (), ("a",), ("gc",), ("edit",)]),
)
GRANTS = st.builds(
    lambda rules, subject, namespace, number: grant(
        *rules, subject=subject, namespace=namespace, name=str(number)
    ),
    st.lists(RULES, max_size=2),
    st.sampled_from(
        [
            SRE,
            "User a",
            "ServiceAccount kube-system/gc",
            "ServiceAccount monitoring/a",
            "Group system:serviceaccounts:kube-system",
        ]
    ),
    st.sampled_from(["", "monitoring", "kube-system"]),
    st.integers(0, 9),
)


@given(st.lists(GRANTS, max_size=5), GRANTS)
def test_a_further_grant_never_takes_a_reader_away(grants: list[Grant], further: Grant) -> None:
    roles = {"ClusterRole/edit": (rule("get", "secrets"),)}
    before, after = (
        ({(one.grant, one.ways[0].kind) for one in found(*some, roles=roles)})
        for some in (grants, [*grants, further])
    )
    if further.namespace == "" and any(
        one == PolicyRule(("*",), ("*",), ("*",)) for one in further.rules
    ):
        return  # its members have every right by it, and nobody needs it beside another
    assert {one for one, _ in before} <= {one for one, _ in after}
    assert all(kind >= dict(after)[one] for one, kind in before)


@given(st.lists(GRANTS, max_size=5))
def test_the_order_of_bindings_does_not_matter(grants: list[Grant]) -> None:
    assert set(found(*grants)) == set(found(*reversed(grants)))


def test_a_role_that_leads_into_a_pod_and_says_nothing_of_second_rights_can_be_bound():
    raises = grant(rule("bind", "roles", group=RBAC), rule("create", "rolebindings", group=RBAC))
    for role, expected in (
        (rule("create", "pods/exec"), [(Kind.RAISES, "bind roles")]),
        (rule("get", "pods"), []),
    ):
        assert ways(raises, roles={"Role/monitoring/other": (role,)}) == expected


def chain(length: int) -> list[Grant]:
    """Accounts of which each may have a token of the next, the last of them a reader; the reader's binding is looked at last."""
    links = [
        grant(
            rule("create", "serviceaccounts/token"),
            subject=f"ServiceAccount n{number}/a",
            namespace=f"n{number + 1}",
            name=f"b{number}",
        )
        for number in range(length)
    ]
    return [*links, reads(f"n{length}", "a")]


def test_a_chain_is_followed_to_its_end_or_said_to_have_none():
    assert len({one.grant.subject for one in found(*chain(MOST_STEPS - 2))}) == MOST_STEPS
    with pytest.raises(Malformed, match=f"does not end after {MOST_STEPS} steps"):
        found(*chain(MOST_STEPS))


def test_what_is_bound_in_other_namespaces_is_not_gone_through_for_every_subject(
    monkeypatch: pytest.MonkeyPatch,
):
    """10,000 bindings of teams in a thousand namespaces took 12 s."""
    asked: list[str] = []

    def counted(rule: PolicyRule, verb: str, *rest: str) -> bool:
        asked.append(verb)
        return gives(rule, verb, *rest)

    monkeypatch.setattr("upkeep.domain.access.two_rights.gives", counted)
    costs = []
    for many in (100, 400):
        asked.clear()
        teams = [
            grant(
                rule("create get", "secrets"),
                subject=f"Group team{number}",
                namespace=f"n{number}",
                name=f"b{number}",
            )
            for number in range(many)
        ]
        assert len(found(*teams, *(reads(f"n{number}", "op") for number in range(many)))) > many
        costs.append(len(asked))
    assert costs[1] <= 8 * costs[0]
