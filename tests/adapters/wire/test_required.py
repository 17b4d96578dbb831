"""What the API server's validation requires is required, though its reference calls it optional: no rule or reference without it can be stored."""

import json

import pytest

from upkeep.adapters.wire import access, pods, volumes
from upkeep.adapters.wire.decoding import Wire, decode
from upkeep.errors import Malformed

RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}
URLS = {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}
SELECTOR = {"name": "slack", "key": "token"}


@pytest.mark.parametrize(
    ("kind", "whole", "field"),
    [
        (access.Rule, RULE, "verbs"),
        (access.Rule, RULE, "apiGroups"),
        (access.Rule, RULE, "resources"),
        (access.Rule, URLS, "verbs"),
        (access.Rule, URLS, "nonResourceURLs"),
        (pods.KeySelector, SELECTOR, "name"),
        (pods.EnvReference, {"name": "slack"}, "name"),
        (volumes.ObjectSource, {"name": "slack"}, "name"),
        (volumes.SecretSource, {"secretName": "slack"}, "secretName"),
    ],
)
def test_without_it_the_object_is_malformed(
    kind: type[Wire], whole: dict[str, object], field: str
) -> None:
    assert decode(json.dumps(whole).encode(), kind)
    rest = {name: value for name, value in whole.items() if name != field}
    for broken in (rest, rest | {field: type(whole[field])()}, rest | {field: None}):
        with pytest.raises(Malformed):
            decode(json.dumps(broken).encode(), kind)
