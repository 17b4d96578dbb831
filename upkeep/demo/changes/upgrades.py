"""What stands in the way of an upgrade to the newest chart."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.state import CANARY, State

HIT = "upgrade-rehearsed"


@scenario("upgrade-immutable", "the newest chart selects the pods by another label, and a Deployment's selector cannot be changed", HIT)
def upgrade_immutable(state: State) -> None:
    key, value = next(iter(state.deployment["spec"]["selector"]["matchLabels"].items()))
    state.upgrade.append((f"    matchLabels:\n      {key}: {value}\n", f"    matchLabels:\n      {key}: {value}\n      part: collector\n"))


@scenario("upgrade-renames", "the newest chart names everything otherwise: what is there would go, and something else would come", HIT)
def upgrade_renames(state: State) -> None:
    state.upgrade.append((f"  name: {state.fullname}\n  namespace:", f"  name: {state.fullname}-main\n  namespace:"))


@scenario("upgrade-unrenderable", "a template of the newest chart refuses the live values, and quotes one of them", HIT)
def upgrade_unrenderable(state: State) -> None:
    state.helm_refusal = (
        "execution error at (cano-collector/templates/deployment.yaml:12:4): destinations.slack must be a map now, got "
        f"[map[api_key:xoxb-{CANARY}-oncall name:oncall]]"
    )


@scenario("upgrade-forbidden", "whoever upgrades may list neither Secrets nor ConfigMaps, where Helm keeps its releases", HIT)
def upgrade_forbidden(state: State) -> None:
    state.denied |= {("acting", "list secrets"), ("acting", "list configmaps")}


@scenario("no-helm", "there is no program helm on the machine that looks")
def no_helm(state: State) -> None:
    state.helm_refusal = None
