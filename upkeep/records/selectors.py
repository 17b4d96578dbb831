"""Which objects a selector of labels selects."""

from collections.abc import Mapping

from msgspec import Struct


class LabelSelector(Struct, frozen=True):
    """``expressions`` are (key, operator, values); empty, it selects everything."""

    labels: Mapping[str, str]
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
