"""Decide which alerts a tree of routes sends where: every alert, some, or none.

For each label the values are sorted by which matchers they satisfy (``languages``). A search through these few
kinds of values finds an alert that reaches a route. An alert has a name:
its label ``alertname`` is not empty. Every other label may be missing.

Source: Alertmanager's ``dispatch.Route.Match`` and ``inhibit.Inhibitor.Mutes``;
https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from upkeep.domain.alertmanager.automata import Unreadable, literal
from upkeep.domain.alertmanager.languages import memberships
from upkeep.domain.alertmanager.matchers import Matcher, parse
from upkeep.domain.alertmanager.re2 import anchored
from upkeep.records.monitoring import InhibitRule, NotificationRoute

MOST_STEPS = 50_000
ALERTNAME = "alertname"

Conditions = tuple[Matcher, ...]  # all of them must hold
Kinds = Mapping[str, tuple[tuple[frozenset[Matcher], str], ...]]


class Delivery(Struct, frozen=True):
    """A route at which some alerts end.

    :ivar conditions: the matchers on the way there.
    :ivar leftover: the alerts that none of its own routes takes.
    :ivar example: the labels of such an alert.
    """

    route: NotificationRoute
    conditions: Conditions
    leftover: bool
    example: Mapping[str, str]


class Alerts:
    """The alerts there can be, as far as the matchers of one configuration tell them apart.

    :raises Unreadable: an expression is not read here, or there are too many kinds of alerts.
    """

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        by_label: dict[str, list[Matcher]] = {ALERTNAME: []}
        for matcher in dict.fromkeys(matchers):
            by_label.setdefault(matcher.label, []).append(matcher)
        self._kinds: Kinds = {label: _kinds(label, those) for label, those in by_label.items()}
        self._steps = 0

    def example(
        self, required: Conditions, excluded: Sequence[Conditions] = ()
    ) -> dict[str, str] | None:
        """Return the labels of an alert of which all required matchers hold, and of each excluded group not all; or ``None``."""
        kinds = {
            label: [kind for kind in those if _holds(kind, label, required)]
            for label, those in self._kinds.items()
        }
        self._steps = 0
        return self._search(kinds, [*excluded])

    def all_match(self, conditions: Conditions) -> bool:
        """Return whether the matchers hold of every alert."""
        return self.example((), (conditions,)) is None

    def _search(
        self,
        kinds: dict[str, list[tuple[frozenset[Matcher], str]]],
        excluded: list[Conditions],
    ) -> dict[str, str] | None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Unreadable("the routes depend on each other in too many ways")
        if not all(kinds.values()):
            return None
        # A group that no alert left can satisfy needs no decision.
        open_groups = [
            group
            for group in excluded
            if all(any(matcher in kind for kind, _ in kinds[matcher.label]) for matcher in group)
        ]
        if not open_groups:
            found = {label: those[0][1] for label, those in kinds.items()}
            return {label: value for label, value in found.items() if value}
        group = min(open_groups, key=len)
        rest = [other for other in open_groups if other is not group]
        for matcher in group:
            without = [kind for kind in kinds[matcher.label] if matcher not in kind[0]]
            found_one = self._search({**kinds, matcher.label: without}, rest)
            if found_one is not None:
                return found_one
        return None


def conditions(texts: Sequence[str]) -> Conditions:
    """Return the matchers of several texts.

    :raises BadMatcher: one is none.
    """
    return tuple(matcher for text in texts for matcher in parse(text))


def deliveries(
    root: NotificationRoute, *, excluded: Sequence[Conditions] = ()
) -> tuple[Delivery, ...]:
    """Return every route at which some alert ends, in the order of the tree.

    :param excluded: the alerts of which all matchers of one of these groups hold do not count.
    :raises BadMatcher: a matcher is none. :raises Unreadable: it cannot be decided.
    """
    matchers = [one for route in _every(root) for one in conditions(route.matchers)]
    alerts = Alerts([*matchers, *(one for group in excluded for one in group)])
    return tuple(_deliveries(root, (), [*excluded], alerts))


def heard(
    root: NotificationRoute, silences: Sequence[Conditions]
) -> tuple[tuple[Delivery, ...], tuple[Conditions, ...]]:
    """Return every route at which some alert ends that no silence matches, and the silences that decide.

    Hundreds of silences of single alerts are usual and decide nothing. So a silence is taken
    into the search only when it matches the example that was found without it.

    :raises BadMatcher: a matcher is none. :raises Unreadable: it cannot be decided.
    """
    taken, others = list[Conditions](), list(dict.fromkeys(silences))
    while True:
        reached = deliveries(root, excluded=taken)
        more = [
            silence for silence in others if any(all_hold(silence, one.example) for one in reached)
        ]
        if not more:
            return reached, tuple(taken)
        taken += more
        others = [silence for silence in others if silence not in more]


def some_alert(matchers: Conditions) -> bool:
    """Return whether all matchers hold of some alert.

    :raises Unreadable: it cannot be decided.
    """
    return Alerts(matchers).example(matchers) is not None


def all_hold(matchers: Conditions, labels: Mapping[str, str]) -> bool:
    """Return whether all matchers hold of an alert with these labels.

    :raises Unreadable: an expression is not read here.
    """
    return all(
        (
            anchored(one.value).accepts(labels.get(one.label, ""))
            if one.expression
            else one.value == labels.get(one.label, "")
        )
        is not one.negative
        for one in sorted(matchers, key=lambda one: one.expression)
    )


def _deliveries(
    route: NotificationRoute, required: Conditions, excluded: list[Conditions], alerts: Alerts
) -> Iterator[Delivery]:
    """Yield the routes below that an alert gets to, then the route itself where its own routes leave something."""
    before = list(excluded)
    for child in route.routes:
        own = conditions(child.matchers)
        if alerts.example((*required, *own), before) is not None:
            yield from _deliveries(child, (*required, *own), before, alerts)
        if not child.goes_on:
            before.append(own)
    # What a route takes, whether or not it goes on, is not left for the one above.
    left = [*excluded, *(conditions(child.matchers) for child in route.routes)]
    example = alerts.example(required, left)
    if example is not None:
        yield Delivery(route, required, bool(route.routes), example)


def receivers(labels: Mapping[str, str], route: NotificationRoute) -> tuple[str, ...]:
    """Return the receivers of an alert, as Alertmanager's dispatcher finds them.

    :raises BadMatcher: a matcher is none. :raises Unreadable: it cannot be decided.
    """
    matchers = [one for each in _every(route) for one in conditions(each.matchers)]
    exact = tuple(
        Matcher(label, "=", labels.get(label, "")) for label in {one.label for one in matchers}
    )
    return _receivers(route, exact, Alerts([*matchers, *exact]))


def _receivers(route: NotificationRoute, exact: Conditions, alerts: Alerts) -> tuple[str, ...]:
    found: list[str] = []
    for child in route.routes:
        if alerts.example((*exact, *conditions(child.matchers))) is not None:
            found += _receivers(child, exact, alerts)
            if not child.goes_on:
                break
    return tuple(found) if found else (route.receiver,)


def silences_everything(rules: Sequence[InhibitRule]) -> tuple[InhibitRule, ...]:
    """Return the inhibit rules by which one alert silences every alert that is not like it.

    No label need be equal, every alert is a target, and some alert, but not every one, is a source. An alert that is
    both target and source is not silenced by another of that kind, so a rule about every source silences nothing.

    :raises BadMatcher: a matcher is none. :raises Unreadable: it cannot be decided.
    """
    found = []
    for rule in rules:
        source, target = conditions(rule.source), conditions(rule.target)
        alerts = Alerts((*source, *target))
        if (
            not rule.equal
            and alerts.all_match(target)
            and alerts.example(source) is not None
            and not alerts.all_match(source)
        ):
            found.append(rule)
    return tuple(found)


def silences_the_unlabelled(rules: Sequence[InhibitRule]) -> tuple[InhibitRule, ...]:
    """Return the inhibit rules that silence every alert without any label of their ``equal``.

    A label that both alerts lack is equal. Which alerts have it, the configuration does not tell.

    :raises BadMatcher: a matcher is none. :raises Unreadable: it cannot be decided.
    """
    found = []
    for rule in rules:
        source, target = conditions(rule.source), conditions(rule.target)
        bare = tuple(Matcher(label, "=", "") for label in rule.equal)
        alerts = Alerts((*source, *target, *bare))
        if (
            bare
            and alerts.example(bare, (target,)) is None
            and alerts.example((*source, *bare)) is not None
            and alerts.example(bare, (source,)) is not None
        ):
            found.append(rule)
    return tuple(found)


def _every(route: NotificationRoute) -> Iterator[NotificationRoute]:
    yield route
    for child in route.routes:
        yield from _every(child)


def _holds(kind: tuple[frozenset[Matcher], str], label: str, required: Conditions) -> bool:
    return all(matcher in kind[0] for matcher in required if matcher.label == label)


def _kinds(label: str, matchers: Sequence[Matcher]) -> tuple[tuple[frozenset[Matcher], str], ...]:
    """Return the kinds of values of a label: the matchers that hold, and a value for which just these do."""
    values = list(dict.fromkeys((one.expression, one.value) for one in matchers))
    automata = [anchored(value) if regular else literal(value) for regular, value in values]
    found = memberships(automata, empty_text=label != ALERTNAME)
    return tuple(
        (
            frozenset(
                one
                for one in matchers
                if (values.index((one.expression, one.value)) in inside) is not one.negative
            ),
            text,
        )
        for inside, text in found.items()
    )
