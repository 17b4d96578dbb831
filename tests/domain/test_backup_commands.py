"""Backup commands, read as a shell reads them: uploads, unknown programs, and what they read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.domain.backup_commands import Upload, reads_all_configuration, script_of
from upkeep.records.workload import ContainerSpec, PodTemplate


def shell(text: str, *, flags: str = "-c") -> ContainerSpec:
    return ContainerSpec("backup", "i", command=("/bin/sh", flags, text))


def uploads(container: ContainerSpec) -> list[tuple[str, str, bool]]:
    return [(one.program, one.target, one.checked) for one in script_of(container).uploads]


@pytest.mark.parametrize(
    ("text", "target", "checked"),
    [
        ("kubectl get cm c > /s/b && aws s3 cp /s/b s3://b/$(date +%Y%m%d).yaml", "s3://b/…", True),
        ("kubectl get cm c > /s/b &&\naws s3 cp /s/b s3://b\n", "s3://b", True),
        ("kubectl get cm c | gzip | aws s3 cp - s3://b", "s3://b", True),
        ("aws s3 cp /s/b s3://b --sse aws:kms", "s3://b", True),
        ("aws s3 cp - s3://b || true", "s3://b", False),
        ("aws s3 cp - s3://b && echo ok || true", "s3://b", False),
        ("aws s3 cp - s3://b & wait", "s3://b", False),
        ("aws s3 cp - s3://b | tee /s/log", "s3://b", False),
        ("aws s3 cp - s3://b; echo done", "s3://b", False),
        ("set -eu\naws s3 cp - s3://b # don't\necho done", "s3://b", True),
        ("if true; then gsutil cp /s/b gs://b; fi", "gs://b", True),
        ("azcopy copy /s https://a.blob.core.windows.net/c?sig=canary", "https://a.blob.core.windows.net/…", True),
        ("az storage blob upload -f /s/b -c backups", "", True),
        ("restic backup /s", "", True),
        ("restic -r s3:host/b backup /s", "s3:host/b", True),
        ("mc cp /s/b off/cano", "off/cano", True),
        ("scp /s/b host:/backups", "host:/backups", True),
        ("curl -fT /s/b https://u:canary@dav.example/b", "https://dav.example/…", True),
    ],
)  # fmt: skip
def test_uploads_and_whether_their_failure_fails_the_job(text: str, target: str, checked: bool):
    assert [one[1:] for one in uploads(shell(text))] == [(target, checked)]
    assert "canary" not in repr(script_of(shell(text)))


def test_a_shell_that_ends_at_the_first_failure_is_known_by_its_flags():
    text = "aws s3 cp - s3://b; echo done"
    assert uploads(ContainerSpec("b", "i", command=("bash", "-euo", "pipefail", "-c", text))) == [
        ("aws", "s3://b", True)
    ]
    assert uploads(shell(text, flags="-ec")) == [("aws", "s3://b", True)]


def test_the_arguments_of_an_image_without_a_shell_name_their_bucket():
    image = ContainerSpec(
        "b", "amazon/aws-cli", command=("s3", "cp", "/s", "s3://b", "--recursive")
    )
    assert script_of(image).uploads == (Upload("s3", "s3://b", True),)


@pytest.mark.parametrize(
    "text",
    [
        "aws s3 cp s3://b/x /restore/x",
        "curl -LO https://dl.k8s.io/kubectl && chmod +x kubectl && ./kubectl get cm > /b/x",
        "wget -O /tmp/x https://example/x",
        "restic -r /backup/repository backup /s",
        "rsync -a /s/ /backup/",
        "for i in configmap secret; do kubectl get $i x -o yaml >> /b/x; done",
        "gpg -e -r ops /s/b && mv /s/b.gpg /b/",
        "cd /b && tar czf b.tgz /s",
    ],
)
def test_local_copies_and_downloads_are_no_uploads_and_no_riddle(text: str):
    script = script_of(shell(text))
    assert (script.uploads, script.unknown) == ((), ())


@pytest.mark.parametrize(
    ("container", "unknown"),
    [
        (shell("kubectl get cm c > /s/b && /opt/ship /s/b"), "ship"),
        (shell("$SHIP /s/b"), "$SHIP"),
        (shell('x="$(ship-it now)"; echo "$x"'), "ship-it"),
        (shell('echo "unclosed'), "a command that no shell parses"),
        (ContainerSpec("b", "i", command=("/bin/sh", "/scripts/backup.sh")), "backup.sh"),
        (ContainerSpec("b", "i", command=("python", "-m", "backup")), "python"),
        (ContainerSpec("b", "i"), "the image's entrypoint"),
    ],
)
def test_what_a_program_does_with_the_backup_is_not_guessed(container: ContainerSpec, unknown: str):
    assert script_of(container).unknown == (unknown,)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("kubectl get configmaps,secrets -n monitoring -o yaml > /b/x", True),
        ("kubectl -n monitoring get cm -o yaml", True),
        ("kubectl get secrets -A", True),
        ("kubectl get secret -n $NS", True),
        ("kubectl get secret postgres -n monitoring", False),
        ("kubectl get secret/postgres", False),
        ("kubectl get secrets --namespace=payments -o yaml", False),
        ("kubectl get pods -n monitoring", False),
        ("kubectl delete configmaps --all", False),
        ("echo kubectl get secrets", False),
    ],
)
def test_a_command_that_reads_all_configuration_of_the_namespace(text: str, reads: bool):
    template = PodTemplate({}, (shell(text),))
    assert reads_all_configuration(template, namespace="monitoring") is reads


@given(st.text(max_size=60))
def test_no_script_breaks_the_reader(text: str):
    script_of(shell(text))
