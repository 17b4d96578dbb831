"""Which key of an object does the container see as which file?"""

import pytest
from msgspec.structs import replace

from tests.judges.samples import install, template
from upkeep.domain.mounted_configuration import key_of, mounted_files
from upkeep.records.workload import Volume

FILE = "destinations.yaml"
ITEMS = (("prod.yaml", FILE),)


def key(volume: Volume, *mounts: tuple[str, str, str]) -> str:
    """Return the key that is destinations.yaml for a container with these mounts."""
    (container,) = template().containers
    container = replace(container, mounts=mounts)
    found = tuple(mounted_files(template(volumes=(volume,)), container))
    return key_of(install(files=found), volume.kind, volume.object, FILE)


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
@pytest.mark.parametrize(
    ("items", "path", "part", "expected"),
    [
        ((), "/etc/cano", "", FILE),
        (ITEMS, "/etc/cano", "", "prod.yaml"),
        ((("prod.yaml", f"a/{FILE}"),), "/etc/cano", "", "prod.yaml"),
        ((("prod.yaml", "other.yaml"),), "/etc/cano", "", ""),
        ((), f"/etc/cano/{FILE}", "prod.yaml", "prod.yaml"),
        ((), "/etc/cano/other.yaml", FILE, ""),
        (ITEMS, f"/etc/cano/{FILE}", FILE, "prod.yaml"),
    ],
)
def test_the_mount_decides_which_key_is_the_document(kind, items, path, part, expected):
    volume = Volume("v", kind, "x", items=items)
    assert key(volume, ("v", path, part)) == expected


def test_an_object_that_is_mounted_whole_and_in_part_shows_both():
    volume = Volume("v", "ConfigMap", "x")
    both = (("v", "/etc/cano", ""), ("v", "/etc/more/teams.yaml", "prod.yaml"))
    assert key(volume, *both) == FILE


def test_without_mounts_a_key_is_its_own_file():
    assert key_of(install(), "ConfigMap", "x", FILE) == FILE
