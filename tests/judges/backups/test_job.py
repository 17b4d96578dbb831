"""backup-job-healthy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fuzzing import examples
from tests.judges.samples import NOW, access, ago, backups, cron_job, failed_job, install, job
from upkeep.domain.access.granting import granting
from upkeep.errors import Absent, TooEarly
from upkeep.judges.backups import job as judge
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.backups import BackupJobs

HOUR = 3600


def healthy(jobs: BackupJobs, **limits: float) -> Judgement:
    return judge.job_healthy(jobs, install=install(), now=NOW, limits=Limits(limits))


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


YOUNG = {"created": ago(hours=2), "last_success": None}


def test_a_cron_job_that_backs_up_passes():
    judgement = healthy(backups())
    assert judgement.findings == ()
    assert judgement.observed == "CronJob cano-collector-backup: last success 10 h ago"
    assert (judgement.limit, judgement.unit) == (25, "h")
    assert (
        judgement.basis == "CronJobs, their Jobs, claims and access reviews at 2026-01-02 12:00 UTC"
    )


def test_no_cron_job_fails_and_says_how_to_declare_it():
    judgement = healthy(replace(backups(), cron_jobs=()))
    (finding,) = judgement.findings
    assert (finding.object, finding.code) == ("Deployment/cano-collector", "no-backup-cronjob")
    assert finding.message == (
        "No CronJob in namespace monitoring backs up the collector's configuration. "
        "Create one, or declare another way of backup with --absent=backups=REASON."
    )
    assert (finding.observed, finding.limit, finding.unit) == (0, 1, "CronJobs")
    assert judgement.observed == "no backup CronJob"


def test_a_suspended_cron_job_fails_although_its_last_success_is_fresh():
    (finding,) = healthy(backups(cron_job(suspended=True))).findings
    assert (finding.object, finding.code) == ("CronJob/cano-collector-backup", "cronjob-suspended")
    assert finding.next == (
        'kubectl -n monitoring patch cronjob cano-collector-backup -p \'{"spec":{"suspend":false}}\''
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(25 * HOUR - 1, []), (25 * HOUR, []), (25 * HOUR + 1, ["backup-too-old"])],
)
def test_the_last_success_may_be_as_old_as_the_limit(seconds, expected):
    old = ago(seconds=seconds)
    assert (
        codes(healthy(backups(cron_job(last_success=old), jobs=(job(finished=old),)))) == expected
    )


def test_a_success_in_the_future_says_nothing_of_the_last_day():
    with pytest.raises(Absent, match="its last success, 2026-01-02 12:06 UTC, is in the future"):
        healthy(backups(cron_job(last_success=ago(minutes=-6)), jobs=()))
    assert healthy(backups(cron_job(last_success=ago(minutes=-5)), jobs=())).findings == ()


def test_an_old_success_says_how_old():
    (finding,) = healthy(backups(cron_job(last_success=ago(hours=50)), jobs=())).findings
    assert (
        finding.message
        == "The last success of CronJob cano-collector-backup is 2 d 2 h old (limit 1 d 1 h)."
    )
    assert (finding.observed, finding.limit, finding.unit) == (50, 25, "h since the last success")
    assert finding.next == "kubectl -n monitoring get cronjobs,jobs,pods"


def test_hours_are_whole_where_they_can_be():
    (finding,) = healthy(
        backups(cron_job(last_success=ago(hours=50, minutes=30)), jobs=())
    ).findings
    assert (repr(finding.observed), repr(finding.limit)) == ("50.5", "25")


def test_a_job_that_a_person_made_from_the_cron_job_counts_as_a_success():
    by_hand = job("by-hand", finished=ago(hours=1))
    judgement = healthy(backups(cron_job(last_success=ago(hours=50)), jobs=(by_hand,)))
    assert judgement.findings == ()
    assert judgement.observed == "CronJob cano-collector-backup: last success 1 h ago"


def test_a_job_of_another_cron_job_is_no_success_of_this_one():
    judgement = healthy(backups(cron_job(last_success=ago(hours=50)), jobs=(job(owner="other"),)))
    assert codes(judgement) == ["backup-too-old"]


def test_a_cron_job_that_never_succeeded_fails():
    (finding,) = healthy(backups(cron_job(last_success=None), jobs=())).findings
    assert finding.code == "never-succeeded"
    assert finding.message == ("CronJob cano-collector-backup is 20 d old and has never succeeded.")
    assert (finding.observed, finding.limit, finding.unit) == (
        "never",
        25,
        "h since the last success",
    )


def test_a_young_cron_job_without_a_run_is_too_early_and_says_until_when():
    with pytest.raises(
        TooEarly, match="its first run, from 2026-01-03 11:00 UTC at the latest"
    ) as raised:
        healthy(backups(cron_job(**YOUNG), jobs=()))
    assert raised.value.next_step == (
        "kubectl -n monitoring create job cano-collector-backup-now --from=cronjob/cano-collector-backup"
    )


def test_a_young_cron_job_that_has_succeeded_passes():
    judgement = healthy(backups(cron_job(created=ago(hours=2), last_success=NOW), jobs=()))
    assert judgement.findings == ()
    assert judgement.observed == "CronJob cano-collector-backup: last success 0 s ago"


def test_a_cron_job_is_young_until_it_is_as_old_as_the_limit():
    with pytest.raises(TooEarly):
        healthy(backups(cron_job(**YOUNG | {"created": ago(seconds=25 * HOUR - 1)}), jobs=()))
    assert codes(healthy(backups(cron_job(**YOUNG | {"created": ago(hours=25)}), jobs=()))) == [
        "never-succeeded"
    ]


def test_what_is_wrong_with_a_young_cron_job_is_not_put_off():
    assert codes(healthy(backups(cron_job(**YOUNG, suspended=True), jobs=()))) == [
        "cronjob-suspended"
    ]
    assert codes(healthy(backups(cron_job(**YOUNG), jobs=(failed_job(),)))) == ["last-job-failed"]


def test_a_failed_newest_job_fails():
    (finding,) = healthy(
        backups(jobs=(job(), failed_job(message="Job has reached the backoff limit.")))
    ).findings
    assert (finding.object, finding.code) == ("CronJob/cano-collector-backup", "last-job-failed")
    assert finding.message == (
        "Job backup-2, the newest finished Job of CronJob cano-collector-backup, failed: Job has reached the backoff limit."
    )
    assert (finding.observed, finding.limit, finding.unit) == ("backup-2", "succeeded", "Job")
    assert finding.next == "kubectl -n monitoring logs job/backup-2 --all-containers --tail=50"


def test_an_older_failure_and_a_running_job_do_not_count():
    running = job("running", finished=None, succeeded=False, created=NOW)
    assert (
        healthy(backups(jobs=(failed_job(finished=ago(hours=11)), job(), running))).findings == ()
    )


def test_a_success_without_an_end_is_no_known_success_and_a_failure_without_one_counts_from_its_start():
    endless = job(finished=None)
    assert codes(healthy(backups(cron_job(last_success=None), jobs=(endless,)))) == [
        "never-succeeded"
    ]
    failure = failed_job(finished=None, created=ago(hours=9))
    assert codes(healthy(backups(jobs=(job(), failure)))) == ["last-job-failed"]
    assert healthy(backups(jobs=(job(), replace(failure, created=ago(hours=11))))).findings == ()


def test_of_two_jobs_that_ended_together_the_failed_one_counts():
    assert codes(healthy(backups(jobs=(failed_job(finished=job().finished), job())))) == [
        "last-job-failed"
    ]


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ("bitnami/kubectl", True),
        ("docker.io/bitnami/kubectl:1.30", True),
        ("bitnami/kubectl:1.30@sha256:0123", True),
        ("registry.local:5000/bitnami/kubectl:1.30", False),
        ("bitnamilegacy/kubectl", False),
    ],
)
def test_the_guides_retired_image_is_named_where_the_job_fails(image, named):
    container = replace(cron_job().template.containers[0], image=image)
    guides = cron_job(template=replace(cron_job().template, containers=(container,)))
    (finding,) = healthy(backups(guides, jobs=(failed_job(),))).findings
    assert (
        "Its image bitnami/kubectl has left Docker Hub's free catalogue." in finding.message
    ) is named
    assert healthy(backups(guides)).findings == ()


def test_the_last_success_of_the_status_outlives_the_jobs():
    """A policy that injects a TTL removes them; the run of the schedule is the one that succeeded."""
    ran = cron_job(last_scheduled=ago(hours=10, minutes=1))
    assert healthy(backups(ran, jobs=())).findings == ()


def test_a_run_that_left_neither_a_job_nor_a_success_has_no_known_result():
    lost = cron_job(last_scheduled=ago(hours=1))
    with pytest.raises(
        Absent, match="its run of 2026-01-02 11:00 UTC left neither a Job nor a success"
    ):
        healthy(backups(lost, jobs=()))
    assert healthy(backups(replace(lost, active=1), jobs=())).findings == ()
    running = job(created=ago(hours=1), finished=None, succeeded=False)
    assert healthy(backups(replace(lost, active=1), jobs=(running,))).findings == ()
    with pytest.raises(Absent, match="has no result, and the CronJob does not count it as active"):
        healthy(backups(lost, jobs=(running,)))  # kubernetes/kubernetes#120649
    assert codes(healthy(backups(replace(lost, last_success=ago(hours=50)), jobs=()))) == [
        "backup-too-old"
    ]


def test_a_status_that_cannot_know_of_a_success_is_no_failure():
    """A history limit of 0 lost successes before Kubernetes 1.32 (kubernetes/kubernetes#122025)."""
    blind = cron_job(last_scheduled=ago(hours=1), last_success=ago(days=9), records_success=False)
    with pytest.raises(Absent, match="left neither a Job nor a success"):
        healthy(backups(blind, jobs=()))


def test_a_service_account_that_may_not_read_fails():
    answers = access(), access(resource="secrets", name="cano-collector-secrets", allowed=False)
    (finding,) = healthy(backups(access={"cano-collector-backup": answers})).findings
    assert finding.code == "may-not-read"
    assert finding.message == (
        "CronJob cano-collector-backup runs as system:serviceaccount:monitoring:backup, which may not get secrets/cano-collector-secrets."
    )
    assert (finding.observed, finding.limit) == ("denied", "allowed")
    assert finding.unit == "get secrets/cano-collector-secrets"
    assert finding.next == (
        granting(
            *("get", "secrets"),
            namespace="monitoring",
            name="cano-collector-secrets",
            user="system:serviceaccount:monitoring:backup",
        )
    )


@pytest.mark.parametrize("answers", [{}, {"cano-collector-backup": ()}, {"other": (access(),)}])
def test_rights_that_nobody_asked_about_are_no_verdict(answers):
    with pytest.raises(
        Absent, match="No access review for the service account of CronJob cano-collector-backup"
    ):
        healthy(backups(access=answers))


def test_a_claim_that_nobody_asked_about_is_no_verdict():
    with pytest.raises(
        Absent,
        match="PersistentVolumeClaim backup-pvc of CronJob cano-collector-backup was not read",
    ):
        healthy(backups(claims=()))


def test_every_cron_job_is_judged_and_named():
    second = cron_job("second", last_success=None)
    judgement = healthy(backups(cron_job(suspended=True), second))
    assert [(finding.object, finding.code) for finding in judgement.findings] == [
        ("CronJob/cano-collector-backup", "cronjob-suspended"),
        ("CronJob/second", "never-succeeded"),
    ]
    assert judgement.observed == (
        "CronJob cano-collector-backup: last success 10 h ago; CronJob second: no success yet"
    )


def test_a_young_cron_job_beside_a_healthy_one_is_too_early_and_beside_a_broken_one_fails():
    with pytest.raises(TooEarly):
        healthy(backups(cron_job(), cron_job("second", **YOUNG)))
    assert codes(healthy(backups(cron_job(suspended=True), cron_job("second", **YOUNG)))) == [
        "cronjob-suspended"
    ]


# Properties

NAMES = ("one", "two")
some_cron_jobs = st.lists(
    st.builds(
        cron_job,
        st.sampled_from(NAMES),
        suspended=st.sampled_from([False, False, True]),
        created=st.sampled_from([ago(days=9), ago(hours=1)]),
        last_success=st.sampled_from([ago(hours=1), ago(hours=1), ago(days=3), None]),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda one: one.name,
)
some_jobs = st.lists(
    st.builds(
        lambda name, owner, hours, build: build(name, owner=owner, finished=ago(hours=hours)),
        st.sampled_from("abcd"),
        st.sampled_from(NAMES),
        st.integers(1, 60),
        st.sampled_from([job, failed_job]),
    ),
    max_size=3,
    unique_by=lambda one: one.name,
)


def outcome(records: BackupJobs) -> str:
    try:
        return "pass" if healthy(records) else "fail"
    except TooEarly:
        return "too early"


@settings(max_examples=examples(60), deadline=None)
@given(some_cron_jobs, some_jobs, st.sampled_from(NAMES))
def test_a_bad_object_more_never_makes_a_failure_a_pass(cron_jobs, jobs, owner):
    before = backups(*cron_jobs, jobs=tuple(jobs))
    bad = cron_job("zzz", suspended=True)
    with_job = replace(before, jobs=(*jobs, failed_job("zzz", owner=owner, finished=NOW)))
    if outcome(before) == "fail":
        assert outcome(with_job) == "fail"
    assert outcome(backups(*cron_jobs, bad, jobs=tuple(jobs))) == "fail"
    if owner in {one.name for one in cron_jobs}:
        assert outcome(with_job) == "fail"


@settings(max_examples=examples(60), deadline=None)
@given(some_cron_jobs, some_jobs, st.data())
def test_answers_that_are_withheld_never_make_a_pass(cron_jobs, jobs, data):
    whole = backups(*cron_jobs, jobs=tuple(jobs))
    name = data.draw(st.sampled_from(cron_jobs)).name
    asked = {other: answers for other, answers in whole.access.items() if other != name}
    for blind in (replace(whole, access=asked), replace(whole, claims=())):
        with pytest.raises(Absent):
            healthy(blind)
    assert outcome(replace(whole, cron_jobs=())) == "fail"


@settings(max_examples=examples(60), deadline=None)
@given(some_cron_jobs, some_jobs, st.data())
def test_the_order_does_not_matter(cron_jobs, jobs, data):
    records = [backups(*cron_jobs, jobs=tuple(jobs))]
    records.append(backups(*cron_jobs[::-1], jobs=tuple(data.draw(st.permutations(jobs)))))
    first, second = (
        outcome(one) if outcome(one) == "too early" else healthy(one) for one in records
    )
    assert first == second
