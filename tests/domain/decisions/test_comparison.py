"""Two runs, finding by finding."""

from upkeep.domain.decisions.comparison import FindingIdentity, compare
from upkeep.domain.decisions.ownership import owner_of
from upkeep.records.ledger import KeptFinding, KeptResult


def result(outcome: str, *codes: str, control: str = "a", pod: str = "x", **more) -> KeptResult:
    findings = tuple(KeptFinding(code, "Deployment/d", f"Pod/{pod}") for code in codes)
    return KeptResult(
        target="t",
        control=control,
        outcome=outcome,
        severity="low",
        cadence=("daily",),
        findings=findings,
        **more,
    )


def words(earlier, later, **more) -> tuple[list[str], list[str], list[str], list[str]]:
    found = compare(earlier, later, **more)
    return (
        [one.code for one in found.new],
        [one.code for one in found.fixed],
        [one.code for one in found.unchanged],
        [one.reason for one in found.incomparable],
    )


def test_new_fixed_and_unchanged() -> None:
    assert words([result("fail", "p", "q")], [result("fail", "q", "r")]) == (
        ["r"],
        ["p"],
        ["q"],
        [],
    )


def test_a_rollout_changes_nothing() -> None:
    earlier, later = result("fail", "p", pod="old-1"), result("fail", "p", pod="new-2")
    assert words([earlier], [later]) == ([], [], ["p"], [])


def test_what_could_not_be_measured_is_neither_new_nor_fixed() -> None:
    unknown = result("unknown", reason="forbidden")
    assert words([result("fail", "p")], [unknown])[3] == ["unknown in the later run: forbidden"]
    assert words([unknown], [result("fail", "p")])[3] == ["unknown in the earlier run: forbidden"]
    assert words([result("not-run")], [result("pass")])[3] == ["not-run in the earlier run"]


def test_a_control_of_one_run_alone_is_not_comparable() -> None:
    assert words([], [result("fail", "p")]) == ([], [], [], ["not in the earlier run"])
    assert words([result("fail", "p")], []) == ([], [], [], ["not in the later run"])


def test_under_another_limit_a_change_proves_nothing() -> None:
    earlier, later = [result("fail", "p")], [result("pass")]
    assert words(earlier, later, alike="another limit: restarts")[3] == ["another limit: restarts"]
    assert words(earlier, earlier, alike="another limit: restarts") == ([], [], ["p"], [])


def test_a_waived_finding_is_unchanged() -> None:
    assert words([result("fail", "p")], [result("waived", "p")]) == ([], [], ["p"], [])


def test_identities_are_ordered() -> None:
    assert FindingIdentity("a", "b", "c", "d") < FindingIdentity("a", "b", "c", "e")


def test_what_an_object_belongs_to_keeps_its_name() -> None:
    known = {"deployment": "cano", "jobs": {"backup-2913": "backup"}}
    assert owner_of("Pod/cano-6f7d-k7w2p container/c", **known) == "Deployment/cano container/c"
    assert owner_of("ReplicaSet/cano-6f7d", **known) == "Deployment/cano"
    assert owner_of("Job/backup-2913", **known) == "CronJob/backup"
    assert owner_of("File/backup-20260102T120000Z.yaml", **known) == "File/backup-DATE.yaml"
    assert owner_of("File/secrets-20260102.yaml", **known) == "File/secrets-DATE.yaml"
    assert owner_of("Job/other-1", **known) == "Job/other-1"
    assert owner_of("Service/cano", **known) == "Service/cano"
    assert owner_of("Pod/cano-1", deployment="") == "Pod/cano-1"
