"""What looks like a credential in a text that everybody may read, and what does not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.domain.access.credentials import credential, credentials
from upkeep.masking import named_values

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("xoxb-1-canary", ["Slack token"]),
        ("see xapp-1-A0 there", ["Slack token"]),
        ("# api_key: xoxp-2-canary", ["Slack token"]),  # a comment is read by everybody, too
        (JWT, ["JSON Web Token"]),
        ("id: AKIAIOSFODNN7EXAMPLE", ["AWS access key"]),
        ("url: https://hooks.slack.com/services/T0/B0/x", ["webhook URL"]),
        ("https://hooks.slack.com/workflows/T0/A0/1/x", ["webhook URL"]),
        ("https://acme.webhook.office.com/webhookb2/0a@0b/IncomingWebhook/1/2", ["webhook URL"]),
        ("https://discord.com/api/webhooks/12/abc", ["webhook URL"]),
        (
            "https://prod-1.westeurope.logic.azure.com:443/workflows/1/triggers/m/paths/invoke?api-version=1&sig=x",
            ["webhook URL"],
        ),
        ("https://chat.googleapis.com/v1/spaces/A/messages?key=K&x=1", ["webhook URL"]),
        ("https://api.telegram.org/bot12:AA/sendMessage", ["webhook URL"]),
        ("https://0a1b@o1.ingest.sentry.io/1", ["URL with credentials"]),
        ("postgres://u:p@db/x", ["URL with credentials"]),
        ("-----BEGIN PRIVATE KEY-----", ["private key"]),
        ("-----BEGIN RSA PRIVATE KEY-----", ["private key"]),
        ("-H 'Authorization: Bearer a1b2c3d4'", ["authorization"]),
        ("webhookURL: https://chat.example/x", ["value of webhookURL"]),
        ("password: hunter", ["value of password"]),
        ("password:\n  hunter", ["value of password"]),
        ('{"token":"a","x":{"api_key":"b"}}', ["value of api_key", "value of token"]),
        ("client_secret = 'a b'", ["value of client_secret"]),
        ("private_key: |\n  abc", ["value of private_key"]),
        ("SENTRY_DSN=abc\n", ["value of SENTRY_DSN"]),
        ("https://h/x?token=abc", ["value of token"]),
        ("secret:\n  password: hunter", ["value of password"]),
        ("secret: s3cr3t/1", ["value of secret"]),
        ("password: 12345678", ["value of password"]),
    ],
)
def test_a_credential_is_told_by_its_shape(text: str, shapes: list[str]) -> None:
    assert [shape for _, shape in credentials(text)] == shapes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "webhookURL: ${SLACK_WEBHOOK}",
        "api_key: $(SLACK_API_KEY)",
        "api_key: $SLACK_API_KEY",
        "token: {{ .Values.token }}",
        "url: https://hooks.slack.com/services/${PATH_OF_IT}",
        "url: https://${USER}:${PASSWORD}@db.example/x",
        "Authorization: Bearer ${TOKEN}",
        "uses Bearer authentication or Basic Authentication",
        "token_file: /run/secrets/token",
        "token: /run/secrets/token",
        "secretName: cano-slack",
        "secret: cano-slack",
        "existingSecret: cano-slack",
        "imagePullSecrets: registry",
        "secretKeyRef:\n  name: cano-slack\n  key: api-key",
        "password: ",
        "password: ''",
        "password: <your password>",
        "password: ********",
        "# password: what you were told",
        "token_ttl: 300s",
        "token: true",
        "cookie: 10m",
        '{"secret": null, "x": 1}',
        "AUTHORIZATION_MODE: rbac",
        "git: ssh://git@github.com/x/y",
        "see https://docs.example/a/@someone",
        "mail: ops@example.com",
        "teams:\n- name: default\n  destinations: [oncall]\n",
        "xoxb-…, xoxb-your-token",
        "AROAIOSFODNN7EXAMPLE is a role",
        "checksum: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "image: registry.example/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_is_none(text: str) -> None:
    assert credentials(text) == []


def test_lines_are_counted_from_one_and_comments_move_none() -> None:
    text = "a: 1\n# password: none\nb: xoxb-1-a\n\n  # x\npassword: hunter\n"
    assert credentials(text) == [(3, "Slack token"), (6, "value of password")]


def test_a_name_that_is_a_secret_itself_is_not_told() -> None:
    assert credentials("xoxb-token-1: hunter") == [(1, "Slack token")]
    assert credentials("passwordA1b2C3d4E5f6G7h8I9j0K1: hunter") == [(1, "value of a named key")]


def test_a_value_is_judged_by_itself_and_by_its_name() -> None:
    assert [credential("LEGACY", "xoxb-1-a"), credential("LEGACY_TOKEN", "abc"), credential("LEGACY_TOKEN", "${X}"), credential("X", "abc")] == [
        "Slack token", "value of LEGACY_TOKEN", "", "",
    ]  # fmt: skip


SHOWN = ("xoxb-1-canary", "password: hunter", f"a: {JWT}", "https://u:p@h/x")
LINES = st.lists(
    st.sampled_from(
        ["", "a: b", "# token: x", "secret:", "  - x", "password: |", "x: {", "token: ${A}", '"']
    ),
    max_size=6,
)


@given(LINES, st.sampled_from(SHOWN), LINES)
def test_whatever_stands_around_it_a_credential_is_found_on_its_line(
    before: list[str], shown: str, after: list[str]
) -> None:
    found = credentials("\n".join([*before, shown, *after]))
    assert len(before) + 1 in {line for line, _ in found} or before[-1:] in (
        ["secret:"],
        ["password: |"],
    )


@given(st.text(alphabet="token:=\"'{}[] \n\\xob-1#$", max_size=60))
def test_any_text_is_read(text: str) -> None:
    lines = text.count("\n") + 1
    assert all(1 <= line <= lines for line, _ in credentials(text))


@pytest.mark.parametrize(
    "text",
    [
        "token:" * 40_000,
        '{"token":' * 30_000,
        'token="\\"' * 30_000,
        'token=\\"' * 30_000,
        "bearer " + "a" * 250_000,
        "https://" + "a" * 250_000,
        "token:\n " * 30_000,
    ],
    ids=lambda text: text[:12],
)
def test_time_grows_with_the_text_and_not_with_its_square(text: str) -> None:
    began = time.perf_counter()
    credentials(text)
    assert time.perf_counter() - began < 5


def test_named_values_are_those_of_masking() -> None:
    text = 'a: 1\ntoken: "x y"\nsecret:\n  api_key: b\nd: {"dsn": "e"}\ntokens: [f]\n'
    assert [(name, value) for _, name, value in named_values(text)] == [
        ("token", "x y"),
        ("api_key", "b"),
        ("dsn", "e"),
    ]
