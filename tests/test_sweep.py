"""The digest of what was measured."""

from datetime import UTC, datetime

from upkeep.adapters.cluster import quotas
from upkeep.records.placement import Quota
from upkeep.sweep import digest


def test_a_number_of_more_than_64_bits_has_a_digest_of_its_own() -> None:
    """One that had none ended the whole run."""
    large = quotas.quota(
        {
            "metadata": {"name": "q"},
            "spec": {},
            "status": {"hard": {"requests.storage": "20Pi"}, "used": {}},
        }
    )
    assert large == Quota("q", {"requests.storage": 20 * 1024**5 * 1000}, {})
    digests = {
        digest((Quota("q", {"memory": number}, {}), datetime(2026, 1, 2, tzinfo=UTC)))
        for number in (1, 2**64, 2**64 + 1)
    }
    assert len(digests) == 3
    assert len(digest(large)) == 64


def test_equal_records_have_equal_digests_whatever_the_size_of_their_numbers() -> None:
    one, same = (
        {"a": Quota("q", {"x": 1, "y": 2**70}, {}), "b": ()},
        {"b": (), "a": Quota("q", {"y": 2**70, "x": 1}, {})},
    )
    assert digest(one) == digest(same)
