"""The runbook: a section for every check, every finding explained, and no command of it that is known not to work."""

import ast
import re
from collections.abc import Callable, Iterator
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
from upkeep.settings.targets import ABSENT

TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = {
    part.partition("\n")[0]: part.partition("\n")[2]
    for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
}
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


def test_the_findings_are_those_of_the_judges() -> None:
    """Controls that look at the same fault may share its code; a section has it once."""
    told = [
        (section, code)
        for section, text in SECTIONS.items()
        for row in re.findall(r"^\| (`[^|]*) \|", text, flags=re.MULTILINE)
        for code in re.findall(r"`([^`]+)`", row)
    ]
    assert sorted(told) == sorted(set(told))
    codes, said = finding_codes(), {code for _, code in told}
    assert said - codes == set(), "no judge has this finding"
    assert codes - said == set(), (
        "a finding without a row, or a name in a judge that reads like one"
    )


def shape_faults(text: str) -> Iterator[str]:
    """Yield what a section lacks: what it means, looks like, does, and how a blind run ends."""
    meaning = text.strip().partition("\n\n")[0].replace("\n", " ")
    if len(re.findall(r"\.(?: |$)", meaning)) != 2:
        yield "its meaning is not two sentences"
    for word in ("**Looks like**", "**Now**", "**Could not measure**"):
        if text.count(word) != 1:
            yield f"{word} is there {text.count(word)} times"
    if not commands(text):
        yield "no command"
    if not re.search(
        r"upkeep rbac (?:--\w+ )?\||--prometheus=URL|--backups=DIR|--acting-context=|--exports=DIR|--limit=\w+=\w+",
        text.partition("**Could not measure**")[2],
    ):
        yield "names no line that ends it"


def layout_faults(text: str) -> Iterator[str]:
    """Yield commands that select pods in one layout alone."""
    lines = commands(text)
    both = r"\bL=app=cano-collector\b.*# chart layout: L=app\.kubernetes\.io/name=cano-collector"
    if any('-l "$L"' in line for line in lines) and not re.search(both, lines[0]):
        yield lines[0]
    for line in lines:
        if "app=cano-collector" in line and not re.search(r"# chart layout: L=", line):
            yield line


def trap_faults(text: str) -> Iterator[str]:
    """Yield commands of the guide that do not do what they seem to."""
    for line in commands(text):
        yield from (f"{line}: {why}" for trap, why in TRAPS.items() if re.search(trap, line))
        if re.search(r" logs -l ", line) and "--tail=" not in line:
            yield f"{line}: without --tail ten lines of each pod are shown"


def change_faults(text: str) -> Iterator[str]:
    """Yield commands that change the cluster and do not say so."""
    verbs = r"kubectl[^\n`]* (undo|scale|patch|delete|create|apply|restart|rollout restart|annotate|label)\b"
    lines = text.splitlines()
    for number, line in enumerate(lines):
        dry = re.search("upkeep rbac|--dry-run=server|auth can-i", line)
        before = "\n".join(lines[max(0, number - 8) : number + 1])
        if re.search(verbs, line) and not dry and "changes" not in before:
            yield line


def name_faults(text: str) -> Iterator[str]:
    """Yield scenarios, limits, options and links that do not exist."""
    scenarios = re.findall(r"--demo=([\w-]+)", text)
    if len(re.findall(r"--demo=", text)) != 1:
        yield f"names {len(scenarios)} scenarios, not one"
    yield from (f"no scenario {one}" for one in set(scenarios) - set(demo.names(faults=False)))
    for name, value in re.findall(r"--limit=(\w+)=([\w.%]+)", text):
        if parse_limits({name: value}, where="runbook")[name] == LIMITS[name].default:
            yield f"--limit={name}={value} is the default"
    absent = set(re.findall(r"--absent=([\w-]+)", text))
    yield from (f"--absent={one} is none" for one in absent - set(ABSENT))
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    yield from (f"no section {one}" for one in links - set(SECTIONS))


RULES = (shape_faults, layout_faults, trap_faults, change_faults, name_faults)


@pytest.mark.parametrize("rule", RULES)
def test_every_section_keeps_the_rule(rule: Callable[[str], Iterator[str]]) -> None:
    found = {section: list(rule(text)) for section, text in SECTIONS.items()}
    assert {section: faults for section, faults in found.items() if faults} == {}


GOOD = """
It is down. Alerts are lost.

**Looks like** (try `--demo=crash-looping`)

**Now**

```sh
kubectl get pods
```

**Could not measure**: `upkeep rbac | kubectl apply -f -`.
"""


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        (shape_faults, "It is down. ", ""),
        (shape_faults, "**Now**", ""),
        (shape_faults, "upkeep rbac |", ""),
        (shape_faults, "kubectl get pods\n", ""),
        (layout_faults, "get pods", "get pods -l app=cano-collector"),
        (layout_faults, "get pods", 'get pods -l "$L"'),
        (trap_faults, "get pods", "logs x --since=7d"),
        (trap_faults, "get pods", "logs -l app=x"),
        (change_faults, "get pods", "delete pod x"),
        (name_faults, "--demo=crash-looping", ""),
        (name_faults, "crash-looping", "crash-dancing"),
        (name_faults, "It is", "--absent=water"),
        (name_faults, "It is", "[x](#water)"),
        (name_faults, "It is", "--limit=restarts=0"),
    ],
)
def test_a_section_that_breaks_a_rule_is_told(
    rule: Callable[[str], Iterator[str]], old: str, new: str
) -> None:
    assert [fault for one in RULES for fault in one(GOOD)] == []
    assert old in GOOD
    assert list(rule(GOOD.replace(old, new, 1))) != []
