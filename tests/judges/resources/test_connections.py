"""connections-headroom."""

import pytest

from tests.judges.resources.test_headroom import those
from tests.judges.samples import install
from upkeep.errors import Absent
from upkeep.judges.resources.connections import connections_headroom
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.usage import Connections


def held(**open_files: int) -> list[Connections]:
    return [
        Connections(f"cano-collector-{name}", "netstat in the container", number, 100)
        for name, number in open_files.items()
    ]


def connections(*found: Connections, **limits: float) -> Judgement:
    return connections_headroom(found, those(), limits=Limits(limits), install=install())


def test_connections_are_held_against_the_most_descriptors():
    assert connections(*held(a=12, b=80)).observed == "highest: 80 of 100, of 2 pods"
    (finding,) = connections(*held(a=12, b=81)).findings
    assert (
        finding.message
        == "Pod cano-collector-b has 81 of 100 descriptors open (netstat in the container): 81 % (limit 80 %)."
    )
    with pytest.raises(Absent, match="pod cano-collector-b"):
        connections(*held(a=12))
