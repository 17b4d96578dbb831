"""Documents as texts: what the loader would build, in one pass, and never more than the limits."""

import contextlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from upkeep.adapters import documents
from upkeep.errors import Malformed


def texts(text: str, **limits: int) -> object:
    return documents.texts(text, name="x", **({"most_bytes": 10_000} | limits))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: 0.10\nb: 2026-01-02\nc: yes\nd: ~\ne:\n", {"a": "0.10", "b": "2026-01-02", "c": "yes", "d": "~", "e": ""}),
        ("a: 1\na: 2\n", {"a": "2"}),
        ("- &x {k: [v]}\n- *x\n", [{"k": ["v"]}, {"k": ["v"]}]),
        ("a: &x s\nb: *x\n", {"a": "s", "b": "s"}),
        ("{*x : 1}", None),
        ("a: &x 1\nb: &x 2\nc: *x\n", {"a": "1", "b": "2", "c": "2"}),
        ("[[], {}, '']", [[], {}, ""]),
    ],
)
def test_a_document_is_texts_lists_and_mappings(text: str, value: object) -> None:
    if text == "{*x : 1}":
        with pytest.raises(Malformed, match="alias of something that is not there"):
            texts(text)
    else:
        assert texts(text) == value


def test_what_the_parser_missed_is_told_and_nothing_that_stands_there() -> None:
    with pytest.raises(Malformed, match=r"line 2, column 1 is not valid YAML: did not find expected ',' or '\]'$"):
        documents.load("a: [b\n", name="x")
    with pytest.raises(Malformed) as told:
        documents.load("a: *hunter2\n", name="x")
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("&a [*a]", "holds it"),
        ("&a {k: *a}", "holds it"),
        ("a: *b", "holds it|not valid YAML"),
        ("{[k]: v}", "a key that is no text"),
        ("? {a: b}\n: c\n", "a key that is no text"),
        ("a: [", "not valid YAML"),
        ("a: b: c", "not valid YAML"),
        ("--- a\n--- b\n", "more than 1 document"),
        ("[" * 40, "more than 32 levels deep"),
        ("[" * 50_000, "levels deep|larger"),
        ("- &x a\n" + "- *x\n" * 101, "more than 100 aliases"),
    ],
)
def test_what_is_none_is_told(text: str, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        texts(text)


def test_limits_are_the_callers() -> None:
    with pytest.raises(Malformed, match="more than 3 nodes"):
        texts("[a, b, c]", most_nodes=3)
    with pytest.raises(Malformed, match="larger than 5 bytes"):
        texts("a: bcd", most_bytes=5)


def test_aliases_of_aliases_are_not_expanded() -> None:
    """Ten to the ninth texts, of which ten lists are built."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    built = texts("\n".join(levels))
    assert isinstance(built, dict)
    assert len(built["a8"]) == 10
    assert built["a8"][0] is built["a8"][9]


LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
PLAIN = st.recursive(
    st.text(alphabet="ab: -\n#'\"", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(PLAIN)
def test_what_was_dumped_is_read_as_it_was(value: object) -> None:
    text = yaml.safe_dump(value)
    assert texts(text) == value == yaml.load(text, Loader=LOADER) or value == ""


@given(st.text(alphabet="ab:-[]{}&*!|>#'\", \n", max_size=30))
def test_whatever_it_is_it_is_read_as_the_loader_does_or_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert texts(text) == yaml.load(text, Loader=LOADER)
