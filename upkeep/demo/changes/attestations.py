"""Sign-offs of people: missing, expired, invalid, not satisfied."""

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


@scenario("nothing-attested", "the attestation file holds no sign-off of this month", *PEOPLES)
def nothing_attested(state: State) -> None:
    state.attestations = [
        attestations.entry(
            state, "recovery-rehearsed", "of another cluster", days=3, target="staging"
        )
    ]


@scenario("attestations-expired", "every sign-off has expired", *PEOPLES)
def attestations_expired(state: State) -> None:
    for entry in state.attestations:
        entry["at"] = stamp(state.ago(days=100))


@scenario(
    "documentation-unread",
    "the sign-off of the documentation review has expired",
    "documentation-current",
)
def documentation_unread(state: State) -> None:
    for entry in state.attestations:
        if entry["control"] == "documentation-current":
            entry["at"] = stamp(state.ago(days=40))


@scenario("attested-by-one", "one person signed and reviewed each sign-off", *PEOPLES)
def attested_by_one(state: State) -> None:
    for entry in state.attestations:
        entry["reviewed_by"] = "ada"


@scenario(
    "attested-evidence-changed",
    "the evidence of the rehearsal changed after the sign-off",
    *PEOPLES[:1],
)
def attested_evidence_changed(state: State) -> None:
    state.attestations[0]["evidence"][0]["sha256"] = "ab" * 32


@scenario(
    "recovery-failed", "the sign-off of the rehearsal says not satisfied", "recovery-rehearsed"
)
def recovery_failed(state: State) -> None:
    state.attestations[0] |= {"status": "not-satisfied", "explanation": "the backup held no teams"}


def sign_off_ended(control: str) -> None:
    """Enter the scenario in which one sign-off of the quarter is missing."""

    @scenario(
        f"{control.rpartition('-')[0]}-not-signed-off",
        f"the sign-off {control} is missing",
        control,
    )
    def ended(state: State) -> None:
        state.attestations = [entry for entry in state.attestations if entry["control"] != control]


for sign_off in SIGN_OFFS:
    sign_off_ended(sign_off)
