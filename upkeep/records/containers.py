"""Records of what a container declares: its probes and its security settings."""

from msgspec import Struct


class Probe(Struct, frozen=True):
    """An HTTP probe of a container.

    :ivar kind: startup, liveness or readiness.
    :ivar port: a number, or the name of a container port.
    """

    kind: str
    path: str
    port: int | str
    scheme: str = "HTTP"


class SecurityContext(Struct, frozen=True):
    """The security settings of a container; the container's own value overrides the pod's.

    :ivar run_as_non_root: ``None`` where neither the container nor the pod sets the field.
    :ivar added: capabilities beyond those that the runtime grants by default.
    """

    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    privileged: bool = False
    allow_privilege_escalation: bool | None = None
    added: tuple[str, ...] = ()
