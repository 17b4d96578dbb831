"""Two names of a sign-off: one person, or two."""

import pytest

from upkeep.domain.decisions.persons import same


@pytest.mark.parametrize(
    "other",
    ["Ada", "ada", " Ada ", "A\u200bda", "\ufeffAda", "Ada\u2060", "\uff21\uff44\uff41", "Ad\u00ada",
     "A\u034fda", "Ada\u3164", "Ada\ufe0f", "A d a", "Ada\u202e", "Ada\u2800"],
)  # fmt: skip
def test_one_person_is_one_however_the_name_is_written(other: str) -> None:
    assert same("Ada", other)


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("José", "Jose\u0301"), ("ﬁona", "FIONA")]
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), [("Ada", "Grace"), ("Ada", "Adam"), ("李", "王")])
def test_two_persons_are_two(one: str, other: str) -> None:
    assert not same(one, other)


@pytest.mark.parametrize("nobody", ["", " ", "\u200b", "\u3164"])
def test_a_name_of_nothing_is_nobodys(nobody: str) -> None:
    assert same("Ada", nobody)
