"""A JSON API whose documents are canned, in the type that is asked for."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

from upkeep.adapters.wire.decoding import decode

T = TypeVar("T")


class CannedApi(ABC):
    """Gives what ``answer`` makes of a request as the bytes that a server would send, decoded."""

    def get(self, path: str, query: Mapping[str, str], type: type[T]) -> T:
        body = json.dumps(self.answer(path, query)).encode()
        return decode(body, type, what=f"The answer of {path}", source=path)

    @abstractmethod
    def answer(self, path: str, query: Mapping[str, str]) -> Any: ...
