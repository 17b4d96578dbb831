"""upkeep doctor: the rights that the controls declare, each asked, and what ends a control that could not be measured."""

import pytest

from upkeep.__main__ import main
from upkeep.commands.roles import USUAL_NAMES
from upkeep.commands.suite import declared
from upkeep.records.rights import IDENTITY


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    """Its exit code, the lines that it prints, and what it complains about."""
    code = main(["doctor", *words])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err


@pytest.mark.parametrize("scenario", ["healthy", "chart"])
def test_where_everything_may_be_read_every_right_is_there_and_every_control_measured(
    scenario: str, capsys: pytest.CaptureFixture[str]
):
    code, lines, _ = doctor(capsys, "--", f"--demo={scenario}")
    rights = [line for line in lines if line.startswith("  ")]
    assert (code, lines[-1]) == (0, "Controls: 13 of 13 can be measured")
    assert {line.split()[0] for line in rights} == {"yes"}
    # What has no usual name (where Alertmanager's configuration is stored) is asked for by no question of doctor's own.
    needed = {right for rights in declared(["daily"]).values() for right in rights} | {IDENTITY}
    assert len(rights) == sum(not right.names or bool(USUAL_NAMES[right.names]) for right in needed)
    # Two of them are of one verb and resource, and of two namespaces.
    assert (
        sum(line.startswith("  yes   list services in namespace monitoring: ") for line in rights)
        == 1
    )
    assert sum(line.startswith("  yes   list services: ") for line in rights) == 1


def test_a_right_that_is_missing_is_named_with_what_needs_it_and_the_line_that_ends_it(
    capsys: pytest.CaptureFixture[str],
):
    code, lines, _ = doctor(capsys, "--", "--demo=forbidden@cronjobs")
    assert code == 1
    assert [line for line in lines if line.startswith("  no ")] == [
        "  no    list cronjobs: backup-job-healthy"
    ]
    assert lines[-4] == "Controls: 12 of 13 can be measured"
    assert lines[-3] == "  backup-job-healthy"
    assert lines[-2].startswith("      forbidden: ")
    assert lines[-1] == "      upkeep rbac --namespace=monitoring | kubectl apply -f -"


def test_one_cause_of_many_is_told_once(capsys: pytest.CaptureFixture[str]):
    code, lines, _ = doctor(capsys, "--", "--demo=expired@all")
    (cause,) = [line for line in lines if line.startswith("      unauthenticated: ")]
    assert (code, "Controls: 0 of 13 can be measured" in lines) == (1, True)
    assert "the token has expired or was never valid" in cause
    # That nobody could be asked is no answer.
    assert {
        line.partition(": unauthenticated")[0] for line in lines if line.startswith("  could")
    } == {"  could not ask"}
    assert not [line for line in lines if line.startswith(("  yes", "  no "))]


def test_the_cadences_are_ours_to_choose(capsys: pytest.CaptureFixture[str]):
    code, lines, _ = doctor(capsys, "--cadence=daily", "--cadence=weekly", "--", "--demo")
    assert (code, lines[-1]) == (
        0,
        f"Controls: {len(declared(['daily', 'weekly']))} of {len(declared(['daily', 'weekly']))} can be measured",
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--cadence=dayly"], "invalid choice: 'dayly'"),
        (["--", "--demo=helthy"], "no scenario is called 'helthy'; the nearest is 'healthy'"),
        (["--", "--demo=two-collectors"], "Namespace monitoring has 2 collectors"),
        (["--", "--kubeconfig=/nowhere"], "there is no kubeconfig at /nowhere"),
    ],
)
def test_bad_input_is_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    code, _, said = doctor(capsys, *words)
    assert (code, sentence in said, "Traceback" in said) == (4, True, False)
