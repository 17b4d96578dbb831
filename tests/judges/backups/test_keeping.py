"""backup-job-healthy: do the backups of a CronJob outlive its Pods?"""

import pytest
from msgspec.structs import replace

from tests.judges.backups.test_job import codes, healthy
from tests.judges.samples import backups, cron_job
from upkeep.errors import Absent
from upkeep.records.backups import CronJob, VolumeClaim
from upkeep.records.workload import ContainerSpec, Volume

CLAIM = Volume("backup", "PersistentVolumeClaim", "backup-pvc")


def with_volumes(*volumes: Volume, mounted: tuple[str, ...] = ("backup",)) -> CronJob:
    writer = ContainerSpec(
        "backup",
        "kubectl",
        mounts=tuple((name, f"/{name}", "") for name in mounted),
        command=("sh", "-c", "kubectl get secret s > /backup/s.yaml"),
    )
    return cron_job(template=replace(cron_job().template, containers=(writer,), volumes=volumes))


@pytest.mark.parametrize("phase", ["Pending", "Lost", "missing"])
def test_a_claim_that_is_not_bound_fails(phase):
    (finding,) = healthy(backups(claims=(VolumeClaim("backup-pvc", phase),))).findings
    assert finding.code == "claim-not-bound"
    assert finding.message == (
        f"PersistentVolumeClaim backup-pvc of CronJob cano-collector-backup is {phase}, not Bound. The Job cannot write to it."
    )
    assert finding.next == "kubectl -n monitoring describe persistentvolumeclaim backup-pvc"


def test_a_claim_that_is_bound_until_its_last_pod_ends_fails():
    claims = (VolumeClaim("backup-pvc", "Bound", deleted=True),)
    (finding,) = healthy(backups(claims=claims)).findings
    assert (finding.code, finding.observed) == ("claim-deleted", "deleted")
    assert finding.message.endswith("is being deleted. No later Job can write to it.")


def test_the_guides_claim_that_is_declared_and_never_mounted_fails():
    (finding,) = healthy(backups(with_volumes(CLAIM, mounted=()))).findings
    assert finding.code == "volume-not-mounted"
    assert finding.message == (
        "No container of CronJob cano-collector-backup mounts PersistentVolumeClaim backup-pvc. No backup reaches it."
    )
    assert (finding.observed, finding.limit, finding.unit) == ("backup", "mounted", "volume")


def test_one_mounting_container_of_several_is_enough():
    both = ContainerSpec("first", "x", command=("true",)), *with_volumes(CLAIM).template.containers
    template = replace(with_volumes(CLAIM).template, containers=both)
    assert healthy(backups(cron_job(template=template))).findings == ()


@pytest.mark.parametrize(
    "volumes", [(), (Volume("backup", "emptyDir", ""),), (Volume("backup", "ConfigMap", "x"),)]
)
def test_no_volume_that_outlives_the_pod_fails(volumes):
    (finding,) = healthy(backups(with_volumes(*volumes))).findings
    assert (finding.code, finding.observed, finding.limit, finding.unit) == (
        "nowhere-to-keep",
        0,
        1,
        "lasting volumes",
    )


def test_another_lasting_volume_is_as_good_as_a_claim_where_it_is_mounted():
    nfs = Volume("backup", "nfs", "")
    assert healthy(backups(with_volumes(nfs))).findings == ()
    assert codes(healthy(backups(with_volumes(nfs, mounted=())))) == ["volume-not-mounted"]


def writing(*command: str, at: str = "/backup", read_only: tuple[str, ...] = ()) -> CronJob:
    writer = ContainerSpec(
        "backup", "kubectl", mounts=(("backup", at, ""),), command=command, read_only=read_only
    )
    return cron_job(template=replace(cron_job().template, containers=(writer,), volumes=(CLAIM,)))


def test_what_an_init_container_mounts_is_mounted():
    made = writing("sh", "-c", "x > /backup/b.yaml").template
    done = ContainerSpec("done", "busybox")
    assert (
        healthy(
            backups(
                cron_job(
                    template=replace(made, init_containers=made.containers, containers=(done,))
                )
            )
        ).findings
        == ()
    )


def test_a_lasting_volume_that_cannot_be_written_to_fails():
    (finding,) = healthy(backups(writing(read_only=("/backup",)))).findings
    assert (finding.object, finding.code) == ("CronJob/cano-collector-backup", "volume-read-only")
    assert finding.message.endswith(
        "mounts its lasting volume read-only at /backup. No backup can be written there."
    )
    assert (finding.observed, finding.limit, finding.unit) == ("/backup", "writable", "mount")
    assert healthy(backups(writing(read_only=("/etc/ssl",)))).findings == ()


@pytest.mark.parametrize(
    ("script", "elsewhere"),
    [
        ("kubectl get configmap c -o yaml > /backup/b.yaml", True),
        ('kubectl get configmap c -o yaml >"/backup/backup-$(date +%Y%m%d).yaml"', True),
        ("kubectl get secret s | tee -a /backup/s.yaml", True),
        ("age -o /tmp/x.age x", True),
        ("kubectl get configmap c > /dev/null 2>&1", False),
        ("kubectl get configmap c > $TARGET/b.yaml", False),
        ("kubectl get configmap c > /tmp/b.yaml && cp /tmp/b.yaml /data/", False),
        ("cd /data && kubectl get configmap c > /tmp/b.yaml", False),
        ("kubectl get configmap c > /data/b.yaml 2>/tmp/errors", False),
        ("/opt/backup.sh", False),
        ("kubectl get configmap c > /database/b.yaml", True),
    ],
)
def test_a_command_that_writes_beside_the_lasting_volume_fails(script, elsewhere):
    """Only where it says a path, and never names the one that lasts."""
    judgement = healthy(backups(writing("/bin/sh", "-c", script, at="/data")))
    assert codes(judgement) == (["written-elsewhere"] if elsewhere else [])


def test_where_it_is_written_and_what_lasts_are_said():
    script = "kubectl get cm c > /backup/b.yaml"
    (finding,) = healthy(backups(writing("sh", "-c", script, at="/data"))).findings
    assert finding.message.endswith(
        "writes to /backup/b.yaml, but its lasting volume is mounted at /data. Its backups are lost when the Job ends."
    )
    assert (finding.observed, finding.limit, finding.unit) == ("/backup/b.yaml", "/data", "path")


SCRATCH = (Volume("scratch", "emptyDir", ""),)


def sending(script: str, *volumes: Volume) -> CronJob:
    """A CronJob without a lasting volume, unless one is given."""
    writer = ContainerSpec(
        "backup", "kubectl", mounts=(("scratch", "/scratch", ""),), command=("sh", "-c", script)
    )
    template = replace(cron_job().template, containers=(writer,), volumes=(*SCRATCH, *volumes))
    return cron_job(template=template)


SAVE = "kubectl get secret s -o yaml > /scratch/b.yaml"


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        (f"{SAVE} && aws s3 cp /scratch/b.yaml s3://backups/cano/b.yaml", "s3://backups/…"),
        (f"set -eu\n{SAVE}\ngsutil cp /scratch/b.yaml gs://backups\necho done", "gs://backups"),
        (f"{SAVE} && restic backup /scratch", "the repository of restic"),
        (f"{SAVE} && rclone copy /scratch off-site:cano", "off-site:cano"),
        (f"{SAVE} && curl -fT /scratch/b.yaml https://u:secret@dav.example/b", "https://dav.example/…"),
    ],
)  # fmt: skip
def test_an_upload_that_fails_its_job_keeps_the_backup(script: str, seen: str):
    judgement = healthy(backups(sending(script)))
    assert (judgement.findings, judgement.observed) == (
        (),
        f"CronJob cano-collector-backup: last success 10 h ago; uploads to {seen} (not read)",
    )


def test_an_upload_counts_also_where_a_volume_is_declared_and_not_mounted():
    assert healthy(backups(sending(f"{SAVE} && mc cp /scratch/b off/cano", CLAIM))).findings == ()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"{SAVE}; aws s3 cp /scratch/b s3://b; echo done", "a failed upload to s3://b does not fail its Job"),
        (f"{SAVE} && aws s3 cp /scratch/b s3://b || true", "a failed upload to s3://b does not fail its Job"),
        (f"{SAVE} && /opt/ship", "the place where ship saves the backup is not visible"),
    ],
)  # fmt: skip
def test_an_upload_that_proves_nothing_is_could_not_measure(script: str, why: str):
    with pytest.raises(Absent, match=f"CronJob cano-collector-backup: {why}"):
        healthy(backups(sending(script)))


def test_a_program_of_the_image_saves_where_nobody_sees():
    writer = ContainerSpec("backup", "registry.example/backup-to-s3:1")
    opaque = replace(cron_job().template, containers=(writer,), volumes=SCRATCH)
    with pytest.raises(Absent, match="the place where the image's entrypoint saves the backup"):
        healthy(backups(cron_job(template=opaque)))


def test_a_download_and_a_local_copy_keep_nothing():
    for script in (f"aws s3 cp s3://tools/kubectl /scratch/kubectl; {SAVE}", SAVE):
        assert codes(healthy(backups(sending(script)))) == ["nowhere-to-keep"]


def test_what_is_wrong_is_told_also_where_the_place_is_not_visible():
    late = replace(sending(f"{SAVE} && /opt/ship"), suspended=True)
    assert codes(healthy(backups(late))) == ["cronjob-suspended"]


def test_every_claim_is_judged():
    claims = VolumeClaim("backup-pvc", "Bound"), VolumeClaim("second", "Pending")
    two = with_volumes(CLAIM, Volume("more", "PersistentVolumeClaim", "second"))
    assert codes(healthy(backups(two, claims=claims))) == ["claim-not-bound", "volume-not-mounted"]
