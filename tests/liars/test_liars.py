"""The liar's matrix: a source that lies plausibly lets no failing control pass."""

import pytest

from tests import ROOT
from tests.liars.matrix import BELIEVED, LIARS, PATH, WHY, document, plays, rows
from tests.liars.playing import KINDS

STANDS = {"fail", "due", "unknown", "refused"}
LEAST_LIES = 5


def test_no_lie_lets_a_failing_control_pass(subtests: pytest.Subtests) -> None:
    """One test: the lies take twenty seconds, and another worker would tell them again."""
    with subtests.test("each control fails where its sources tell the truth"):
        assert set(plays().truth.values()) <= {"fail", "due"}
        assert len(plays().truth) == len({(one.name, one.scenario, one.control) for one in LIARS})
    with subtests.test("no lie lets it pass"):
        escapes = [
            f"{row.liar.name}: {row.lie.words}: {row.liar.control} is {row.outcome.name}: "
            f"{row.outcome.words}"
            for row in rows(LIARS)
            if row.outcome.name not in STANDS
        ]
        assert not escapes, "\n".join(escapes)
    with subtests.test("each lie changes an answer"):
        silent = [f"{row.liar.name}: {row.lie.words}" for row in plays().rows if not row.told]
        assert not silent
    # One that is found out belongs into the matrix.
    with subtests.test("what is believed is said"):
        assert {row.outcome.name for row in rows(BELIEVED)} == {"pass"}
        assert {liar.name for liar in BELIEVED} == {*WHY}
    with subtests.test("python -m tests.repository.documents liars"):
        assert (ROOT / PATH).read_text(encoding="utf-8") == document()


def test_each_source_tells_at_least_five_lies_of_known_kinds() -> None:
    told: dict[str, int] = {}
    for liar in LIARS:
        told[liar.name] = told.get(liar.name, 0) + len(liar.lies)
        assert {lie.kind for lie in liar.lies} <= {*KINDS}
    assert {name: count for name, count in told.items() if count < LEAST_LIES} == {"RBAC: Roles": 3}
