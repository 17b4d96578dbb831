"""The manifest of a backup, as ``upkeep backup`` writes it beside the files (``upkeep/adapters/folders/backups/writer.py``)."""

from typing import Annotated

from msgspec import Meta

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import Text, Time


class SavedFile(Wire, frozen=True):
    """A file of the set."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$")]


class SetManifest(Wire, frozen=True):
    """The manifest of a set: when it was made, and its files by name."""

    schema: Text
    taken: Time
    files: dict[str, SavedFile]
