"""The checks read aloud: one assertion, and no way to look at anything but what was measured.

Read from the source and never imported, so that a check which cannot even be imported is held to the same rules. The rules are plain
functions over source text; the second half of this file shows each of them a check that breaks it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from upkeep.commands import suite
from upkeep.commands.roles import ALL
from upkeep.model import CADENCES

FILES = sorted((ROOT / "checks").rglob("*.py"))
# What judges, and nothing that could look for itself: neither a clock, nor a cluster, nor the machine.
IMPORTED = re.compile(r"pytest|upkeep\.judges\.\w+|upkeep\.domain\.guide")
FORBIDDEN = {"datetime", "time", "requests", "kubernetes", "subprocess"}
BRANCHES = (
    ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match, ast.BoolOp,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda,
)  # fmt: skip
CLOCK_CALLS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time"), ("time", "time_ns"),
    ("time", "gmtime"), ("time", "localtime"),
}  # fmt: skip


def dotted(node: ast.expr) -> str:
    """``pytest.mark.control`` of the expression, or nothing where it is no plain name."""
    if isinstance(node, ast.Attribute) and dotted(node.value):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def checks_in(source: str) -> list[ast.FunctionDef]:
    """Every test of a module, wherever pytest would find it."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    ]


def control(test: ast.FunctionDef) -> dict[str, str]:
    """The arguments of the test's control marker."""
    found = [
        mark
        for mark in test.decorator_list
        if isinstance(mark, ast.Call) and dotted(mark.func) == "pytest.mark.control"
    ]
    return {
        str(word.arg): str(ast.literal_eval(word.value)) for mark in found for word in mark.keywords
    }


def body_faults(test: ast.FunctionDef) -> Iterator[str]:
    """What is wrong with what the check does: one assertion that the judgement stands, and nothing else."""
    body = test.body[1:] if ast.get_docstring(test) is not None else test.body
    if len(body) != 1 or not isinstance(body[0], ast.Assert):
        yield "the body is not exactly one assert"
        return
    judged = body[0].test
    if (
        not isinstance(judged, ast.Call)
        or dotted(judged.func) != "judge"
        or len(judged.args) != 1
        or judged.keywords
    ):
        yield "the assert is not of a call judge(…) of one judgement"
        return
    inner = judged.args[0]
    module, _, function = (
        dotted(inner.func).partition(".") if isinstance(inner, ast.Call) else ("", "", "")
    )
    if not module or not function:
        yield "what is judged is not a call of a judge"
    if body[0].msg is not None:
        yield "an assertion's message would hide the findings"
    if any(isinstance(node, BRANCHES) for node in ast.walk(test)):
        yield "branches: a check decides nothing itself"


def module_faults(source: str) -> Iterator[str]:
    """What is wrong with the module around its tests: other imports, or code of its own."""
    tree = ast.parse(source)
    for node in tree.body:
        plain = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not plain and not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef):
            yield f"line {node.lineno}: a module of checks holds imports and tests"
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("test"):
            yield f"{node.name}: a module of checks has no functions beside its tests"
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        yield from (f"imports {name}" for name in modules if not IMPORTED.fullmatch(name))


def clock_faults(source: str) -> Iterator[str]:
    """Calls that read the machine's clock, whatever the module was named at its import."""
    tree = ast.parse(source)
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (
                f"line {node.lineno}: from time import {alias.name}"
                for alias in node.names
                if ("time", alias.name) in CLOCK_CALLS
            )
    for node in ast.walk(tree):
        # Not only a call: a default such as now=datetime.now reads the clock as well, later.
        if isinstance(node, ast.Attribute):
            owner = dotted(node.value).rpartition(".")[2]
            if (names.get(owner, owner), node.attr) in CLOCK_CALLS:
                yield f"line {node.lineno}: {owner}.{node.attr}"


TESTS = [(path, test) for path in FILES for test in checks_in(path.read_text(encoding="utf-8"))]


def test_every_check_can_be_collected_as_one_control() -> None:
    """What markers and docstring must say is judged at collection, by ``reports/controls.py``."""
    ids = [control(test).get("id") for _, test in TESTS]
    assert sorted(map(str, ids)) == sorted(suite.declared(CADENCES))
    # The Role of upkeep rbac is made of the regular checklists: an emergency has no control alone.
    assert suite.declared(CADENCES) == suite.declared(ALL)


def test_every_check_is_one_assertion_of_a_judgement() -> None:
    found = {f"{path.stem}: {test.name}": list(body_faults(test)) for path, test in TESTS}
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_module_of_checks_imports_judges_and_nothing_that_could_look(path: Path) -> None:
    assert list(module_faults(path.read_text(encoding="utf-8"))) == []


def test_a_plugin_is_listed_behind_those_that_it_imports() -> None:
    """Else pytest meets it imported already, and warns every user of it."""
    listed = re.findall(
        r'^    "([\w.]+)",$', (ROOT / "conftest.py").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    late = []
    for position, plugin in enumerate(listed):
        place = ROOT / plugin.replace(".", "/")
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        text = path.read_text(encoding="utf-8")
        late += [
            f"{plugin}: {name}"
            for name in re.findall(r"^from (\S+) import", text, flags=re.MULTILINE)
            if name in listed[position:]
        ]
    assert len(listed) > 20
    assert late == []


def test_only_the_clock_reads_the_clock() -> None:
    paths = [
        path
        for folder in ("fixtures", "reports", "upkeep", "checks")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    found = {
        str(path.relative_to(ROOT)): list(clock_faults(path.read_text(encoding="utf-8")))
        for path in paths
    }
    read = {
        name: [fault.partition(": ")[2] for fault in faults]
        for name, faults in found.items()
        if faults
    }
    # The embedded cluster runs on its own too (upkeep demo), where nobody hands it an instant: one function, the default of `now`.
    assert read == {
        "upkeep/clock.py": ["datetime.now"],
        "upkeep/demo/__init__.py": ["datetime.now"],
    }


GOOD = '''
import pytest
from upkeep.judges.workload import pods

@pytest.mark.control(id="pods-ready", severity="critical", guide="Check pod status")
@pytest.mark.daily
def test_ready(judge, workload):
    """Every pod is ready.

    Why it matters.
    Fix: docs/runbook.md#pods-ready
    """
    assert judge(pods.ready(workload))
'''


def faults(source: str) -> list[str]:
    return [fault for test in checks_in(source) for fault in body_faults(test)] + list(
        module_faults(source)
    )


def test_a_good_check_has_no_fault() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("assert judge(", "judge(", "not exactly one assert"),
        ("    assert", "    assert True\n    assert", "not exactly one assert"),
        ("    assert", "    if workload:\n        assert", "not exactly one assert"),
        ("    assert", "    for _ in workload:\n        assert", "not exactly one assert"),
        ("    assert", "    while workload:\n        assert", "not exactly one assert"),
        ("    assert", "    with workload:\n        assert", "not exactly one assert"),
        (
            "    assert judge(pods.ready(workload))",
            "    try:\n        pass\n    finally:\n        pass",
            "not exactly one assert",
        ),
        (
            "assert judge(pods.ready(workload))",
            "assert pods.ready(workload)",
            "not of a call judge(",
        ),
        (
            "assert judge(pods.ready(workload))",
            "assert not judge(pods.ready(workload))",
            "not of a call judge(",
        ),
        (
            "assert judge(pods.ready(workload))",
            "assert judge(pods.ready(workload)) or True",
            "not of a call judge(",
        ),
        ("judge(pods.ready(workload))", "judge(workload)", "not a call of a judge"),
        ("ready(workload))", 'ready(workload)), "hidden"', "message would hide"),
        ("ready(workload)", "ready(workload or None)", "branches"),
        ("ready(workload)", "ready([pod for pod in workload])", "branches"),
        ("import pytest", "import pytest\nLIMIT = 3", "holds imports and tests"),
        ("import pytest", "import pytest\ndef help():\n    pass", "no functions beside its tests"),
        (
            "from upkeep.judges.workload import pods",
            "from upkeep.judges import pods\nfrom upkeep.adapters import kube",
            "imports upkeep.adapters",
        ),
        *(
            ("import pytest", f"import pytest\nimport {name}", f"imports {name}")
            for name in sorted(FORBIDDEN)
        ),
        *(
            ("    assert", f"    from {name} import x\n    assert", f"imports {name}")
            for name in sorted(FORBIDDEN)
        ),
    ],
)
def test_a_bad_check_is_told(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    assert [found for found in faults(GOOD.replace(old, new, 1)) if fault in found] != []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from datetime import datetime\ndatetime.now()", ["line 2: datetime.now"]),
        ("import datetime as d\nd.datetime.utcnow()", ["line 2: datetime.utcnow"]),
        ("from datetime import datetime as when\nwhen.now()", ["line 2: when.now"]),
        ("import time as t\nt.time()", ["line 2: t.time"]),
        ("from time import time as when\nwhen()", ["line 1: from time import time"]),
        ("from datetime import date\nf(date.today)", ["line 2: date.today"]),
        ("import time\ntime.monotonic()\nclock.now()", []),
    ],
)
def test_a_look_at_the_clock_is_told(source: str, found: list[str]) -> None:
    assert list(clock_faults(source)) == found
