"""The words of a run: what was given on the command line and in the environment?"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from upkeep.errors import BadInput
from upkeep.limits import nearest

SCALARS = (
    *(
        "kubeconfig",
        "context",
        "namespace",
        "deployment",
        "collector",
        "prometheus",
        "alertmanager",
        "alertmanager_config",
        "chart_repository",
        "acting_context",
    ),
    "demo",
)
FLAGS = ("due", "exit_zero", "gate", "gate_strict")
VARIABLES = (
    *SCALARS,
    "absent",
    "attestations",
    "backup_identity",
    "baseline",
    "backups",
    "bundle",
    "emergency_config",
    "exports",
    "ledger",
    "limit",
    "out",
    "override",
    "pushgateway",
    "save_bundle",
    "secret_reader",
    "settings",
    "shard",
    "target",
    "textfile",
    "waivers",
    *FLAGS,
)
# The value of --demo may be left out.
VALUED = tuple(name for name in VARIABLES if name not in (*FLAGS, "demo"))
OFF = ("", "0", "false", "no")
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_OF_A_SERVICE = re.compile(
    r"UPKEEP(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)


def require_printable(given: object, where: str) -> None:
    """Require values that a person sees as they are: every report and the terminal repeat them.

    :param where: what to say before the key of the first fault: the path of the settings file.
    :raises BadInput: a value or a key holds a control character, a direction mark or a lone surrogate.
    """
    if isinstance(given, Mapping):
        for key, value in given.items():
            require_printable(key, f"{where}{key!a}")
            require_printable(value, f"{where}{key} ")
    elif isinstance(given, str) and not given.replace("\n", "").isprintable():
        hidden = next(one for one in given if not one.isprintable() and one != "\n")
        raise BadInput(
            f"{where.strip()}: the character U+{ord(hidden):04X} does not print. Remove it."
        )
    elif isinstance(given, Sequence) and not isinstance(given, str):
        for value in given:
            require_printable(value, where)


def path_of(base: Path, text: str, where: str) -> Path:
    if "\0" in text:
        raise BadInput(f"{where}: a path cannot hold the character NUL. Write another path.")
    try:
        return base / Path(text).expanduser()
    except RuntimeError:
        raise BadInput(
            f"{where}: the home directory of {text} is unknown. Write the absolute path."
        ) from None


def plain(value: str | float) -> str:
    """Return a number without exponent: 0.00001, not 1e-05."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def of_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in environ.items():
        # Kubernetes makes variables for a Service whose name begins with upkeep.
        if _OF_A_SERVICE.fullmatch(name):
            continue
        if name.startswith("UPKEEP_") and not name.startswith("UPKEEP_TEST_"):
            word = name.removeprefix("UPKEEP_").lower()
            if word not in VARIABLES:
                raise BadInput(
                    f"environment variable {name} is not a setting"
                    f"{nearest(name, [f'UPKEEP_{v.upper()}' for v in VARIABLES])}."
                )
            found[word] = value
    return found


def given_word(
    name: str, options: Mapping[str, object], variables: Mapping[str, str]
) -> str | None:
    """Return one value. Empty counts as not given: a pipeline passes an unset variable that way."""
    value = options.get(name)
    return str(value) if value not in (None, "") else variables.get(name) or None


def as_list(value: object) -> list[str]:
    return (
        [str(entry) for entry in value]
        if isinstance(value, Sequence) and not isinstance(value, str)
        else []
    )


def given_list(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> list[str]:
    return as_list(options.get(name)) or [
        entry.strip() for entry in variables.get(name, "").split(",") if entry.strip()
    ]


def given_flag(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> bool:
    if options.get(name):
        return True
    text = variables.get(name, "").lower()
    if text not in (*OFF, "1", "true", "yes"):
        raise BadInput(f"UPKEEP_{name.upper()} takes 1 or 0, not {text!r}.")
    return text in ("1", "true", "yes")


def pairs(entries: Sequence[str], where: str, form: str = "NAME=VALUE") -> dict[str, str]:
    found = {}
    for entry in entries:
        if not entry.strip():
            continue
        key, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not key or not value:
            raise BadInput(f"{where}: expected {form}, not {entry.strip()!r}.")
        found[key] = value
    return found
