"""disk-headroom."""

import pytest
from msgspec.structs import replace

from tests.judges.resources.test_headroom import those
from tests.judges.samples import install, workload
from upkeep.errors import Absent
from upkeep.judges.resources import filesystems
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.usage import Filesystem, Filesystems


def seen(**ratios: float) -> Filesystems:
    return Filesystems(
        "df in the container",
        tuple(Filesystem(f"cano-collector-{name}", "/", ratio) for name, ratio in ratios.items()),
    )


def disk(found: Filesystems, **limits: float) -> Judgement:
    return filesystems.disk_headroom(found, those(), limits=Limits(limits), install=install())


def test_the_fullest_filesystem_is_said_with_the_way():
    assert disk(seen(a=0.3, b=0.8)) == Judgement(
        (), "highest: 80 %, of 2 filesystems in 2 pods", 0.8, "ratio", "df in the container"
    )
    (finding,) = disk(seen(a=0.3, b=0.81)).findings
    assert (finding.object, finding.code, finding.observed) == (
        "Pod/cano-collector-b",
        "disk-nearly-full",
        0.81,
    )


def test_a_pod_that_was_not_looked_into_is_no_pass():
    with pytest.raises(Absent, match="No filesystem of pod cano-collector-b was measured"):
        disk(seen(a=0.3))
    with pytest.raises(Absent, match="No filesystem of a pod was measured"):
        filesystems.disk_headroom(
            seen(), replace(workload(), pods=()), limits=Limits(), install=install()
        )
    assert disk(seen(a=0.9)).findings
