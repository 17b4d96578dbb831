"""A refused run leaves the earlier results alone; with --gate it closes gate.json, and writes nothing else."""

import fcntl
from typing import Any

import pytest

from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]
GOOD = check("good", marks="daily gate")
# Raises what the sweep raises for an unknown context, or for a namespace without a collector.
LATE = """
@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session):
    if session.config.option.keyword == "late":
        raise pytest.UsageError("--context=prd: no such context")
    return (yield)
"""
REFUSED = {
    "a misspelt marker": (["-m", "dayly"], "unknown marker 'dayly'"),
    "an unknown control": (["-m", "control(id='god')"], "no control 'god'"),
    "a missing file": (["checks/test_absent.py"], "file or directory not found"),
    "an unknown limit": (["--limit=alert_windw=1h"], "unknown limit"),
    "a missing settings file": (["--settings=absent.toml"], "no such file"),
    "a missing ledger for --due": (["-p", "reports.memory", "--due"], "--due reads the ledger"),
    "an unknown option": (["--namespce=x"], "did you mean '--namespace'?"),
    "an unknown option without a near one": (
        ["--8zqxwvkj"],
        "unknown option --8zqxwvkj. pytest --help",
    ),
    "an option near one that is refused": (["--new-fist"], "(did you mean '--exitfirst'?)"),
    "kubectl's short option": (["-n", "x"], "For kubectl's -n write --namespace=NAME"),
    "an option without its value": (["--limit"], "argument --limit: expected one argument"),
    "an option of the cache": (["--lf"], "--lf is not supported"),
    "an option of the cache, spelt out": (["--failed-first"], "--failed-first is not supported"),
    "a context that the sweep refuses": (["-k", "late"], "--context=prd: no such context"),
}


def everything(inner: Inner) -> dict[str, bytes]:
    """Return every file of the results but the lock."""
    return {
        str(path.relative_to(inner.out)): path.read_bytes()
        for path in sorted(inner.out.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def inner(pytester: pytest.Pytester) -> Inner:
    """Return the inner suite with the results of a good run and its open gate."""
    made = Inner(pytester, GOOD, conftest=LATE)
    pytester.makepyprojecttoml("")  # a rootdir of its own
    assert made.run("--gate").ret == 0
    assert made.file("gate.json")["open"] is True
    return made


@pytest.mark.parametrize("case", REFUSED)
def test_the_earlier_results_stay_and_a_gate_closes(case: str, inner: Inner) -> None:
    arguments, sentence = REFUSED[case]
    before = everything(inner)
    ran: Any = inner.run(*arguments)
    assert (ran.ret, sentence in ran.stderr.str()) == (4, True), ran.stderr.str()
    assert everything(inner) == before
    assert f"are those of the earlier run {inner.file('run.json')['run']}" in ran.stderr.str()
    ran = inner.run("--gate", *arguments)
    assert ran.ret == 4, ran.stderr.str()
    gate = inner.file("gate.json")
    assert (gate["open"], gate["code"], gate["targets"]) == (False, 4, {})
    if arguments != ["checks/test_absent.py"]:  # with --gate a path is refused as such
        assert sentence in gate["reasons"][0]["text"]
    assert everything(inner) | {"gate.json": b""} == before | {"gate.json": b""}


def test_out_of_a_refused_run_is_followed_and_made(inner: Inner) -> None:
    inner.run("--gate", "--out=elsewhere", "--limit=alert_windw=1h")
    assert [path.name for path in sorted((inner.pytester.path / "elsewhere").iterdir())] == [
        ".lock",
        "gate.json",
    ]
    assert inner.file("gate.json")["open"] is True


def test_a_refused_run_names_no_run_where_no_results_are(inner: Inner) -> None:
    ran: Any = inner.run("--out=elsewhere", "--limit=alert_windw=1h")
    assert (ran.ret, "earlier run" in ran.stderr.str()) == (4, False)


def test_the_gate_of_a_run_in_progress_is_its_own(inner: Inner) -> None:
    with (inner.out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert inner.run("--gate").ret == 4
    assert inner.file("gate.json")["open"] is True


def test_until_the_verdict_the_gate_is_closed(pytester: pytest.Pytester) -> None:
    read = "import pathlib\ntext = pathlib.Path('reports/out/gate.json').read_text()"
    body = f"{read}\nassert '\"open\": false' in text\nassert judge(GOOD)"
    inner = Inner(pytester, check("good", body, marks="daily gate"))
    assert inner.run("--gate").ret == 0
    assert inner.file("gate.json")["open"] is True


def test_a_refused_run_is_not_in_the_ledger(pytester: pytest.Pytester) -> None:
    inner = Inner(pytester, GOOD, conftest=LATE)
    kept = pytester.path / "kept"
    plugins = ["-p", "reports.memory", "--ledger=kept"]
    assert inner.run(*plugins).ret == 0
    before = sorted(path.name for path in kept.iterdir())
    assert inner.run(*plugins, "-k", "late").ret == 4
    assert sorted(path.name for path in kept.iterdir()) == before
