"""restore-rehearsed: a restore, a restart and a minimal configuration, each judged, and none taken for granted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.rehearsals.test_actions import ACCOUNT, MAY, POD, RAN
from tests.judges.samples import NOW, deployment, install
from upkeep.errors import Absent, Forbidden, TimedOut, Unmeasured
from upkeep.judges.rehearsals import restoring
from upkeep.model import Judgement
from upkeep.records.access import (  # fmt: skip
    AccessAnswer,
    ActionRehearsal,
    DryRun,
    RestoreRehearsal,
)
from upkeep.records.backups import BackupFault, BackupFolder, BackupSet  # fmt: skip
from upkeep.records.configuration import (  # fmt: skip
    ConfigurationDocument,
    ConfigurationFault,
    ConfigurationObject,
    ConfigurationReference,
    ConfiguredName,
    EmergencyConfiguration,
    Environment,
)

INSTALL = install()
CONFIG = "ConfigMap/cano-collector-config"
REFERENCES = (
    ConfigurationReference("ConfigMap", "cano-collector-config"),
    ConfigurationReference("Secret", "cano-collector-secrets"),
)
OBJECTS = tuple(
    ConfigurationObject(
        one.kind, "monitoring", one.name, {"k": "digest"}, file="backup-20260102.yaml"
    )
    for one in REFERENCES
)
SET = BackupSet("20260102", "2026-01-02", NOW, "manifest", (), OBJECTS)
FOLDER = BackupFolder("/backups", False, (SET,))


def may(verb: str, resource: str, *, allowed: bool = True) -> AccessAnswer:
    return AccessAnswer("the acting identity", verb, "", resource, "", "monitoring", allowed)


ACCESS = tuple(
    may(verb, resource) for resource in ("configmaps", "secrets") for verb in ("patch", "create")
)
RUNS = tuple(
    DryRun(action, f"{one.kind}/{one.name}", True, status)
    for one in REFERENCES
    for action, status in (("patch", 200), ("create", 201))
)
RESTORE = RestoreRehearsal("20260102", ACCESS, RUNS)
RESTART = ActionRehearsal((MAY,), (RAN,))
ATTEMPT = ActionRehearsal((may("patch", "configmaps"),), (DryRun("patch", CONFIG, True, 200),))


def document(
    kind: str = "destinations", *names: ConfiguredName, **changes: object
) -> ConfigurationDocument:
    return replace(ConfigurationDocument(kind, f"/e/{kind}.yaml", names=names), **changes)


def named(
    name: str = "oncall",
    *,
    kind: str = "destinations",
    uses: tuple[str, ...] = (),
    variables: tuple[str, ...] = (),
) -> ConfiguredName:
    return ConfiguredName(
        name,
        "slack" if kind == "destinations" else "",
        f"/e/{kind}.yaml",
        3,
        f"{kind}[0]",
        uses,
        variables,
    )


MINIMAL = EmergencyConfiguration(
    ("/e/destinations.yaml",),
    (document("destinations", named()),),
    {"destinations": CONFIG},
    Environment(("CLUSTER_NAME",)),
)


def judged(
    *,
    folder: BackupFolder = FOLDER,
    references: tuple[ConfigurationReference, ...] = REFERENCES,
    restore: RestoreRehearsal | Exception = RESTORE,
    restart: ActionRehearsal | Exception = RESTART,
    emergency: EmergencyConfiguration | Exception = MINIMAL,
    attempt: ActionRehearsal | Exception = ATTEMPT,
) -> Judgement:
    return restoring.restored(
        folder,
        references,
        deployment(),
        restore=restore,
        restart=restart,
        new_pod=POD,
        account=ACCOUNT,
        emergency=emergency,
        attempt=attempt,
        install=INSTALL,
    )


def codes(judgement: Judgement) -> list[str]:
    return [one.code for one in judgement.findings]


def test_all_three_accepted_passes():
    judgement = judged()
    assert (judgement.findings, judgement.observed) == (
        (), "restore of set 20260102, restart and minimal configuration: accepted",
    )  # fmt: skip


def test_a_refused_restore_fails_with_what_the_server_said():
    refused = replace(
        RUNS[0],
        accepted=False,
        status=409,
        reason="Conflict",
        message="the object has been modified",
    )
    (finding,) = judged(restore=replace(RESTORE, dry_runs=(refused, *RUNS[1:]))).findings
    assert (finding.object, finding.code, finding.observed, finding.unit) == (
        CONFIG,
        "restore-refused",
        409,
        "HTTP status",
    )
    assert finding.next == "kubectl apply --dry-run=server -f /backups/backup-20260102.yaml"


def test_where_the_object_is_gone_its_creation_counts_and_elsewhere_it_does_not():
    gone = replace(RUNS[0], accepted=False, status=404, reason="NotFound")
    assert judged(restore=replace(RESTORE, dry_runs=(gone, *RUNS[1:]))).findings == ()
    unmade = replace(RUNS[1], accepted=False, status=403, reason="Forbidden")
    assert codes(judged(restore=replace(RESTORE, dry_runs=(gone, unmade, *RUNS[2:])))) == [
        "restore-refused"
    ]
    assert (
        judged(restore=replace(RESTORE, dry_runs=(RUNS[0], unmade, *RUNS[2:]))).findings == ()
    )  # backup-restores says so


@pytest.mark.parametrize(
    ("verb", "gone", "found"),
    [("patch", False, True), ("create", False, False), ("create", True, True)],
)
def test_a_right_that_the_restore_needs(verb: str, gone: bool, found: bool):
    access = tuple(
        replace(one, allowed=False) if (one.verb, one.resource) == (verb, "secrets") else one
        for one in ACCESS
    )
    runs = tuple(
        replace(run, accepted=False, status=404) if gone and run.action == "patch" else run
        for run in RUNS
    )
    judgement = judged(restore=RestoreRehearsal("20260102", access, runs))
    assert codes(judgement) == (["may-not-restore"] if found else [])


def test_no_backup_and_one_with_a_fault():
    (finding,) = judged(
        folder=replace(FOLDER, sets=()), restore=Absent("there is no backup")
    ).findings
    assert (finding.code, finding.next) == (
        "no-backup",
        "upkeep backup --namespace=monitoring --backups=/backups",
    )
    broken = replace(
        SET, faults=(BackupFault("backup-20260102.yaml", "file-truncated", "it was cut"),)
    )
    assert codes(judged(folder=replace(FOLDER, sets=(broken, SET)))) == ["file-truncated"]


def test_a_restart_that_is_refused_or_forbidden_is_half_a_restore():
    refused = replace(RAN, accepted=False, status=403, reason="Forbidden", message="change freeze")
    assert codes(judged(restart=ActionRehearsal((MAY,), (refused,)))) == ["restart-refused"]
    assert codes(judged(restart=ActionRehearsal((replace(MAY, allowed=False),)))) == [
        "restart-forbidden"
    ]


FAULT = ConfigurationFault(
    "/e/destinations.yaml",
    3,
    "destinations.slack[0].api_key",
    "required",
    "/e/destinations.yaml, line 3: is required",
    "",
)
WITH_TEAMS = {"destinations": CONFIG, "teams": "ConfigMap/teams"}


@pytest.mark.parametrize(
    ("documents", "places", "found"),
    [
        (
            [document("destinations", named(), faults=(FAULT,))],
            {},
            [("File/destinations.yaml", "required")],
        ),
        (
            [document("destinations", named(variables=("GONE",)))],
            {},
            [("File/destinations.yaml", "unset-variable")],
        ),
        ([document("destinations", named(variables=("CLUSTER_NAME",)))], {}, []),
        (
            [document("destinations")],
            {},
            [("File/destinations.yaml", "emergency-config-incomplete")],
        ),
        (
            [document("destinations", named())],
            WITH_TEAMS,
            [("ConfigMap/teams", "emergency-config-incomplete")],
        ),
        (
            [
                document("destinations", named()),
                document("teams", named("t", kind="teams", uses=("oncall",))),
            ],
            WITH_TEAMS,
            [],
        ),
        (
            [
                document("destinations", named()),
                document(
                    "teams", named("t", kind="teams"), named("u", kind="teams", uses=("oncall",))
                ),
            ],
            WITH_TEAMS,
            [("File/teams.yaml", "emergency-config-incomplete")],
        ),
        (
            [
                document("destinations", named()),
                document("teams", named("t", kind="teams", uses=("other",))),
            ],
            WITH_TEAMS,
            [("File/teams.yaml", "unknown-destination")],
        ),
        (
            [document("destinations", named()), document("workflows")],
            {},
            [("File/workflows.yaml", "emergency-config-unmounted")],
        ),
        (
            [document("teams", named("t", kind="teams", uses=("oncall",)))],
            WITH_TEAMS,
            [(CONFIG, "emergency-config-incomplete")],
        ),
    ],
)
def test_the_minimal_configuration_must_work(
    documents: list[ConfigurationDocument], places: dict[str, str], found: list
):
    mounted = places or {"destinations": CONFIG}
    runs = tuple(DryRun("patch", place, True, 200) for place in mounted.values())
    prepared = replace(MINIMAL, documents=tuple(documents), mounted=mounted)
    judgement = judged(emergency=prepared, attempt=replace(ATTEMPT, dry_runs=runs))
    assert [(one.object, one.code) for one in judgement.findings] == found
    assert {one.next for one in judgement.findings if one.code != "emergency-config-unmounted"} <= {
        "upkeep config check /e/destinations.yaml"
    }


def test_a_file_with_a_key_is_for_nobody_else():
    (finding,) = judged(
        emergency=replace(MINIMAL, readable_by_others={"/e/my file.yaml": 0o644})
    ).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "File/my file.yaml", "emergency-config-readable", "0644", "0600",
    )  # fmt: skip
    assert finding.next == "chmod 600 '/e/my file.yaml'"


def test_the_minimal_configuration_that_the_server_would_not_take():
    refused = DryRun("patch", CONFIG, False, 403, "Forbidden", "change freeze")
    (finding,) = judged(attempt=replace(ATTEMPT, dry_runs=(refused,))).findings
    assert (finding.object, finding.code, finding.observed) == (
        CONFIG,
        "emergency-config-refused",
        403,
    )
    assert finding.next == "kubectl -n monitoring describe configmap cano-collector-config"
    (finding,) = judged(
        attempt=ActionRehearsal((may("patch", "configmaps", allowed=False),))
    ).findings
    assert finding.code == "emergency-config-forbidden"


PARTS = ("restore", "restart", "emergency", "attempt")


@pytest.mark.parametrize("part", PARTS)
def test_what_stopped_a_part_is_raised_where_nothing_else_is_wrong(part: str):
    with pytest.raises(TimedOut, match="no answer"):
        judged(**{part: TimedOut("no answer")})


def test_what_stopped_a_part_is_said_where_another_is_wrong():
    judgement = judged(
        restart=ActionRehearsal((replace(MAY, allowed=False),)),
        emergency=Absent("no minimal configuration was prepared"),
    )
    assert codes(judgement) == ["restart-forbidden"]
    assert judgement.observed.endswith(
        "not measured: minimal configuration (no minimal configuration was prepared)"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"references": ()},
        {"restore": replace(RESTORE, stamp="20260101")},
        {"restore": replace(RESTORE, dry_runs=RUNS[:2])},
        {"restore": replace(RESTORE, dry_runs=())},
        {"folder": replace(FOLDER, sets=(replace(SET, objects=()),))},
        {"restart": ActionRehearsal((MAY,))},
        {"attempt": ActionRehearsal(())},
        {
            "emergency": replace(
                MINIMAL,
                documents=(document("destinations", named(variables=("GONE",))),),
                environment=Environment((), ("Secret/x: forbidden",)),
            )
        },
    ],
)
def test_what_was_not_rehearsed_or_looked_for_is_not_judged(changes: dict):
    with pytest.raises(Absent):
        judged(**changes)


@given(blind=st.sets(st.sampled_from(PARTS), min_size=1), refused=st.booleans())
def test_taking_a_part_away_never_makes_a_pass(blind: set[str], refused: bool):
    bad = replace(RAN, accepted=not refused)
    parts: dict = {"restart": ActionRehearsal((MAY,), (bad,))} | dict.fromkeys(
        blind, Forbidden("may not look")
    )
    try:
        judgement = judged(**parts)
    except Unmeasured:
        return
    assert judgement.findings
