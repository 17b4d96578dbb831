"""The liar's matrix: a source that lies plausibly lets no failing control pass."""

from tests import ROOT
from tests.liars.matrix import BELIEVED, LIARS, PATH, WHY, document, plays, rows
from tests.liars.playing import KINDS

STANDS = {"fail", "due", "unknown", "refused"}
LEAST_LIES = 5


def test_each_control_fails_where_its_sources_tell_the_truth() -> None:
    """A lie proves something only where the truth is a failure."""
    assert set(plays().truth.values()) <= {"fail", "due"}
    assert len(plays().truth) == len({(one.name, one.scenario, one.control) for one in LIARS})


def test_no_lie_lets_a_failing_control_pass() -> None:
    escapes = [
        f"{row.liar.name}: {row.lie.words}: {row.liar.control} is {row.outcome.name}: "
        f"{row.outcome.words}"
        for row in rows(LIARS)
        if row.outcome.name not in STANDS
    ]
    assert not escapes, "\n".join(escapes)


def test_each_lie_is_told() -> None:
    """A lie that changes no answer proves nothing."""
    silent = [f"{row.liar.name}: {row.lie.words}" for row in plays().rows if not row.told]
    assert not silent


def test_each_source_tells_at_least_five_lies_of_known_kinds() -> None:
    told: dict[str, int] = {}
    for liar in LIARS:
        told[liar.name] = told.get(liar.name, 0) + len(liar.lies)
        assert {lie.kind for lie in liar.lies} <= {*KINDS}
    assert {name: count for name, count in told.items() if count < LEAST_LIES} == {"RBAC: Roles": 3}


def test_what_is_believed_is_said() -> None:
    """Each of these passes; one that is found out belongs into the matrix."""
    assert {row.outcome.name for row in rows(BELIEVED)} == {"pass"}
    assert {liar.name for liar in BELIEVED} == {*WHY}


def test_the_committed_document_is_what_was_said() -> None:
    """``python -m tests.repository.documents liars`` writes it."""
    assert (ROOT / PATH).read_text(encoding="utf-8") == document()
