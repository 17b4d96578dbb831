"""Which targets are a worker's own."""

import pytest

from upkeep.errors import BadInput
from upkeep.settings.sharding import shard_of

NAMES = ["a", "b", "c", "d", "e"]


def own(given: str | None, *, shards: int | None = None, **environ: str) -> tuple[str, ...] | None:
    found = shard_of(given, shards=shards, environ=environ, targets=NAMES)
    return None if found is None else found.own


@pytest.mark.parametrize("count", range(1, 6))
def test_every_target_is_of_one_worker(count: int) -> None:
    parts = [own(f"{index}/{count}") for index in range(count)]
    assert sorted(name for part in parts if part for name in part) == NAMES


def test_an_indexed_job_counts_where_the_settings_say_of_how_many() -> None:
    assert own(None, shards=2, JOB_COMPLETION_INDEX="1") == ("b", "d")
    assert own("0/5", shards=2, JOB_COMPLETION_INDEX="1") == ("a",)
    assert own(None, JOB_COMPLETION_INDEX="1") is None
    assert own(None, shards=2) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("3", "--shard=3: expected INDEX/COUNT, such as 0/4"),
        ("1/", "expected INDEX/COUNT"),
        ("-1/4", "expected INDEX/COUNT"),
        ("4/4", "INDEX counts from 0 to COUNT - 1"),
        ("0/0", "INDEX counts from 0 to COUNT - 1"),
        ("0/99999", "COUNT is at most 10000"),
        ("5/8", "no target is left: there are 5. Lower COUNT"),
    ],
)
def test_what_is_no_part_is_refused(given: str, words: str) -> None:
    with pytest.raises(BadInput, match=words.replace("/", "/")):
        own(given)


def test_a_target_without_a_name_is_not_divided() -> None:
    with pytest.raises(BadInput, match=r"Add --target='\*'"):
        shard_of("0/2", shards=None, environ={}, targets=[""])
