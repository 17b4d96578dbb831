"""Settings as they are resolved from a folder, options and environment."""

from pathlib import Path
from typing import Any

import pytest

from upkeep.errors import BadInput
from upkeep.settings.run import RunSettings, resolve

SECRET = "canary-header-17"


def resolved(
    folder: Path, text: str = "", options: dict[str, Any] | None = None, **environ: str
) -> RunSettings:
    if text:
        (folder / "upkeep.toml").write_text(text)
    return resolve(options or {}, environ, cwd=folder)


def refusal(
    folder: Path, text: str = "", options: dict[str, Any] | None = None, **environ: str
) -> str:
    with pytest.raises(BadInput) as caught:
        resolved(folder, text, options, **environ)
    assert SECRET not in repr(caught.value)
    said = str(caught.value)
    assert said.endswith("."), "a message is a sentence"
    return said.removesuffix(".")


HEADED = '[prometheus]\nurl = "http://h"\nheaders = {{ {} }}'
