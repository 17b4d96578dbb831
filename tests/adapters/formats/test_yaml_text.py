"""Documents as texts: what the loader would build, in one pass, and never more than the limits."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from upkeep.adapters.formats import yaml_text
from upkeep.adapters.wire.text import printable_tree
from upkeep.errors import Malformed


def texts(text: str, **limits: int) -> object:
    return yaml_text.texts(text, name="x", **({"most_bytes": 10_000} | limits))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        (
            "a: 0.10\nb: 2026-01-02\nc: yes\nd: ~\ne:\n",
            {"a": "0.10", "b": "2026-01-02", "c": "yes", "d": "~", "e": ""},
        ),
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
    with pytest.raises(
        Malformed, match=r"line 2, column 1 is not valid YAML: did not find expected ',' or '\]'$"
    ):
        yaml_text.load("a: [b\n", name="x")
    with pytest.raises(Malformed) as told:
        yaml_text.load("a: *hunter2\n", name="x")
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


def test_aliases_of_aliases_are_counted_as_what_they_stand_for() -> None:
    """Ten to the ninth texts: whoever walks the ten lists would never end."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(Malformed, match="more than 100000 nodes when its aliases are followed"):
        texts("\n".join(levels))


LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
PLAIN = st.recursive(
    st.text(alphabet="ab: -\n#'\"", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)


@given(PLAIN)
@example("")
def test_what_was_dumped_is_read_as_it_was(value: object) -> None:
    text = yaml.safe_dump(value)
    assert yaml.load(text, Loader=LOADER) == value
    assert texts(text) == printable_tree(value)


def outside(node: yaml.Node | None, above: tuple[yaml.Node, ...] = ()) -> bool:
    """What YAML has and ``texts`` refuses: a key that is no text, and what holds itself."""
    if node in above:
        return True
    within = (*above, node)
    if isinstance(node, yaml.MappingNode):
        return any(
            not isinstance(key, yaml.ScalarNode) or outside(value, within)
            for key, value in node.value
        )
    return isinstance(node, yaml.SequenceNode) and any(outside(one, within) for one in node.value)


@given(st.text(alphabet="ab:-[]{}&*!|>#'\", \n", max_size=30))
@example("{[a]: b}")
@example("&a [*a]")
@example("a: &b [x]\nc: *b")
@example("- &a b\n- *a")
@example("--- a\n--- b")
@example("a: b: c")
def test_whatever_it_is_it_is_read_as_the_loader_does_and_refused_where_that_refuses(
    text: str,
) -> None:
    """And nowhere else, but for what is left out of the language on purpose."""
    try:
        refused = outside(yaml.compose(text, Loader=LOADER))
    except yaml.YAMLError:
        refused = True
    if refused:
        with pytest.raises(Malformed):
            texts(text)
    else:
        assert texts(text) == yaml.load(text, Loader=LOADER)


# What JSON and YAML write alike: beside others, YAML wants control characters and surrogates escaped in a way of its own.
WRITTEN = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp"))
    | st.sampled_from("\n\t\"\\:#-'{}[]&*!|>%@`~"),
    max_size=8,
)
SCALARS = st.none() | st.booleans() | st.integers() | WRITTEN
READERS: dict[str, Callable[[str], Any]] = {
    "load": lambda text: yaml_text.load(text, name="x"),
    "as_go": lambda text: yaml_text.as_go(text, name="x", most_bytes=10_000),
    "texts": texts,
}


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WRITTEN, inner, max_size=4),
        max_leaves=20,
    )


@pytest.mark.parametrize("indent", [None, 1])
@given(nested(SCALARS))
def test_json_is_read_as_json(indent: int | None, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    assert READERS["load"](text) == READERS["as_go"](text) == json.loads(text)
    # 1 == True == 1.0, and a document that says one of them does not say another.
    assert repr(READERS["load"](text)) == repr(READERS["as_go"](text)) == repr(value)


@given(nested(SCALARS | st.floats(allow_nan=False, allow_infinity=False)))
@example([1e16, 5e-324, -0.0, 1.5e300])
def test_a_program_in_go_reads_every_number_of_json(value: object) -> None:
    assert repr(READERS["as_go"](json.dumps(value, ensure_ascii=False))) == repr(value)


@given(
    st.dictionaries(
        st.from_regex("[a-z]{1,5}", fullmatch=True), nested(SCALARS), min_size=1, max_size=6
    ),
    st.data(),
)
def test_a_key_that_stands_twice_is_refused_by_its_line_or_the_last_one_wins(
    value: Mapping[str, object], data: st.DataObject
) -> None:
    again = data.draw(st.sampled_from(sorted(value)))
    lines = [f'"{key}": {json.dumps(one, ensure_ascii=False)}' for key, one in value.items()] + [
        f'"{again}": last'
    ]
    text = "\n".join(lines)
    with pytest.raises(
        Malformed, match=rf"x, line {len(lines)}, column 1 is not valid YAML: a key stands twice"
    ):
        READERS["load"](text)
    assert READERS["as_go"](text)[again] == texts(text)[again] == "last"
    before = READERS["load"]("\n".join(lines[:-1]))
    assert printable_tree(READERS["as_go"](text)) == before | {again: "last"}


@pytest.mark.parametrize("reader", ["load", "as_go", "texts"])
@pytest.mark.parametrize(
    "bad",
    [
        "a: b: c",
        "]",
        "}",
        "@a: b",
        "`a: b",
        "a: %b",
        "*gone : b",
        "? [a]\n: b: c",
        "a: 'b'c",
        'a: "\\q"',
        "\ta: b",
    ],
)
@settings(max_examples=examples(15))
@given(
    before=st.integers(0, 5),
    after=st.integers(0, 5),
    secret=st.from_regex("[A-Za-z0-9]{20}", fullmatch=True),
)
def test_what_is_wrong_is_told_by_its_line_and_nothing_of_it_is_read(
    reader: str, bad: str, before: int, after: int, secret: str
) -> None:
    """However good what stands before and after it is; and no value that stands there is told."""
    lines = (
        [f"k{number}: {secret}" for number in range(before)]
        + [bad]
        + [f"l{number}: {secret}" for number in range(after)]
    )
    with pytest.raises(Malformed) as told:
        READERS[reader]("\n".join(lines))
    assert secret not in str(told.value)
    (line,) = re.findall(r"line (\d+)", str(told.value))
    assert before < int(line) <= before + 2
