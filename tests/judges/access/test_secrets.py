"""secrets-complete."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.access.secret_samples import ENV, OLD, inventory, reference
from tests.judges.counting.counter_samples import INSTALL, codes
from upkeep.errors import Absent
from upkeep.judges.access import secrets
from upkeep.model import Judgement
from upkeep.records.configuration import SecretReference


def complete(*references: SecretReference, **options) -> Judgement:
    return secrets.complete(inventory(*references, **options), install=INSTALL)


def test_what_is_referenced_and_there_passes():
    judgement = complete(reference("slack", "key"), reference("slack"), found=(OLD,))
    assert (judgement.findings, judgement.observed) == ((), "1 of 1 Secret exist")


def test_no_secret_referenced_passes_and_says_so():
    assert complete().observed == "no Secret is referenced"


def test_a_missing_secret_fails_once_with_every_place_that_needs_it():
    (finding,) = complete(
        reference("slack", "key"), reference("slack", place="volume keys")
    ).findings
    assert (finding.object, finding.code, finding.observed) == ("Secret/slack", "secret-missing", 0)
    assert (
        finding.message
        == f"Secret/slack does not exist, but the pod template needs it for {ENV}, volume keys. The next pod will not start."
    )


def test_a_missing_pull_secret_stops_a_pull_and_not_every_pod():
    (finding,) = complete(reference("registry", place="imagePullSecrets")).findings
    assert finding.message.endswith("A node without the image cannot pull a private one.")


def test_a_missing_key_fails_by_name():
    (finding,) = complete(reference("slack", "token"), found=(OLD,)).findings
    assert (finding.object, finding.code) == ("Secret/slack key token", "secret-key-missing")
    assert finding.next == "kubectl -n monitoring describe secret slack"


def test_what_is_optional_is_said_and_one_place_that_is_not_decides():
    judgement = complete(
        reference("sentry", optional=True), reference("slack", "token", optional=True), found=(OLD,)
    )
    assert (judgement.findings, judgement.observed) == (
        (),
        "1 of 2 Secrets exist; optional and missing: Secret/sentry, Secret/slack key token",
    )
    assert codes(complete(reference("sentry", optional=True), reference("sentry"))) == [
        "secret-missing"
    ]


def test_unreferenced_ones_are_listed_and_no_failure():
    assert (
        complete(reference(), found=(OLD,), unreferenced=("old-slack",)).observed
        == "1 of 1 Secret exist; unreferenced: old-slack"
    )
    unlooked = complete(
        reference(), found=(OLD,), unreferenced=None, unlooked="this identity may not list Secrets"
    )
    assert unlooked.observed.endswith(
        "unreferenced Secrets not listed: this identity may not list Secrets"
    )


def test_a_secret_that_a_volume_may_create_at_its_mount_is_not_missing():
    env = replace(reference("synced", "key"), container=True)
    needed = replace(inventory(env), syncing="vault")
    with pytest.raises(Absent, match="Volume vault may create it when a pod mounts the volume"):
        secrets.complete(needed, install=INSTALL)
    mounted = replace(inventory(reference("synced", place="volume x")), syncing="vault")
    assert codes(secrets.complete(mounted, install=INSTALL)) == ["secret-missing"]
    both = replace(inventory(env, reference("gone", place="volume x")), syncing="vault")
    judgement = secrets.complete(both, install=INSTALL)
    assert codes(judgement) == ["secret-missing"]
    assert "Volume vault may create it" in str(judgement.unmeasured)


@given(st.sets(st.sampled_from("abc")), st.sampled_from("abc"), st.sets(st.sampled_from("abc")))
def test_a_secret_less_never_turns_a_failure_into_a_pass(
    there: set[str], gone: str, optional: set[str]
):
    references = [reference(name, optional=name in optional) for name in "abc"]

    def fails(names: set[str]) -> bool:
        return bool(
            complete(
                *references, found=tuple(replace(OLD, name=name) for name in sorted(names))
            ).findings
        )

    assert fails(there - {gone}) >= fails(there)
