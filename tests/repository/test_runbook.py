"""The runbook: a section for every check, every finding explained, and no command of it that is known not to work."""

import ast
import re
from typing import get_args

import pytest

from tests import ROOT
from upkeep import demo
from upkeep.adapters.formats.logline import BAD_LEVELS
from upkeep.commands import suite
from upkeep.limits import LIMITS, parse_limits
from upkeep.model import CADENCES
from upkeep.records.backups import BackupFaultCode
from upkeep.records.configuration import FaultCode
from upkeep.records.counters import ExportFaultCode
from upkeep.settings import ABSENT

TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = {
    part.partition("\n")[0]: part.partition("\n")[2]
    for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
}
EACH = pytest.mark.parametrize("section", SECTIONS)
# What the guide does and what does not do what it seems to: collector.md, "Traps".
TRAPS = {
    r"--since=\d+d": "Go's durations have no days",
    r"get endpoints\b": "deprecated since 1.33: endpointslices",
    r"sort-by": "events of events.k8s.io have no lastTimestamp: kubectl events",
    r"dry-run=client": "proves only that the file parses",
    r"port-forward": "asks one pod, whichever the Service picks",
    r"kubectl[^\n]* exec\b": "the chart's image has nothing to execute",
    r"--grep|increase\(": "an error series that first appears at 1 has an increase of 0",
    r"get secrets?\b[^\n]*-o (yaml|json)": "prints secrets",
}


def checks() -> dict[str, str]:
    """The Fix line's anchor of every check by its control id, read from the source."""
    found = {}
    for path in sorted((ROOT / "checks").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                words = [
                    word
                    for mark in node.decorator_list
                    if isinstance(mark, ast.Call)
                    for word in mark.keywords
                ]
                name = next(ast.literal_eval(word.value) for word in words if word.arg == "id")
                fixes = re.findall(
                    r"^Fix: docs/runbook\.md#(\S+)$",
                    ast.get_docstring(node) or "",
                    flags=re.MULTILINE,
                )
                found[name] = ",".join(fixes)
    return found


def finding_codes() -> set[str]:
    """Every finding code: the hyphenated words of the judges that make findings, the level of a bad line, the faults of a document."""
    found = {f"{level}-logged" for level in BAD_LEVELS} | {
        code for codes in (FaultCode, BackupFaultCode, ExportFaultCode) for code in get_args(codes)
    }
    for path in sorted((ROOT / "upkeep" / "judges").rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Finding"
            for node in nodes
        ):
            words = [
                node.value
                for node in nodes
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
            found |= {word for word in words if re.fullmatch(r"[a-z]+(-[a-z]+)+", word)}
    return found - set(suite.declared(CADENCES))  # a judge may name its control, too


def anchor(heading: str) -> str:
    """GitHub's anchor of a heading: lower case, spaces to hyphens, other punctuation dropped."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def commands(text: str) -> list[str]:
    """The lines of the shell blocks, continued ones joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [
        line
        for block in blocks
        for line in block.replace("\\\n", " ").splitlines()
        if line and not line.startswith("#")
    ]


def test_every_check_has_its_section_and_every_section_its_check() -> None:
    fixes = checks()
    assert set(fixes) == set(suite.declared(CADENCES))
    assert {anchor(heading) for heading in SECTIONS} == set(fixes.values())
    assert list(SECTIONS) == [anchor(heading) for heading in SECTIONS]


def test_there_is_one_section_for_each_anchor() -> None:
    """A second heading of the same words would get another anchor, and a link would lead to the first."""
    headings = re.findall(
        r"^#+ (.*)$",
        re.sub(r"^```sh\n.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL),
        flags=re.MULTILINE,
    )
    assert sorted(headings) == sorted(["Runbook", *SECTIONS])


@EACH
def test_a_section_says_what_it_means_looks_like_does_and_ends(section: str) -> None:
    text = SECTIONS[section]
    meaning = text.strip().partition("\n\n")[0].replace("\n", " ")
    assert len(re.findall(r"\.(?: |$)", meaning)) == 2
    assert [
        text.count(word) for word in ("**Looks like**", "**Now**", "**Could not measure**")
    ] == [1, 1, 1]
    assert commands(text) != []
    ends = text.partition("**Could not measure**")[2]
    assert re.search(
        r"upkeep rbac (?:--\w+ )?\||--prometheus=URL|--backups=DIR|--acting-context=|--exports=DIR|--limit=\w+=\w+",
        ends,
    ), "names no line that ends it"


@EACH
def test_a_section_that_selects_pods_does_so_in_both_layouts(section: str) -> None:
    lines = commands(SECTIONS[section])
    if any('-l "$L"' in line for line in lines):
        assert re.search(
            r"\bL=app=cano-collector\b.*# chart layout: L=app\.kubernetes\.io/name=cano-collector",
            lines[0],
        )
    assert [
        line
        for line in lines
        if "app=cano-collector" in line and not re.search(r"# chart layout: L=", line)
    ] == []


def test_the_findings_are_those_of_the_judges() -> None:
    told = [
        code
        for text in SECTIONS.values()
        for row in re.findall(r"^\| (`[^|]*) \|", text, flags=re.MULTILINE)
        for code in re.findall(r"`([^`]+)`", row)
    ]
    assert sorted(told) == sorted(set(told))
    assert set(told) == finding_codes()


@EACH
@pytest.mark.parametrize("trap", TRAPS)
def test_no_command_is_one_of_the_traps(section: str, trap: str) -> None:
    assert [line for line in commands(SECTIONS[section]) if re.search(trap, line)] == [], TRAPS[
        trap
    ]


@EACH
def test_logs_of_a_selector_say_how_many_lines(section: str) -> None:
    """Else they are ten for each pod."""
    assert [
        line
        for line in commands(SECTIONS[section])
        if re.search(r" logs -l ", line) and "--tail=" not in line
    ] == []


@EACH
def test_what_changes_something_says_so(section: str) -> None:
    text = SECTIONS[section]
    verbs = r"kubectl[^\n`]* (undo|scale|patch|delete|create|apply|restart|rollout restart|annotate|label)\b"
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.search(verbs, line) and not re.search(
            "upkeep rbac|--dry-run=server|auth can-i", line
        ):
            before = "\n".join(lines[max(0, number - 8) : number + 1])
            assert "changes" in before, line


@EACH
def test_scenarios_limits_and_options_exist(section: str) -> None:
    text = SECTIONS[section]
    assert set(re.findall(r"--demo=([\w-]+)", text)) <= set(demo.names(faults=False))
    assert len(re.findall(r"--demo=", text)) == 1
    for name, value in re.findall(r"--limit=(\w+)=([\w.%]+)", text):
        assert parse_limits({name: value}, where="runbook")[name] != LIMITS[name].default
    assert set(re.findall(r"--absent=([\w-]+)", text)) <= set(ABSENT)


@EACH
def test_links_inside_the_runbook_lead_somewhere(section: str) -> None:
    assert set(re.findall(r"\]\(#([^)]+)\)", SECTIONS[section])) <= set(SECTIONS)
