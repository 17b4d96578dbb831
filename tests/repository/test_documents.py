"""Documents that could drift are what they are generated from."""

from pathlib import Path

import pytest

from tests import ROOT
from tests.checks import outcomes
from tests.repository.documents import DOCUMENTS, RUNS, main


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path not in RUNS])
def test_the_committed_document_is_up_to_date(path: str) -> None:
    """``make documents`` would change nothing."""
    assert (ROOT / path).read_text(encoding="utf-8") == DOCUMENTS[path]()


def test_the_rest_of_the_outcomes_is_what_is_committed() -> None:
    """What the chart's defaults give, every scenario in its place, and no row more."""
    expected = outcomes.page(list(outcomes.committed().values()))
    found = (ROOT / outcomes.PATH).read_text(encoding="utf-8")
    assert found == expected, "python -m tests.repository.documents outcomes"


def test_a_result_stands_for_its_equals_and_for_nothing_else() -> None:
    """The same lives of pods, an image that few controls read, and the other layout."""
    places = ["healthy", "rights-of-the-chart", "image-latest", "chart/healthy"]
    once, each = outcomes.ran_once(places), outcomes.ran(places)
    for place in places:
        assert once.outcomes(place) == each.outcomes(place)
    taken = [id(once.results[place, "runs-hardened"]) for place in places]
    assert taken[0] == taken[1]
    assert len({*taken}) == 3


def test_rows_of_a_broken_run_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that broke leaves controls that were not run."""

    def breaks(self: object, session: pytest.Session) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(outcomes.Alike, "pytest_runtestloop", pytest.hookimpl(breaks))
    with pytest.raises(RuntimeError, match="ended with code 3"):
        outcomes.ran_once(["healthy"])


def test_a_document_is_renewed_by_its_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.repository.documents.ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    assert main(["limits"]) == 0
    assert capsys.readouterr().out == "docs/limits.md\n"
    assert (tmp_path / "docs" / "limits.md").read_text(encoding="utf-8") == committed_limits()
    with pytest.raises(SystemExit):
        main(["limit"])
    assert "no document is called 'limit'; there are limits, role" in capsys.readouterr().err


def committed_limits() -> str:
    """The document as the repository has it, wherever ``ROOT`` leads meanwhile."""
    return (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
