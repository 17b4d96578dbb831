"""docs/checklist.md: every instruction of the guide, with the controls that verify it.

The guide is docs/guide.rst, word for word. Which control verifies an instruction comes from the
``guide=`` of its check. ``ALSO`` has what a check cannot say: that an instruction asks for more than
one control, or repeats another one. A gap on either side stops the generator and the tests.
"""

from collections.abc import Iterable, Iterator, Mapping

from reports.compliance.guide import GUIDE, Instruction, instructions
from tests.checks.witness import declared

# Controls that no instruction asks for: what the guide's own would not see.
BEYOND = {
    "alerts-not-dropped": "alerts that no team or destination takes are in no count of errors",
    "alerts-accounted-for": "a crash of the handler is in no count but the difference of two",
    "pods-stable": "a pod that restarts every hour is Running whenever somebody looks",
    "runs-hardened": "an image that changes under its tag, a hook that cannot run",
    "survives-node-loss": "one replica, or all of them on one node",
}
BEYOND_GUIDE = "(beyond)"
LABELS = "the chart's pods have no label `app`, so the guide's selector finds none and says nothing is wrong"
SERVICE = (
    "the chart's Service has port 80, and `/health` is a 404 there: `/livez` and `/readyz` are"
)
WINDOW = "a counter says nothing of a day, and one pod behind the Service answers for all"
SINCE = "`--since=7d` is no duration of Go, and without `--tail` ten lines of each pod are shown"
LEVEL = "`grep -i error` finds info lines that mention errors, and each line has its own time, so that nothing adds up"
OBJECTS = "the chart keeps destinations and workflows in Secrets, and has no ConfigMap of this name"
SHELL = "the chart's image has no shell"
# Instructions that more controls verify than those whose ``guide=`` names them.
ALSO: dict[str, tuple[str, ...]] = {
    "Check alert processing rate": ("metrics-scraped",),
    "Check error rate": ("alerts-not-dropped", "alerts-accounted-for"),
    "List all secrets": ("secrets-guarded",),
    "Rotate webhook URLs and API tokens": ("secrets-rotated",),
    "Update secrets with new values": ("secrets-rotatable",),
    "Review Grafana dashboards for trends": ("latency-stable", "destinations-fast"),
    "Review current configuration": ("config-valid", "config-fresh"),
    "Identify optimization opportunities": ("architecture-reviewed",),
    "Plan for scaling needs": ("architecture-reviewed", "capacity-ahead"),
    "Review RBAC permissions": ("security-audited",),
    "Audit secret management": ("security-audited",),
    "Performance Optimization": ("scaling-sound",),
    "Analyze resource usage patterns": ("cpu-memory-headroom",),
    "Optimize resource limits": ("right-sized", "limits-set"),
    "Documentation Update": ("runbooks-updated",),
    "Review procedures": ("emergency-procedures-reviewed",),
    "Update configuration examples": ("documentation-current",),
    "Test upgrade in staging": ("apis-served",),
    "Analyze alert volume trends": ("capacity-ahead",),
    "Review processing capacity": ("capacity-ahead", "processing-fast"),
    "Plan for growth": ("capacity-ahead", "scaling-sound"),
    "Immediate Actions": ("triage-possible",),
    "Check events": ("triage-possible",),
    "Check logs": ("recent-logs-clean", "triage-possible"),
    "Restart deployment": ("restart-rehearsed",),
    "Scale up if needed": ("scale-rehearsed",),
    "Configure Alertmanager to send to backup notification system": ("fallback-notification",),
    "Use direct webhook URLs as temporary solution": ("fallback-notification",),
    "Restore from Backup": ("backup-restores",),
    "Restore configuration": ("backup-restores", "restore-rehearsed"),
    "Restart to reload configuration": ("restart-rehearsed",),
    "Emergency Configuration": ("restore-rehearsed", "config-valid"),
    "Create minimal working configuration": ("restore-rehearsed",),
    "Restore full configuration after service is stable": ("backup-restores",),
    "Investigation": ("cpu-memory-headroom", "processing-fast", "destinations-fast"),
    "Check for resource constraints": ("cpu-memory-headroom",),
    "Analyze processing bottlenecks": ("processing-fast",),
    "Review destination performance": ("destinations-fast",),
    "cano-collector-backup": ("backup-job-healthy",),
    "CanoCollectorBackupFailed": ("maintenance-alerts-loaded", "maintenance-alerts-quiet"),
    "CanoCollectorConfigOld": ("maintenance-alerts-loaded",),
    "Review error logs": ("recent-logs-clean",),
    "Check metrics": ("metrics-scraped", "error-rate-low", "alerts-flow", "destinations-succeed"),
    "Backup configuration": ("config-backed-up", "backup-job-healthy"),
    "Analyze logs": ("repeated-errors", "no-send-failures", "processing-fast"),
    "Review resource usage": ("cpu-memory-headroom", "disk-headroom", "connections-headroom"),
    "Validate configuration": ("config-valid", "destinations-used"),
    "Security review": ("secrets-complete", "secrets-rotated", "secrets-rotatable"),
    "Performance analysis": ("latency-stable", "destinations-fast", "metrics-exported"),
    "Backup verification": ("backups-complete", "backup-restores", "recovery-rehearsed"),
    "Comprehensive review": ("architecture-reviewed", "security-audited"),
    "Upgrade planning": ("version-known", "up-to-date", "upgrade-rehearsed"),
    "Capacity planning": ("limits-set",),
    "Emergency procedure review": ("restart-rehearsed", "triage-possible"),
}
# What the guide gets wrong for the install at hand.
WRONG_HERE: dict[str, str] = {
    "Check pod status": LABELS,
    "Check service endpoints": "Endpoints are deprecated since Kubernetes 1.33: EndpointSlices are read",
    "Verify health endpoint": SERVICE,
    "Check recent logs for errors": LEVEL,
    "Check alert processing rate": f"release 0.0.24 calls it `alertmanager_alerts_total`; {WINDOW}",
    "Check error rate": WINDOW,
    "Check destination success rates": "release 0.0.24 calls it `cano_destination_messages_sent_total`, which counts what succeeds alone; the errors are another",
    "Backup current configuration": "`kubectl get -o yaml` keeps the server's fields: a restore over a changed object is refused",
    "Validate YAML syntax": f"YAML that parses may be no configuration; {OBJECTS}",
    "Check for unused destinations": "the keys are the kinds of destinations, and say nothing of use",
    "Check for repeated errors": f"{SINCE}; {LEVEL}",
    "Check for slow processing": f"the line is of level debug, and not written by default; {SINCE}",
    "Check for destination failures": f"the messages are `Failed to send …`, `Failed to get destination`, `Failed to dispatch issues`: the guide's grep finds none; {SINCE}",
    "Check CPU and memory usage": LABELS,
    "Check disk usage": SHELL,
    "Check network connections": SHELL,
    "List all secrets": "secrets that users made have other names",
    "Check secret age": "a rotation does not change creationTimestamp, and `-o yaml` prints the secret",
    "Update secrets with new values": "what an operator writes is written back",
    "Export metrics for analysis": WINDOW,
    "Analyze destination performance": "release 0.0.24 calls it `cano_destination_send_duration_seconds`",
    "Test configuration restore": "`--dry-run=client` never asks the server: what it would refuse passes",
    "Verify backup completeness": "`ls` shows that files exist",
    "Analyze resource usage patterns": "what `kubectl top` shows is a moment, and no pattern",
    "Check current version": f"{SHELL}, and its program knows no `--version`",
    "Check for new versions": "only the user knows the URL behind the alias `cano-collector/`",
    "Test upgrade in staging": "`--dry-run` renders here and asks no server; the live values are left out",
    "Analyze alert volume trends": "a counter starts again with every pod, and Prometheus forgets after fifteen days by default: `--exports` keeps them",
    "Check events": "events of events.k8s.io have no lastTimestamp: `kubectl events`",
    "Check logs": LABELS,
    "Restart deployment": "`kubectl rollout restart` has no dry run: the patch that it sends has",
    "Fallback Plan": "the chart's Service has port 80, and a webhook to port 8080 of it gets nowhere",
    "Restore configuration": "the day of the emergency has no backup yet; its Secrets are in another file",
    "Create minimal working configuration": "`upkeep config check FILE` tells whether it is one",
    "Increase resource limits": "it raises nothing on the chart's defaults: memory is 1Gi already, and it adds a CPU limit where there was none",
    "cano-collector-backup": "the printed CronJob mounts no volume: it succeeds every night and saves nothing",
    "CanoCollectorBackupFailed": "its metric is exposed by nothing: it can never fire",
    "CanoCollectorConfigOld": "its metric is exposed by nothing: it can never fire",
}


def guides() -> dict[str, str]:
    """Return the ``guide=`` of every control: an instruction, a heading, or ``(beyond)``."""
    return dict(declared().guides)


def verifying(instruction: str, told: Mapping[str, str]) -> tuple[str, ...]:
    """Return the controls that verify an instruction: by their ``guide=``, then by ``ALSO``."""
    own = [one for one, guide in told.items() if guide.casefold() == instruction.casefold()]
    return tuple(dict.fromkeys([*own, *ALSO.get(instruction, ())]))


def gaps(parts: Iterable[Instruction], told: Mapping[str, str]) -> Iterator[str]:
    """Yield what has no counterpart, on either side."""
    texts = {one.text for one in parts}
    places = {word.casefold() for one in parts for word in (one.text, one.section)}
    verified = {control for text in texts for control in verifying(text, told)}
    lost = {one for one, guide in told.items() if guide.casefold() not in {*places, BEYOND_GUIDE}}
    for what, wrong in (
        ("instructions without a control", {one for one in texts if not verifying(one, told)}),
        ("no instructions of the guide", (ALSO.keys() | WRONG_HERE.keys()) - texts),
        ("no controls", (verified | BEYOND.keys()) - told.keys()),
        ("controls whose guide= is neither an instruction nor a heading", lost),
    ):
        if wrong:
            yield f"{what}: {sorted(wrong)}"


def document() -> str:
    """Return docs/checklist.md.

    :raises ValueError: an instruction without a control, or a control without an instruction.
    """
    parts, told = list(instructions(GUIDE.read_text(encoding="utf-8"))), guides()
    if wrong := list(gaps(parts, told)):
        raise ValueError("; ".join(wrong))
    lines = [
        "# Checklist",
        "",
        "Every instruction of the [guide](guide.rst) with the controls that verify its intent, and what it gets wrong for what the chart installs. Generated.",
    ]
    section = ""
    for one in parts:
        if one.section != section:
            section = one.section
            lines += [
                "",
                f"## {section}",
                "",
                "| line | the guide says | verified by | what it gets wrong here |",
                "| --- | --- | --- | --- |",
            ]
        commands = "".join(
            f"<br>`{command.replace('|', chr(92) + '|')}`" for command in one.commands
        )
        links = ", ".join(f"[{name}](runbook.md#{name})" for name in verifying(one.text, told))
        wrong_here = WRONG_HERE.get(one.text, "")
        lines.append(f"| {one.line} | {one.text}{commands} | {links} | {wrong_here} |")
    lines += [
        "",
        "## Beyond the guide",
        "",
        "| control | what the guide would not see |",
        "| --- | --- |",
    ]
    beyond = {one for one, guide in told.items() if guide == BEYOND_GUIDE} | BEYOND.keys()
    lines += [f"| [{one}](runbook.md#{one}) | {BEYOND.get(one, '')} |" for one in sorted(beyond)]
    return "\n".join(lines) + "\n"
