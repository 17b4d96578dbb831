"""Generate Alertmanager configurations, each route with a receiver of its own, and ask amtool where an alert goes."""

import json
import random
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from upkeep.adapters.http.alertmanager_configuration import parse
from upkeep.domain.alertmanager.routing import deliveries
from upkeep.records.monitoring import AlertmanagerConfiguration

LABELS = {
    "alertname": ["Watchdog", "KubePodCrashLooping", "KubeJobFailed", "TargetDown"],
    "severity": ["critical", "warning", "info", "none", ""],
    "team": ["sre", "platform", "a|b", "ünder", ""],
    "cluster.name": ["prod-1", "prod-22", "stage", ""],
}
EXPRESSIONS = [
    ".*", ".+", "(.*)", "^.*$", "^(?:.+)$", "", "^$", "critical|warning", "critical|warning|info|none|.*",
    "Kube.*", ".*Down", "[A-Z].+", "[^K].*", "(?i)KUBE.*", "prod-[0-9]+", r"prod-\d{1,2}", "prod-(1|22)", r"a\|b", "a|b",
    "(critical|)", "c.*l|w?arning", "Kube(Pod|Job).*", "^Watchdog", "info$", "([a-z]+-)?[0-9]*", "[[:alpha:]]*", "x{0}", "(?s).*",
    r"\Qa|b\E", "[ünder]+", "(?:sre|platform){1}", r"\w+", r"\W*", r"[^\w]*", "()", "|", "a||b", "[a-]+", "[]a]+", "K+u*b?e{1,}.*",
]  # fmt: skip
# Texts of matchers that the two syntaxes read differently, or that only one of them takes.
SPELLINGS = [
    'alertname=~".+"', "alertname=~.+", 'alertname!=""', "alertname!=", '{alertname=~".*", severity=~".*"}', 'severity=~".*", team=~".*"',
    'alertname =~ "(.*)"', "alertname=~`.*`", '"cluster.name"=~".*"', "cluster.name=prod-1", '"alertname"="Watchdog"', "alertname=Watchdog,",
    "{alertname=Watchdog}", "alertname='Watchdog'", 'team="a|b"', "team=a|b", "team=~a|b", 'team=~"a\\\\|b"', 'team="\\u00fcnder"',
    'team=ünder', 'notexist=""', "severity=critical , team=sre", 'severity="critical",team!~"sre|platform"', 'team="say \\"hi, you\\""',
    "{}", "alertname=~[A-Z].+", 'severity!~"^$|.+"', "team=a b", "team=\\x", 'team="\\x41"', '"alertname"=~Kube.*', "severity=~(critical|)",
]  # fmt: skip


@dataclass(slots=True)
class Generated:
    """One configuration, as text and as read."""

    text: str
    read: AlertmanagerConfiguration
    reached: dict[str, Mapping[str, str]] = field(default_factory=dict)


def configuration(text: str) -> Generated:
    """Read a configuration, and decide where alerts end."""
    read = parse(text, where="generated", services=(), collector="none", namespace="")
    reached = {one.route.receiver: one.example for one in deliveries(read.route)}
    return Generated(text, read, reached)


def generated(seed: int) -> Generated:
    """Return a tree of up to a dozen routes, the same for the same seed."""
    chance = random.Random(seed)
    names: list[str] = []

    def route(depth: int) -> dict[str, object]:
        names.append(f"tree{seed}-{len(names)}")
        one: dict[str, object] = {"receiver": names[-1]}
        if depth:
            _match(one, chance)
            one["continue"] = chance.random() < 0.35
        if depth < 3 and len(names) < 12:
            below = [
                route(depth + 1) for _ in range(chance.choice((0, 1, 2, 4) if depth else (3, 5)))
            ]
            if below:
                one["routes"] = below
        return one

    tree = route(0)
    document = {"route": tree, "receivers": [{"name": name} for name in names]}
    return configuration(yaml.safe_dump(document, allow_unicode=True))


def spelled(matchers: str) -> Generated:
    """Return a configuration with one route of these matchers."""
    taken, rest = f"taken by {matchers}", f"left by {matchers}"
    taken, rest = (name.replace(",", "‚") for name in (taken, rest))  # amtool's separator
    routes = [{"receiver": taken, "matchers": [matchers]}]
    document = {
        "route": {"receiver": rest, "routes": routes},
        "receivers": [{"name": taken}, {"name": rest}],
    }
    return configuration(yaml.safe_dump(document, allow_unicode=True))


def _match(one: dict[str, object], chance: random.Random) -> None:
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        label = chance.choice(list(LABELS))
        operator = chance.choice(("=", "!=", "=~", "=~", "=~", "!~"))
        value = chance.choice(EXPRESSIONS if "~" in operator else LABELS[label])
        form = chance.random()
        name = json.dumps(label) if "." in label else label
        if form < 0.2 and operator == "=" and "." not in label:
            one.setdefault("match", {})[label] = value
        elif form < 0.2 and operator == "=~" and "." not in label:
            one.setdefault("match_re", {})[label] = value
        else:
            text = f"{name}{operator}{_quoted(value)}"
            text = f"{{{text}}}" if chance.random() < 0.1 else text
            one.setdefault("matchers", []).append(text)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def some_alerts(seed: int, count: int) -> list[dict[str, str]]:
    """Return alerts with random labels."""
    chance = random.Random(seed)
    return [
        {label: chance.choice(values) for label, values in LABELS.items()} for _ in range(count)
    ]


def receivers(amtool: Path, file: Path, labels: Mapping[str, str]) -> set[str]:
    """Return the receivers to which amtool sends an alert.

    :raises subprocess.CalledProcessError: amtool refuses the configuration or the labels.
    """
    pairs: Iterable[str] = (
        f"{_quoted(name) if '.' in name else name}={_quoted(value)}"
        for name, value in labels.items()
        if value
    )
    ran = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={file}", *pairs],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(ran.stdout.strip().splitlines()[-1].split(","))  # warnings of its parser come before


def disagreements(
    amtool: Path, folder: Path, trees: Sequence[Generated], alerts: Sequence[Mapping[str, str]]
) -> list[str]:
    """Return where amtool and the decisions differ: an alert that ends where none may, an example that does not arrive.

    All trees stand in one configuration, each without matchers and with ``continue``: one run of amtool asks them all.
    """
    file, documents = folder / "alertmanager.yml", [yaml.safe_load(one.text) for one in trees]
    branches = [one["route"] | {"continue": True} for one in documents]
    everyone = [{"name": "root"}, *(name for one in documents for name in one["receivers"])]
    document = {"route": {"receiver": "root", "routes": branches}, "receivers": everyone}
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    reached = {name: example for one in trees for name, example in one.reached.items()}
    found, seen = list[str](), set[str]()
    for alert in alerts:
        got = receivers(amtool, file, alert)
        seen |= got
        found += [f"{alert} ends in {name}, where none should" for name in got - reached.keys()]
    for name, example in reached.items():
        if name not in seen:
            got = receivers(amtool, file, example)
            seen |= got
            if name not in got:
                found.append(f"{example} does not end in {name}")
            found += [
                f"{example} ends in {name}, where none should" for name in got - reached.keys()
            ]
    return found
