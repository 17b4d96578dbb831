"""What the pod template names, whichever of its containers needs it."""

from tests.judges.samples import deployment, template
from upkeep import discovery
from upkeep.records import ContainerSpec, Volume

SIDECAR = ContainerSpec(
    "sidecar",
    "x",
    env_from=(("ConfigMap", "of-sidecar", True), ("Secret", "s-of-sidecar", False)),
    env_keys=(("A", "ConfigMap", "of-key", "k", False),),
)
FIRST = ContainerSpec("first", "x", env_keys=(("B", "ConfigMap", "of-first", "k", False), ("C", "Secret", "s-of-first", "k", False)))


def test_the_objects_of_sidecars_and_init_containers_count() -> None:
    own = template()
    volumes = (Volume("v", "ConfigMap", "of-volume"), Volume("w", "Secret", "s-of-volume"), Volume("x", "emptyDir", ""))
    found = deployment(template=template(containers=(*own.containers, SIDECAR), init_containers=(FIRST,), volumes=volumes))
    assert discovery.config_map_references(found) == ("of-first", "of-key", "of-sidecar", "of-volume")
    assert {one.name for one in discovery.secret_references(found)} == {"s-of-first", "s-of-sidecar", "s-of-volume"}
    assert discovery.config_map_references(deployment()) == ()
