"""Record why a part of a measurement could not be taken, beside the parts that could."""

from collections.abc import Iterator

from msgspec import Struct

from upkeep.errors import Unmeasured


class Stopped(Struct, frozen=True):
    """An ``Unmeasured`` as plain data, which evidence can hold."""

    reason: str
    message: str
    source: str = ""
    next_step: str = ""

    @staticmethod
    def by(error: Unmeasured) -> "Stopped":
        """Return the record of an error."""
        return Stopped(error.reason, error.message, error.source, error.next_step)

    def error(self, message: str = "") -> Unmeasured:
        """Return the error, with another message where one is given."""
        kind = next(one for one in _kinds(Unmeasured) if one.reason == self.reason)
        return kind(message or self.message, source=self.source, next_step=self.next_step)


def _kinds(kind: type[Unmeasured]) -> Iterator[type[Unmeasured]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds(one)
