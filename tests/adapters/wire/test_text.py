"""The gate for foreign text: every string of every declared type comes out printable, and passing twice changes nothing."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.adapters.wire import (
    access,
    content,
    discovery,
    meta,
    pods,
    prometheus,
    scheduling,
    serving,
    workloads,
)
from upkeep.adapters.wire.decoding import Wire, convert, decode
from upkeep.adapters.wire.text import printable, printable_json
from upkeep.errors import Malformed

MODULES = (access, content, discovery, meta, pods, prometheus, scheduling, serving, workloads)
TYPES = sorted(
    {
        one
        for module in MODULES
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Wire) and one not in (Wire, meta.List)
    },
    key=lambda one: one.__name__,
)
HOSTILE = "a\u2028b\u2029c\u0085d\u202ee\x1b]8;;http://x\x07f\x00g\U000e0041h\u200bi\ud800j\x7fk\u3164l\rm"
# A string where one fits, so that everything is filled in; times, kinds and words of an enumeration have their own.
TIME = "2026-01-01T00:00:00Z"


def is_shown(text: str) -> bool:
    """Whether a person sees every character of it; line feeds and tabulators are kept."""
    return printable(text) == text and all(
        character.isprintable() or character in "\n\t\u00a0\u3000" for character in text
    )


def filled(kind: Any, text: str) -> Any:
    """A document of a declared type with the text in every string, keys of maps included."""
    info = msgspec.inspect
    if isinstance(kind, info.StructType):
        return {field.encode_name: filled(field.type, text) for field in kind.fields}
    if isinstance(kind, info.UnionType):
        return filled(next(one for one in kind.types if not isinstance(one, info.NoneType)), text)
    if isinstance(kind, info.VarTupleType):
        return [filled(kind.item_type, text)]
    if isinstance(kind, info.TupleType):
        return [filled(one, text) for one in kind.item_types]
    if isinstance(kind, info.DictType):
        return {text: filled(kind.value_type, text)}
    if isinstance(kind, info.LiteralType):
        return next(one for one in kind.values if one)
    if isinstance(kind, info.StrType | info.AnyType):
        return text
    if isinstance(kind, info.RawType):
        return {}
    simple = {info.BoolType: True, info.IntType: 1, info.FloatType: 1.5, info.DateTimeType: TIME}
    return simple[type(kind)]


def strings(value: Any) -> list[str]:
    plain = msgspec.to_builtins(value, builtin_types=()) if isinstance(value, Wire) else value
    if isinstance(plain, str):
        return [plain]
    if isinstance(plain, dict):
        return [text for pair in plain.items() for one in pair for text in strings(one)]
    return [text for one in plain for text in strings(one)] if isinstance(plain, list) else []


@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.__name__)
def test_every_string_of_a_declared_type_comes_out_printable(type: Any) -> None:
    document = filled(msgspec.inspect.type_info(type), HOSTILE)
    body = json.dumps(document).encode()
    for read in (decode(body, type), convert(document, type)):
        found = strings(read)
        assert [text for text in found if not is_shown(text)] == []
        if HOSTILE in json.dumps(document, ensure_ascii=False):
            assert any("\\u202e" in text and "\\U000e0041" in text for text in found)


@given(st.text())
def test_what_passed_once_passes_again(text: str) -> None:
    once = printable(text)
    assert is_shown(once)
    assert printable(once) == once
    assert len(once.splitlines()) <= once.count("\n") + 1


@given(st.text(st.characters(codec=None)), st.booleans())
def test_json_is_as_printable_as_its_strings(text: str, escaped: bool) -> None:
    try:
        body = json.dumps([text], ensure_ascii=escaped).encode()
    except UnicodeEncodeError:
        return  # a lone surrogate that is not escaped is no UTF-8
    assert json.loads(printable_json(body)) == [printable(text)]


@pytest.mark.parametrize(
    "text", ["plain", "é 日本 ✓ ⚠\ufe0f", "a\n\tb", "a\u00a0b", "\\u202e in ASCII"]
)
def test_what_a_person_sees_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_a_name_that_does_not_fit_is_told_printable() -> None:
    with pytest.raises(Malformed, match=r"Pod/a\\u202eb is not as the API describes it"):
        decode(json.dumps({"metadata": {"name": "a\u202eb"}}).encode(), pods.Pod)
