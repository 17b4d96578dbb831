"""What pods and their containers ask for, in millicores and MiB, and what would fit."""

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct

from upkeep.judges.resources.quantiles import MIB, Used
from upkeep.limits import Limits
from upkeep.records.workload import Pod

# Steps of proposals: (up to this, in steps of that), in millicores and MiB. The smallest step is
# the least that is ever proposed.
CPU_STEPS = ((100.0, 10), (1000.0, 50), (math.inf, 100))
MEMORY_STEPS = ((256.0, 16), (1024.0, 64), (math.inf, 256))
WHOLE_POD = ""


class Asked(Struct, frozen=True):
    """A resource of a container, or of the pod (``container`` is empty), in millicores or MiB.

    :ivar request: in force; ``None`` where there is none. Without a request the API server makes
        the limit the request.
    :ivar limit: ``None`` where there is none.
    :ivar shared: the pod has a request of its own, so the container's is no reservation.
    """

    container: str
    what: str
    request: float | None
    limit: float | None
    shared: bool = False

    @property
    def name(self) -> str:
        return f"Container {self.container}" if self.container else "The pod as a whole"


class Share(Struct, frozen=True):
    """What is used of ``asked``: the interval of ``used``, against the ``request`` in force."""

    asked: Asked
    used: Used
    request: float

    @property
    def what(self) -> str:
        return self.asked.what

    @property
    def steps(self) -> Sequence[tuple[float, int]]:
        return steps_of(self.what)


def asked_by(pod: Pod) -> Iterator[Asked]:
    """Yield what the pod and each of its containers asks for, native sidecars included."""
    for resources in (*pod.resources, *([pod.whole] if pod.whole else [])):
        for what, request, limit, unit in (
            ("CPU", "cpu_request_nanocores", "cpu_limit_nanocores", 1e6),
            ("memory", "memory_request_bytes", "memory_limit_bytes", MIB),
        ):
            own, most = getattr(resources, request), getattr(resources, limit)
            whole = pod.whole
            shared = bool(whole and (getattr(whole, request) or getattr(whole, limit)))
            is_pod = resources is whole
            # The pod's own request is what the scheduler reserves; a container's limit holds.
            if (shared and not is_pod and not most) or (is_pod and not shared):
                continue
            asked = most if shared and not is_pod else own or most
            yield Asked(
                WHOLE_POD if is_pod else resources.name,
                what,
                asked / unit if asked else None,
                most / unit if most else None,
                shared and not is_pod,
            )


def proposed(amount: float, steps: Sequence[tuple[float, int]], *, limits: Limits) -> float:
    """Return a round request that puts the amount halfway between the two limits."""
    wanted = amount / ((limits["sizing_least"] + limits["sizing_most"]) / 2)
    step = next(size for most, size in steps if wanted <= most)
    return max(step, math.ceil(wanted / step - 1e-9) * step)


def steps_of(what: str) -> Sequence[tuple[float, int]]:
    return CPU_STEPS if what == "CPU" else MEMORY_STEPS


def amount_text(what: str, amount: float) -> str:
    """Return an amount as Kubernetes writes it: ``250m``, ``384Mi``, ``2Gi``."""
    if what == "memory":
        return f"{amount / 1024:g}Gi" if amount and amount % 1024 == 0 else f"{round(amount)}Mi"
    return f"{amount:.2g}m" if amount < 1 else f"{round(amount)}m"
