"""Options of a run of several targets: how is one written in the settings file?

An option names one cluster, so such a run refuses it: each target has it in its own table.
Source: ``named_targets`` of ``upkeep/settings/targets.py``.
"""

import json
import re
import shlex
from collections.abc import Container

from upkeep.settings.words import SCALARS

# Each with its key, where that is another word.
REFUSED = {name.replace("_", "-"): name for name in SCALARS} | {
    "absent": "absent",
    "secret-reader": "secret_readers",
}
# Those that findings name. What else is written so in one is quoted: a log line, an event.
OF_FINDINGS = frozenset({"absent", "secret-reader"})
_QUOTED = r"""'[^']*'(?:"'"'[^']*')*"""
# An option of a command is that command's own: the command ends with its line, its pipe or its sentence.
_COMMAND = (
    r"\b(?:kubectl|helm|upkeep|pytest|curl|mv|rm|ls)(?= [a-z'/-])"
    rf"(?:{_QUOTED}|(?!, or |\.\s+[A-Z])[^|;&\n])*"
)
_VALUE = rf"(?:{_QUOTED}|[^\s,;&)']*[^\s,;&)'.:?])+"
_OPTION = re.compile(
    rf"{_COMMAND}|(?<![A-Za-z=]){_QUOTED}|(?<![\w-])--({'|'.join(sorted(REFUSED, key=len, reverse=True))})(?![\w-])"
    rf"(?:=({_VALUE}))?"
)


def table_of(name: str, file: str) -> str:
    """Return the words for the place of a target's settings; without a name the file's top."""
    if not name:
        return f"at the top of {file}"
    return f"under [targets.{name if re.fullmatch('[A-Za-z0-9_-]+', name) else json.dumps(name)}] of {file}"


def entry(option: str, value: str | None, table: str) -> str:
    """Return an option as the words of the settings file: ``prometheus = "URL" under [targets.b]``.

    :param option: its name without dashes before it. :param value: ``None`` names the key alone.
    :param table: the place of the target's keys, as ``under [targets.b] of upkeep.toml``.
    """
    key = REFUSED[option]
    if value is None:
        return f"{key} {table}"
    if option == "absent":
        name, _, value = value.partition("=")
        key = f"{key}.{name}"
    text = json.dumps(value, ensure_ascii=False)
    if option == "secret-reader":  # a list; behind "secret…s =" masking would hide the value
        return f"{text} to {key} {table}"
    return f"{key} = {text} {table}"


def said(option: str, value: str | None, table: str) -> str:
    """Return how a user sets one value: the option, or without a command line its entry."""
    return entry(option, value, table) if table else f"--{option}={value}"


def in_tables(text: str, table: str, *, only: Container[str] = frozenset(REFUSED)) -> str:
    """Return a text whose options stand in the target's table; without a table it is unchanged.

    :param only: the options that the text names itself; others stay as they are.
    """
    if not table or "--" not in text:
        return text

    def written(found: re.Match[str]) -> str:
        if found[1] is None or found[1] not in only:
            return found[0]
        value = found[2]
        if value is not None and "'" in value:
            try:
                value = "".join(shlex.split(value))
            except ValueError:  # of a foreign text, and no option of ours
                return found[0]
        return entry(found[1], value, table)

    return _OPTION.sub(written, text)
