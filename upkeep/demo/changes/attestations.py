"""What people have confirmed, or have not."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import attestations
from upkeep.demo.state import State, stamp

SIGN_OFFS = (
    "architecture-reviewed",
    "security-audited",
    "runbooks-updated",
    "emergency-procedures-reviewed",
)
PEOPLES = ("recovery-rehearsed", "documentation-current", *SIGN_OFFS)


@scenario("nothing-attested", "the file of attestations holds nothing of this month", *PEOPLES)
def nothing_attested(state: State) -> None:
    state.attestations = [
        attestations.entry(
            state, "recovery-rehearsed", "of another cluster", days=3, target="staging"
        )
    ]


@scenario("attestations-expired", "what was confirmed has ended", *PEOPLES)
def attestations_expired(state: State) -> None:
    for entry in state.attestations:
        entry["at"] = stamp(state.ago(days=100))


@scenario(
    "documentation-unread", "the review of the documentation has ended", "documentation-current"
)
def documentation_unread(state: State) -> None:
    for entry in state.attestations:
        if entry["control"] == "documentation-current":
            entry["at"] = stamp(state.ago(days=40))


@scenario("attested-by-one", "the same person confirmed and reviewed", *PEOPLES)
def attested_by_one(state: State) -> None:
    for entry in state.attestations:
        entry["reviewed_by"] = "ada"


@scenario(
    "attested-evidence-changed",
    "the evidence of the rehearsal was changed afterwards",
    *PEOPLES[:1],
)
def attested_evidence_changed(state: State) -> None:
    state.attestations[0]["evidence"][0]["sha256"] = "ab" * 32


@scenario("recovery-failed", "the rehearsal of a recovery was not satisfied", "recovery-rehearsed")
def recovery_failed(state: State) -> None:
    state.attestations[0] |= {"status": "not-satisfied", "explanation": "the backup held no teams"}


@scenario(
    "configuration-old",
    "the configuration has not changed for two months, and nobody confirmed it",
    "config-fresh",
)
def configuration_old(state: State) -> None:
    for plural in ("configmaps", "secrets"):
        for item in state.objects[plural]:
            item["metadata"]["creationTimestamp"] = stamp(state.ago(days=60))
            for entry in item["metadata"].get("managedFields", []):
                entry["time"] = stamp(state.ago(days=60))


@scenario(
    "configuration-confirmed",
    "the configuration has not changed for two months, and a person has confirmed that it is still right",
)
def configuration_confirmed(state: State) -> None:
    configuration_old(state)
    state.attestations.append(
        attestations.entry(state, "config-fresh", "compared with the team's wishes", days=2)
    )


def sign_off_ended(control: str) -> None:
    """One sign-off of the quarter has ended."""

    @scenario(
        f"{control.rpartition('-')[0]}-not-signed-off", f"the sign-off {control} has ended", control
    )
    def ended(state: State) -> None:
        state.attestations = [entry for entry in state.attestations if entry["control"] != control]


for sign_off in SIGN_OFFS:
    sign_off_ended(sign_off)
