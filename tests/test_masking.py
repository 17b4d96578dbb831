"""Secrets leave free text, words stay."""

import copy
import json
import pickle
import time
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from upkeep.masking import Masked, mask, own, sensitive

CANARY = "canary-7f3a"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # headers, to the end of their line
        ("Authorization: Bearer canary\nHost: a", "Authorization: ‹masked›\nHost: a"),
        ('proxy-authorization: Digest username="x", response="y"', "proxy-authorization: ‹masked›"),
        ("Set-Cookie: a=b; c=d\r\nHost: a", "Set-Cookie: ‹masked›\r\nHost: a"),
        (
            r'"POST / HTTP/1.1\r\nAuthorization: Basic eDp5\r\nHost: a\r\n"',
            r'"POST / HTTP/1.1\r\nAuthorization: ‹masked›\r\nHost: a\r\n"',
        ),
        (r'"{\"Cookie\":\"a=\\\"b c\\\"\",\"x\":1}"', r'"{\"Cookie\":\"‹masked›\",\"x\":1}"'),
        ('{"Authorization":"Bearer a b","x":"y"}', '{"Authorization":"‹masked›","x":"y"}'),
        ("map[Authorization:[Bearer a] Host:[b]]", "map[Authorization:‹masked›"),
        ("Authorization: \r\nHost: a", "Authorization: \r\nHost: a"),
        # schemes without a header
        ("sent bearer abc to", "sent bearer ‹masked› to"),
        # keys with the shape of a UUID, and Rancher's
        ("key 123e4567-e89b-12d3-a456-426614174000 refused", "key ‹masked› refused"),
        ("as HRKU:123E4567-E89B-12D3-A456-426614174000", "as HRKU:‹masked›"),
        ("with token-x7k2p:4fjw9cq7hz5t8m2v6b3n1d0s", "with token-x7k2p:‹masked›"),
        ('Basic "YTpi"', 'Basic "‹masked›"'),
        # URLs keep scheme and host
        (
            'Post "https://hooks.slack.com/services/T0/B0/x": EOF',
            'Post "https://hooks.slack.com/…": EOF',
        ),
        (r'{"u":"https:\/\/hooks.slack.com\/services\/T0"}', '{"u":"https://hooks.slack.com/…"}'),
        (r"see https://a.example/x\nnext", r"see https://a.example/…\nnext"),
        ("https://user:pass@db.example:5432/x?y#z", "https://db.example/…"),
        ("postgres://user:pa/ss@db.example/x", "postgres://…"),
        ("http://[::1]:9090/metrics", "http://[::1]/…"),
        ("https://a.example?token=x y", "https://a.example/… y"),
        ("https://a.example", "https://a.example"),
        ("next=https%3A%2F%2Fa.example%2Fx", "next=https%3A%2F%2Fa.example/…"),
        # tokens by their shape
        ("as xoxb-1-canary, xapp-1-A, xoxe.xoxp-1", "as ‹masked›, ‹masked›, ‹masked›"),
        ("eyJhbGciOi.eyJzdWIi.c2ln and eyJhbGciOi", "‹masked› and ‹masked›"),
        ("AKIAIOSFODNN7EXAMPLE", "‹masked›"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "‹masked›"),
        ("0123456789abcdef01234567", "‹masked›"),
        ("glpat-aB3dE6gH9jK2mN5pQ8sT", "‹masked›"),
        # other forms of a name and its value
        ("mysqldump --password canary: exit 2", "mysqldump --password ‹masked› exit 2"),
        ('exec ["mysql","--password","canary","x"]', 'exec ["mysql","--password","‹masked›","x"]'),
        ("kubectl --kubeconfig x --namespace y", "kubectl --kubeconfig x --namespace y"),
        ("<password>canary</password><a>b</a>", "<password>‹masked›</password><a>b</a>"),
        ("dial root:canary@tcp(db:3306)/x", "dial root:‹masked›@tcp(db:3306)/x"),
        ("curl -u admin:canary https://a", "curl -u admin:‹masked› https://a"),
        ("params user[password]=canary&x=y", "params user[password]=‹masked›"),
        (
            "userPass=canary dbpass=canary bypass=1 compass=2",
            "userPass=‹masked› dbpass=‹masked› bypass=1 compass=2",
        ),
        ("JSESSIONID=canary; pass phrase: canary", "JSESSIONID=‹masked› pass phrase: ‹masked›"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END",
            "-----BEGIN RSA PRIVATE KEY-----‹masked›-----END",
        ),
        (
            "invalid API key canaryXY and bad token 'c4naryabc'",
            "invalid API key ‹masked› and bad token '‹masked›'",
        ),
        (
            "invalid token received; bad password provided",
            "invalid token received; bad password provided",
        ),
        # values of telling names
        ("SLACK_API_KEY_ONCALL=a,b;c x", "SLACK_API_KEY_ONCALL=‹masked› x"),
        ('password: "two words" x', 'password: "‹masked›" x'),
        ("dbPasswd='it''s' x", "dbPasswd='‹masked›' x"),
        ('{"webhookURL":"a\\"b c","x":"y"}', '{"webhookURL":"‹masked›","x":"y"}'),
        ('{"token":12345,"x":"y"}', '{"token":‹masked›"x":"y"}'),
        ('{"secret":{"a":"b c"},"x":"y"}', '{"secret":‹masked›'),
        ("API key: a b", "API key: ‹masked› b"),
        ('"token":"cut in the midd', '"token":"‹masked›'),
        ('"dsn":"","x":"y"', '"dsn":"","x":"y"'),
    ],
)
def test_secrets_go_and_the_rest_stays(text, shown):
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        'pods "cano-collector-7d9f8b6c5d-x2x9z" is forbidden: User "system:serviceaccount:monitoring:upkeep" cannot get',
        "GET /api/v1/namespaces/monitoring/pods/cano-collector-7d9f8b6c5d-x2x9z:8080/proxy/metrics",
        "/usr/local/go/src/runtime/debug/stack.go:26 +0x5e",
        "ReplicaSet/cano-collector-7d9f8b6c5d",
        "CanoCollectorMaintenanceConfigurationOld at 2026-01-02T15:04:05.000Z",
        "dial tcp 203.0.113.7:443: i/o timeout",
        "the token expired and secrets were rotated",
        "object 123e4567-e89b-12d3-a456-426614174000",
        '{"request_id":"123e4567-e89b-12d3-a456-426614174000"}',
        "UID: 123e4567-e89b-12d3-a456-426614174000, trace 123e4567-e89b-12d3-a456-426614174000",
        "kubectl -n monitoring logs cano-collector-7d9f8b6c5d-x2x9z -c cano-collector --since=24h --previous",
        "",
    ],
)
def test_words_names_paths_and_addresses_stay(text):
    assert mask(text) == text


CONTEXTS = (
    "https://hooks.slack.com/services/T0/B0/{}",
    "https://{}@sentry.example/1",
    "https://user:{}@db.example/x",
    "https://a.example/x?a=b&c={}#d",
    "http://a.example/#{}",
    "Authorization: Bearer {}",
    "Authorization: {}",
    "cookie: session={}; path=/",
    "Bearer {}",
    "basic {}",
    "xoxb-{}-literal",
    "xapp-1-{}",
    "slack_token={}",
    'CLIENT_SECRET="a {} b"',
    "password: {}",
    '{{"api_key": "{}"}}',
    "{{'webhook': 'x y {}'}}",
    "credentials=[a {} b]",
)
wrapped = st.sampled_from(
    (
        "{}",
        "GET {} failed",
        "a\r\n{}\r\nb",
        'say "{}" x',
        "é{}",
        "x=1 {} y=2",
        "({})",
        "GET /x HTTP/1.1\r\n{}\r\n\r\n",
    )
)


@settings(deadline=None)
@given(
    st.sampled_from(CONTEXTS),
    wrapped,
    st.integers(0, 3),
    st.sampled_from((CANARY, quote(CANARY + "/="), CANARY.upper(), "7f3a")),
)
def test_no_canary_survives_in_any_wrapping(context, wrapping, depth, canary):
    text = wrapping.format(context.format(canary))
    for _ in range(depth):
        text = json.dumps({"message": text, "x": "y"})
    assert canary in text
    assert canary not in mask(text)
    assert mask(mask(text)) == mask(text)


# Where each of these begins or ends, one rule or another does.
ATOMS = (
    *(
        "token",
        "secret",
        "password",
        "api_key",
        "API key",
        "webhook",
        "Authorization",
        "Cookie",
        "Bearer",
        "Basic",
        "user",
        "host.example",
    ),
    *(
        "https://",
        "https:\\/\\/",
        "%3A%2F%2F",
        "://",
        "/",
        "\\",
        '"',
        "'",
        "`",
        '\\"',
        '\\\\"',
        "\\r\\n",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        " ",
    ),
    *(
        ":",
        "=",
        "=>",
        ",",
        ";",
        "{",
        "}",
        "[",
        "]",
        "(",
        "@",
        "?",
        "&",
        ".",
        "-",
        "_",
        "%20",
        "%40",
        "\\u0022",
        "\\u002f",
        "map[",
    ),
    *(
        "xoxb-",
        "eyJhbGci",
        "AKIAIOSFODNN7EXAMPLE",
        "A1b2C3d4E5f6",
        "0123456789abcdef0123456789abcdef",
        "a",
        "B",
        "7",
        "İ",
    ),
    *("‹masked›", "‹", "›", "…"),
)


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(st.sampled_from(ATOMS), max_size=14).map("".join))
@example("https://İsecretA1b2C3d4E5f6https://")
def test_masking_twice_changes_nothing_more(text):
    once = mask(text)
    assert mask(once) == once


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_masked(text):
    once = mask(text)
    assert mask(once) == once


@pytest.mark.parametrize("start", ["", 'token="'])
@pytest.mark.parametrize(
    "atom",
    [
        "a",
        "A1b",
        "token",
        'token="',
        "\\",
        '\\"',
        "'",
        "://",
        "bearer ",
        "eyJ",
        "authorization ",
        " ",
        ":\\/",
        "a.",
    ],
)
def test_a_quarter_of_a_megabyte_of_anything_takes_linear_time(start, atom):
    text = start + atom * (250_000 // len(atom))
    began = time.process_time()
    mask(text)
    assert time.process_time() - began < 3  # one that looks back again and again takes much longer


def test_names_of_secrets():
    names = [
        "webhookURL",
        "SLACK_API_KEY_ONCALL",
        "Authorization",
        "sentry_dsn",
        "destination",
        "api",
        "key",
        "status",
    ]
    assert [name for name in names if sensitive(name)] == [
        "webhookURL",
        "SLACK_API_KEY_ONCALL",
        "Authorization",
        "sentry_dsn",
    ]


def test_a_masked_value_shows_nothing_and_is_given_only_by_reveal():
    held = Masked(CANARY)
    assert (repr(held), str(held), f"{held:>30}", f"{held!r}", [held].__repr__()) == (
        "‹masked›",
        "‹masked›",
        "‹masked›",
        "‹masked›",
        "[‹masked›]",
    )
    assert held.reveal() == CANARY


@pytest.mark.parametrize(
    "copied", [pickle.dumps, copy.copy, copy.deepcopy, lambda held: held.__getstate__()]
)
def test_a_masked_value_is_not_pickled_or_copied(copied):
    with pytest.raises(TypeError, match="masked value"):
        copied(Masked(CANARY))


def test_a_masked_value_is_no_json():
    with pytest.raises(TypeError):
        json.dumps(Masked(CANARY))


def test_the_path_of_a_request_is_no_key_of_a_value() -> None:
    said = "GET /api/v1/namespaces/monitoring/secrets: the answer broke off in the middle"
    assert own(said) == said
    assert own("secrets: hunter2-of-a-canary") != "secrets: hunter2-of-a-canary"
