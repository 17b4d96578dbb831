"""docs/checklist.md: every instruction, command, threshold and checklist item of the guide, with the control that verifies it.

The guide is docs/guide.rst, word for word. ``VERIFIED`` says of each of its instructions which controls verify it, and what the guide gets wrong
for what is installed; an instruction that is not there, a control that no instruction names, or a wrong name stops the generator and the tests.
Source: docs/guide.rst; collector.md, "Traps in the guide's other commands".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests import ROOT
from upkeep.commands import suite

GUIDE = ROOT / "docs" / "guide.rst"
CADENCES = ["daily", "weekly", "monthly", "quarterly", "emergency"]
# Controls that no instruction asks for: what the guide's own would not see.
BEYOND = {
    "alerts-not-dropped": "alerts that no team or destination takes are in no count of errors",
    "alerts-accounted-for": "a crash of the handler is in no count but the difference of two",
    "pods-stable": "a pod that restarts every hour is Running whenever somebody looks",
    "runs-hardened": "an image that changes under its tag, a hook that cannot run",
    "survives-node-loss": "one replica, or all of them on one node",
}
# Of controls.md, and not built yet. One that is built must be taken out here.
PENDING: frozenset[str] = frozenset()
LABELS = "the chart's pods have no label `app`, so the guide's selector finds none and says nothing is wrong"
SERVICE = (
    "the chart's Service has port 80, and `/health` is a 404 there: `/livez` and `/readyz` are"
)
WINDOW = "a counter says nothing of a day, and one pod behind the Service answers for all"
SINCE = "`--since=7d` is no duration of Go, and without `--tail` ten lines of each pod are shown"
LEVEL = "`grep -i error` finds info lines that mention errors, and each line has its own time, so that nothing adds up"
OBJECTS = "the chart keeps destinations and workflows in Secrets, and has no ConfigMap of this name"
SHELL = "the chart's image has no shell"
# instruction -> (controls, what the guide gets wrong for the install at hand)
VERIFIED: dict[str, tuple[tuple[str, ...], str]] = {
    "Check pod status": (("pods-ready", "pods-stable"), LABELS),
    "Check service endpoints": (
        ("endpoints-serving",),
        "Endpoints are deprecated since Kubernetes 1.33: EndpointSlices are read",
    ),
    "Verify health endpoint": (("health-ok",), SERVICE),
    "Check recent logs for errors": (("recent-logs-clean",), LEVEL),
    "Check alert processing rate": (
        ("alerts-flow", "metrics-scraped"),
        f"release 0.0.24 calls it `alertmanager_alerts_total`; {WINDOW}",
    ),
    "Check error rate": (("error-rate-low", "alerts-not-dropped", "alerts-accounted-for"), WINDOW),
    "Check destination success rates": (
        ("destinations-succeed",),
        "release 0.0.24 calls it `cano_destination_messages_sent_total`, which counts what succeeds alone; the errors are another",
    ),
    "Backup current configuration": (
        ("config-backed-up",),
        "`kubectl get -o yaml` keeps the server's fields: a restore over a changed object is refused",
    ),
    "Validate YAML syntax": (
        ("config-valid",),
        f"YAML that parses may be no configuration; {OBJECTS}",
    ),
    "Check for unused destinations": (
        ("destinations-used",),
        "the keys are the kinds of destinations, and say nothing of use",
    ),
    "Check for repeated errors": (("repeated-errors",), f"{SINCE}; {LEVEL}"),
    "Check for slow processing": (
        ("processing-fast",),
        f"the line is of level debug, and not written by default; {SINCE}",
    ),
    "Check for destination failures": (
        ("no-send-failures",),
        f"the messages are `Failed to send …`, `Failed to get destination`, `Failed to dispatch issues`: the guide's grep finds none; {SINCE}",
    ),
    "Check CPU and memory usage": (("cpu-memory-headroom",), LABELS),
    "Check disk usage": (("disk-headroom",), SHELL),
    "Check network connections": (("connections-headroom",), SHELL),
    "List all secrets": (
        ("secrets-complete", "secrets-guarded"),
        "secrets that users made have other names",
    ),
    "Check secret age": (
        ("secrets-rotated",),
        "a rotation does not change creationTimestamp, and `-o yaml` prints the secret",
    ),
    "Rotate webhook URLs and API tokens": (("secrets-rotatable", "secrets-rotated"), ""),
    "Update secrets with new values": (
        ("secrets-rotatable",),
        "what an operator writes is written back",
    ),
    "Export metrics for analysis": (("metrics-exported",), WINDOW),
    "Check processing latency trends": (("latency-stable",), ""),
    "Review Grafana dashboards for trends": (("latency-stable", "destinations-fast"), ""),
    "Analyze destination performance": (
        ("destinations-fast",),
        "release 0.0.24 calls it `cano_destination_send_duration_seconds`",
    ),
    "Test configuration restore": (
        ("backup-restores",),
        "`--dry-run=client` never asks the server: what it would refuse passes",
    ),
    "Verify backup completeness": (("backups-complete",), "`ls` shows that files exist"),
    "Test recovery procedure in staging environment": (("recovery-rehearsed",), ""),
    "Architecture Review": (("architecture-reviewed", "survives-node-loss", "runs-hardened"), ""),
    "Review current configuration": (("config-valid", "config-fresh"), ""),
    "Identify optimization opportunities": (("architecture-reviewed",), ""),
    "Plan for scaling needs": (("architecture-reviewed", "capacity-ahead"), ""),
    "Security Audit": (("security-audited",), ""),
    "Review RBAC permissions": (("rbac-least-privilege", "security-audited"), ""),
    "Check network policies": (("network-restricted",), ""),
    "Audit secret management": (("secrets-guarded", "security-audited"), ""),
    "Performance Optimization": (("scaling-sound",), ""),
    "Analyze resource usage patterns": (
        ("right-sized", "cpu-memory-headroom"),
        "what `kubectl top` shows is a moment, and no pattern",
    ),
    "Optimize resource limits": (("right-sized", "limits-set"), ""),
    "Review scaling policies": (("scaling-sound",), ""),
    "Documentation Update": (("documentation-current", "runbooks-updated"), ""),
    "Update runbooks": (("runbooks-updated",), ""),
    "Review procedures": (("emergency-procedures-reviewed",), ""),
    "Update configuration examples": (("documentation-current",), ""),
    "Check current version": (("version-known",), f"{SHELL}, and its program knows no `--version`"),
    "Check for new versions": (
        ("up-to-date",),
        "only the user knows the URL behind the alias `cano-collector/`",
    ),
    "Test upgrade in staging": (
        ("upgrade-rehearsed", "apis-served"),
        "`--dry-run` renders here and asks no server; the live values are left out",
    ),
    "Analyze alert volume trends": (
        ("capacity-ahead",),
        "a counter starts again with every pod, and Prometheus forgets after fifteen days by default: `--exports` keeps them",
    ),
    "Review processing capacity": (("capacity-ahead", "processing-fast"), ""),
    "Plan for growth": (("capacity-ahead", "scaling-sound"), ""),
    "Check current limits": (("limits-set",), ""),
    "Immediate Actions": (("triage-possible",), ""),
    "Check events": (
        ("warning-events", "triage-possible"),
        "events of events.k8s.io have no lastTimestamp: `kubectl events`",
    ),
    "Check logs": (("recent-logs-clean", "triage-possible"), LABELS),
    "Quick Recovery": (("restart-rehearsed",), ""),
    "Restart deployment": (
        ("restart-rehearsed",),
        "`kubectl rollout restart` has no dry run: the patch that it sends has",
    ),
    "Scale up if needed": (("scale-rehearsed",), ""),
    "Fallback Plan": (
        ("fallback-notification",),
        "the chart's Service has port 80, and a webhook to port 8080 of it gets nowhere",
    ),
    "Configure Alertmanager to send to backup notification system": (
        ("fallback-notification",),
        "",
    ),
    "Use direct webhook URLs as temporary solution": (("fallback-notification",), ""),
    "Restore from Backup": (("backup-restores", "restore-rehearsed"), ""),
    "Restore configuration": (
        ("backup-restores", "restore-rehearsed"),
        "the day of the emergency has no backup yet; its Secrets are in another file",
    ),
    "Restart to reload configuration": (("restart-rehearsed",), ""),
    "Emergency Configuration": (("restore-rehearsed", "config-valid"), ""),
    "Create minimal working configuration": (
        ("restore-rehearsed",),
        "`upkeep config check FILE` tells whether it is one",
    ),
    "Restore full configuration after service is stable": (("backup-restores",), ""),
    "Scale up": (("scale-rehearsed",), ""),
    "Increase resource limits": (
        ("limits-rehearsed",),
        "it raises nothing on the chart's defaults: memory is 1Gi already, and it adds a CPU limit where there was none",
    ),
    "Investigation": (("cpu-memory-headroom", "processing-fast", "destinations-fast"), ""),
    "Check for resource constraints": (("cpu-memory-headroom",), ""),
    "Analyze processing bottlenecks": (("processing-fast",), ""),
    "Review destination performance": (("destinations-fast",), ""),
    "cano-collector-backup": (
        ("backup-job-healthy",),
        "the printed CronJob mounts no volume: it succeeds every night and saves nothing",
    ),
    "CanoCollectorBackupFailed": (
        ("maintenance-alerts-loaded", "maintenance-alerts-quiet"),
        "its metric is exposed by nothing: it can never fire",
    ),
    "CanoCollectorConfigOld": (
        ("maintenance-alerts-loaded", "config-fresh"),
        "its metric is exposed by nothing: it can never fire",
    ),
    "Review error logs": (("recent-logs-clean",), ""),
    "Check metrics": (
        ("metrics-scraped", "error-rate-low", "alerts-flow", "destinations-succeed"),
        "",
    ),
    "Backup configuration": (("config-backed-up", "backup-job-healthy"), ""),
    "Analyze logs": (("repeated-errors", "no-send-failures", "processing-fast"), ""),
    "Review resource usage": (("cpu-memory-headroom", "disk-headroom", "connections-headroom"), ""),
    "Validate configuration": (("config-valid", "destinations-used"), ""),
    "Security review": (("secrets-complete", "secrets-rotated", "secrets-rotatable"), ""),
    "Performance analysis": (("latency-stable", "destinations-fast", "metrics-exported"), ""),
    "Backup verification": (("backups-complete", "backup-restores", "recovery-rehearsed"), ""),
    "Documentation update": (("documentation-current",), ""),
    "Comprehensive review": (("architecture-reviewed", "security-audited"), ""),
    "Upgrade planning": (("version-known", "up-to-date", "upgrade-rehearsed", "apis-served"), ""),
    "Capacity planning": (("capacity-ahead", "limits-set"), ""),
    "Emergency procedure review": (
        ("emergency-procedures-reviewed", "restart-rehearsed", "triage-possible"),
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of the guide: where it stands, what it says, and the commands, or the threshold, under it."""

    section: str
    line: int
    text: str
    commands: tuple[str, ...]


def instructions(text: str) -> Iterator[Instruction]:
    """Every comment of a shell block, bullet, numbered step, checklist item, CronJob and alert, in their order."""
    lines, section = text.splitlines(), ""
    found: list[tuple[str, int, str, list[str]]] = []
    for number, line in enumerate(lines, 1):
        following = lines[number] if number < len(lines) else ""
        if line and re.fullmatch(r"([=\-~])\1{3,}", following) and not line.startswith(" "):
            section = line
            continue
        said = (
            re.fullmatch(r"\s+# (.+)", line)
            or re.fullmatch(r"\s*- \[ \] (.+)", line)
            or re.fullmatch(r"\s*\d+\. \*\*(.+):\*\*", line)
            or re.fullmatch(r" {0,3}- ([A-Z].+)", line)
            or re.fullmatch(r"\s+- alert: (\w+)", line)
            or re.fullmatch(r"\s+name: (cano-collector-backup)", line)
        )
        if said:
            found.append((section, number, said[1].strip(), []))
        elif found and re.match(r"\s+(kubectl|curl|helm|ls|expr:|schedule:)", line):
            found[-1][3].append(line.strip().rstrip("\\").strip())
    for where, number, told, commands in found:
        yield Instruction(where, number, told, tuple(commands))


def document() -> str:
    """docs/checklist.md.

    :raises ValueError: an instruction that is not in ``VERIFIED``, or an entry there that is no instruction, or a control that is none.
    """
    told = list(instructions(GUIDE.read_text(encoding="utf-8")))
    declared = set(suite.declared(CADENCES))
    verifying = {control for controls, _ in VERIFIED.values() for control in controls}
    for what, wrong in (
        ("instructions without a control", {one.text for one in told} - VERIFIED.keys()),
        ("no instructions of the guide", VERIFIED.keys() - {one.text for one in told}),
        ("neither a control nor pending", (verifying | BEYOND.keys()) - declared - PENDING),
        ("controls that no instruction names", declared - verifying - BEYOND.keys()),
        ("pending, and built", PENDING & declared),
    ):
        if wrong:
            raise ValueError(f"{what}: {sorted(wrong)}")
    lines = [
        "# Checklist",
        "",
        "Every instruction of the [guide](guide.rst) with the controls that verify its intent, and what it gets wrong for what the chart installs. Generated.",
    ]
    section = ""
    for one in told:
        if one.section != section:
            section = one.section
            lines += [
                "",
                f"## {section}",
                "",
                "| line | the guide says | verified by | what it gets wrong here |",
                "| --- | --- | --- | --- |",
            ]
        controls, wrong_here = VERIFIED[one.text]
        commands = "".join(
            f"<br>`{command.replace('|', chr(92) + '|')}`" for command in one.commands
        )
        names = ", ".join(
            f"{control} (not built yet)"
            if control in PENDING
            else f"[{control}](runbook.md#{control})"
            for control in controls
        )
        lines.append(f"| {one.line} | {one.text}{commands} | {names} | {wrong_here} |")
    lines += [
        "",
        "## Beyond the guide",
        "",
        "| control | what the guide would not see |",
        "| --- | --- |",
    ]
    lines += [
        f"| [{control}](runbook.md#{control}) | {why} |" for control, why in sorted(BEYOND.items())
    ]
    return "\n".join(lines) + "\n"
