"""The templates of the pages. Imported late: it imports jinja2, which is needed at the end of a run only."""

import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket

FOLDER = Path(__file__).parent
_OPTIONS: dict[str, Any] = {
    "undefined": jinja2.StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
}


class _Bytecode(jinja2.FileSystemBytecodeCache):
    """The compiled templates, beside Python's own bytecode: compiling them takes a tenth of a daily run.

    Where nothing can be written, each run compiles them.
    """

    def __init__(self) -> None:
        super().__init__(str(FOLDER / "__pycache__"), f"%s.{sys.implementation.cache_tag}.jinja")

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        # jinja's own key knows neither the options nor its version.
        return super().get_cache_key(f"{name} {_OPTIONS} {version('jinja2')}", filename)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                super().dump_bytecode(bucket)


def environment() -> jinja2.Environment:
    """Return the environment of the templates, without filters of their own."""
    loader = jinja2.FileSystemLoader(FOLDER)
    return jinja2.Environment(
        loader=loader, bytecode_cache=_Bytecode(), autoescape=True, **_OPTIONS
    )
