"""The words that users read: the field's own, in sentences of at most 25 words.

Read are string literals and docstrings of the modules that print, and the documents by hand. CONTRIBUTING.md has the
rules.
"""

import ast
import re
from collections.abc import Iterator
from inspect import isclass
from pathlib import Path

import pytest

from tests import ROOT
from upkeep import errors

MOST_WORDS = 25
FOLDERS = ("upkeep", "reports", "fixtures", "checks")
DOCUMENTS = (
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
    *("docs/collector.md", "docs/controls.md", "docs/deploy.md", "docs/glossary.md"),
    "docs/runbook.md",
)
# Words of everyday stories, and the field's word for each.
INSTEAD = {
    r"\bin (?:no|a|the) books?\b|\bthe books\b": "counters; received − processed − errors",
    r"\b(?:is|are|was|were) told\b": "shown, reported, known",
    r"\bmoments?\b(?! ago)": "sample, time",
    r"\bgets? at\b": "read",
    r"\bwished\b": "asked for",
    r"\blies? (?:in|at|there|beside|on)\b|\bwhere (?:\w+ ){0,3}lies?\b": "is stored",
    r"\blife before\b|\bprocess' life\b": "container instance",
    r"\ba look\b|\blook(?:s|ed|ing)? at\b": "read, check",
    r"\bway out\b|\bway around\b": "fix, attack path",
    r"\b[Nn]obody\b|\b[Ss]omebody\b": "the name of the program or role",
    r"\bthe (?:very )?one that\b": "its name",
    r"\bprovided that\b": "if",
    r"\bwhat is there\b|\bwhat there is\b": "the objects",
    r"\bends it\b": "fixes it",
    r"(?:^|\. )(?:Whether|Who|What|How|That) (?!is |to )[a-z ]+ (?:is|are|was|were|can|does)\b": "the program or object as the subject",
}
# Modules and documents that still have such words. A clean one must leave the list.
NOT_CLEAN_YET: tuple[str, ...] = ()
# The embedded cluster answers with the API server's own words.
QUOTED = ("upkeep/demo/server/api.py",)
# What stands in a code span, a link or a placeholder is no word of ours.
_CODE = re.compile(r"``?[^`]*``?|\[([^\]]*)\]\([^)]*\)|<[^>]*>|https?://\S+|\{[^{}]*\}")
_MARKERS = re.compile(r"^\s*(?:[-*]|\d+\.)\s+", re.MULTILINE)
# A pattern, a selector or a style sheet is no sentence.
_NO_PROSE = re.compile(r"\(\?|\\b|!important|[├│└]|\|connection")
_FIELD = re.compile(r"^ *:\w[\w ]*:", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.:;?!])\s+|\n\n+|\n(?=\s*(?:[-*|]|:\w))|(?<=;) ")


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Return the texts of a module with their lines: docstrings, and string literals with a space."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts |= {id(value) for value in node.values}
            yield (
                node.lineno,
                "".join(
                    str(value.value) if isinstance(value, ast.Constant) else "{}"
                    for value in node.values
                ),
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def paragraphs(path: Path) -> Iterator[tuple[int, str]]:
    """Return the paragraphs and table cells of a document with their lines, without code blocks."""
    text = re.sub(
        r"^ *```.*?^ *```", lambda block: "\n" * block[0].count("\n"), path.read_text("utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )  # fmt: skip
    number = 1
    for part in re.split(r"(\n\n+|\n(?=[|#]|\s*[-*] |\s*\d+\. ))", text):
        for cell in part.split("|") if part.startswith("|") else [part]:
            yield number, cell
        number += part.count("\n")


def faults(text: str) -> Iterator[str]:
    """Return what is wrong with a text: a word to avoid, or a sentence that is too long."""
    if _NO_PROSE.search(text):
        text = text.partition("::\n")[0] if "::\n" in text else ""
    plain = _MARKERS.sub("", _FIELD.sub("", _CODE.sub(r"\1", text)))
    for word, better in INSTEAD.items():
        if found := re.search(word, plain):
            yield f"{found[0]!r} (write: {better})"
    for sentence in _SENTENCE.split(plain):
        words = re.findall(r"[A-Za-z][\w'’-]*", sentence)
        if len(words) > MOST_WORDS:
            yield f"{len(words)} words: {' '.join(sentence.split())[:90]}"


def texts(place: str) -> Iterator[tuple[int, str]]:
    """Return the texts of a module or document."""
    yield from (literals if place.endswith(".py") else paragraphs)(ROOT / place)


def everything() -> list[str]:
    """Return the paths of all modules and documents that users read."""
    modules = [
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.relative_to(ROOT).as_posix() not in QUOTED
    ]
    return [*modules, *DOCUMENTS]


def found_in(place: str) -> list[str]:
    """Return the faults of a module or document with their lines."""
    return [f"{place}:{line}: {fault}" for line, text in texts(place) for fault in faults(text)]


def listed(place: str) -> bool:
    """Return whether a path is on the list of those that are not clean yet."""
    return place.startswith(NOT_CLEAN_YET) if NOT_CLEAN_YET else False


@pytest.mark.parametrize("place", everything())
def test_a_text_has_the_words_of_the_field_and_short_sentences(place: str) -> None:
    if not listed(place):
        assert "\n".join(found_in(place)) == ""


def test_a_path_leaves_the_list_once_it_is_clean() -> None:
    dirty = [place for place in everything() if listed(place) and found_in(place)]
    clean = [
        prefix for prefix in NOT_CLEAN_YET if not any(place.startswith(prefix) for place in dirty)
    ]
    assert clean == [], "take these off NOT_CLEAN_YET"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("The alert is in no book.", "'in no book' (write:"),
        ("Nobody answered.", "'Nobody' (write:"),
        (" ".join(["word"] * 26) + ".", "26 words: word word"),
    ],
)
def test_a_fault_would_be_found(text: str, fault: str) -> None:
    assert [found for found in faults(text) if found.startswith(fault)]


@pytest.mark.parametrize(
    "text",
    [
        "`" + " ".join(["word"] * 40) + "`",
        " ".join(["word"] * 20) + ". " + " ".join(["word"] * 20) + ".",
        "Retry in a minute.",
    ],
)
def test_code_and_short_sentences_are_no_faults(text: str) -> None:
    assert list(faults(text)) == []


def cited() -> Iterator[tuple[str, str]]:
    """Return every Markdown file that a text of the repository names, with the path that names it."""
    for folder in (*FOLDERS, "tests/repository", "tests/cluster", "bench", "docs", "."):
        for path in sorted((ROOT / folder).glob("*" if folder == "." else "**/*")):
            inside = path.suffix in (".py", ".md", ".toml", ".j2", ".ini", ".yaml", ".json")
            if path.is_file() and inside and path != Path(__file__):
                text = path.read_text(encoding="utf-8")
                for name in re.findall(
                    r"(?<![\w/.{}-])(?!upkeep/blob/)(?:[\w-]+/)*[\w-]+\.md\b", text
                ):
                    yield path.relative_to(ROOT).as_posix(), name


def test_every_document_that_is_named_is_here() -> None:
    """A reader outside of the project cannot open another one."""
    # The report of each run, and evidence files in examples.
    made = {"reports/out/summary.md", "summary.md", "drill.md", "recovery.md"}
    here = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.md")}
    here |= {Path(name).name for name in here}
    assert {(path, name) for path, name in cited() if name not in here | made} == set()


# Names that are written so.
_LOWER = ("metrics-server", "df ", "helm ", "cano-collector", "testinfra")


def reasons(text: str) -> Iterator[tuple[int, str]]:
    """Return the line and the beginning of each reason: what an Unmeasured is made of."""
    kinds = {name for name, one in vars(errors).items() if isclass(one) and issubclass(one, errors.Unmeasured)}  # fmt: skip
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and node.args
            and ast.unparse(node.func).split(".")[-1] in kinds
        ):
            first = node.args[0]
            first = first.values[0] if isinstance(first, ast.JoinedStr) else first
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, first.value


def test_a_reason_begins_with_a_capital_letter() -> None:
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for path in paths
        for line, text in reasons(path.read_text(encoding="utf-8"))
    ]
    assert len(found) > 150
    assert [one for one in found if one[1][:1].islower() and not one[1].startswith(_LOWER)] == []


def test_a_reason_in_small_letters_would_be_found() -> None:
    assert [*reasons('raise errors.Absent(f"no pod of {x}")\nAbsent("None")\nBadInput("x")')] == [
        (1, "no pod of "),
        (2, "None"),
    ]
