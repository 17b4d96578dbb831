"""A canary: a secret in an exception, in locals, in arguments, in logs or printed reaches no file and no terminal."""

import base64
import html
import json
import urllib.parse

import pytest

from tests import ROOT
from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

# Made of pieces in the inner files, so that the sources themselves do not hold it.
CANARY = "Ca" + "naryS3cr3t" + "T0ken+/Value=="
LEAKS = """
import logging
from urllib.parse import quote
CANARY = "".join(["Ca", "naryS3cr3t", "T0ken+/Value=="])

class Client:
    def __repr__(self): return f"<Client {CANARY}>"

def call(client, headers):
    local = {"Authorization": f"Bearer {CANARY}"}
    print(local)
    logging.getLogger("urllib3.connectionpool").debug("GET /hook?token=%s", CANARY)
    logging.getLogger("urllib3.connectionpool").warning("retry: https://hooks.example/services/%s", CANARY)
    logging.getLogger("oauthlib").error("Authorization: Bearer %s", CANARY)
    try:
        raise OSError(f"https://user:{quote(CANARY, safe='')}@prom.example/api?token={CANARY}")
    except OSError:
        logging.getLogger("upkeep").exception("it broke")
        raise ValueError(f"refused: Authorization: Bearer {CANARY}")

@pytest.fixture
def leaking():
    call(Client(), {"Authorization": f"Basic {CANARY}"})

@pytest.fixture
def leaking_after():
    yield
    call(Client(), {"Authorization": f"Basic {CANARY}"})

@pytest.fixture
def unmeasured():
    secret = quote(CANARY, safe="")
    raise Unreachable(f"https://user:{secret}@prom.example/ is gone", source=f"GET https://prom.example/?token={secret}",
                      next_step="kubectl cluster-info")
"""
CHECKS = (
    check("in-a-fixture", fixtures="judge, leaking"),
    check("in-the-same-fixture-again", fixtures="judge, leaking"),
    check("in-a-teardown", fixtures="judge, leaking_after"),
    check("in-an-unmeasured", fixtures="judge, unmeasured"),
    check("in-a-check", "secret = CANARY\ncall(Client(), {'a': secret})"),
    check("in-a-skip", "pytest.skip(f'Authorization: Bearer {CANARY}')"),
    check("in-an-exit", "raise SystemExit(f'token={CANARY}')"),
    check("in-a-reason", "raise NotApplicable(f'token={CANARY}')"),
    check(
        "in-a-finding",
        "text = f'last words: Authorization: Bearer {CANARY}'\n"
        "assert judge(Judgement((Finding('Pod/a', 'x', text, observed=text),), text, basis=text))",
    ),
    check(
        "in-the-evidence",
        "request.node.stash[EVIDENCE] = [Evidence('p', f'GET https://u:{quote(CANARY, safe=str())}@h/x', datetime(2026, 1, 2, tzinfo=UTC), '')]\n"
        "assert judge(GOOD)",
        fixtures="judge, request",
    ),
)
LOUD = [
    "-vv",
    "-l",
    "--full-trace",
    "--log-level=DEBUG",
    "--log-cli-level=DEBUG",
    "--log-file=all.log",
    "-rA",
    "--show-capture=all",
    "--setup-show",
]


def traces(text: str) -> list[str]:
    """The forms of the canary that the text holds."""
    plain = CANARY.encode()
    forms = {
        "plain": CANARY,
        "core": "naryS3cr3t",
        "base64": base64.b64encode(plain).decode().rstrip("="),
        "url": urllib.parse.quote(CANARY, safe=""),
        "json": json.dumps(CANARY).replace("/", "\\/")[1:-1],
    }
    return [name for name, form in forms.items() if form in text]


def everything(inner: Inner, result: pytest.RunResult) -> dict[str, str]:
    """All that was written: the terminal and every file but the inner suite's own."""
    files = [
        path
        for path in inner.pytester.path.rglob("*")
        if path.is_file() and "checks" not in path.parts and path.suffix != ".pyc"
    ]
    found = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in files}
    return found | {"stdout": result.stdout.str(), "stderr": result.stderr.str()}


@pytest.mark.parametrize("style", ["auto", "long", "short", "line", "native", "no"])
def test_no_secret_gets_out(pytester, style):
    inner = Inner(pytester, LEAKS, *CHECKS)
    result = inner.run(*LOUD, f"--tb={style}")
    written = everything(inner, result)
    assert {name: traces(text) for name, text in written.items() if traces(text)} == {}
    assert len(inner.lines()) == 10
    assert str(inner.out / "report.html") in written
    assert str(pytester.path / "all.log") in written


def test_the_quiet_run_holds_none_either(pytester):
    inner = Inner(pytester, LEAKS, *CHECKS)
    written = everything(inner, inner.run())
    assert {name: traces(text) for name, text in written.items() if traces(text)} == {}


def test_what_libraries_say_while_debugging_is_not_kept(pytester):
    """A body has no shape that a mask could know."""
    body = "import logging\nlogging.getLogger('kubernetes.client.rest').debug('response body: ' + 'correct ' + 'horse')\nassert judge(GOOD)"
    inner = Inner(pytester, check("good", body))
    result = inner.run(*LOUD)
    assert [
        name for name, text in everything(inner, result).items() if "correct horse" in text
    ] == []


@pytest.mark.parametrize("hook", ["pytest_runtest_logfinish", "pytest_collection_finish"])
def test_an_internal_error_holds_none(pytester, hook):
    inner = Inner(
        pytester,
        LEAKS,
        *CHECKS,
        conftest=LEAKS.replace("print(local)", "pass")
        + f"\ndef {hook}(): call(Client(), {{'a': CANARY}})\n",
    )
    result = inner.run(*LOUD)
    assert result.ret == 3
    result.stdout.fnmatch_lines(["INTERNALERROR> ValueError: refused: Authorization: *masked*"])
    assert {
        name: traces(text)
        for name, text in everything(inner, result).items()
        if traces(text) and "conftest" not in name
    } == {}


def test_ctrl_c_holds_none(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    inner = Inner(
        pytester,
        LEAKS,
        check("interrupted", "def wait(header): raise KeyboardInterrupt\nwait(CANARY)"),
    )
    result = inner.pytester.runpytest_subprocess(*LOUD)
    assert result.ret == 2
    assert {
        name: traces(text) for name, text in everything(inner, result).items() if traces(text)
    } == {}


@pytest.mark.parametrize("less", [(), ("-p", "no:reports.html")])
def test_variables_of_ci_systems_stay_out(pytester, monkeypatch, less):
    monkeypatch.setenv("BUILD_URL", f"https://user:{CANARY}@ci.example")
    monkeypatch.setenv("GIT_URL", f"https://user:{CANARY}@git.example")
    inner = Inner(pytester, check("good"))
    result = inner.run("-v", "--metadata", "ticket", "OPS-7", *less)
    assert "OPS-7" in result.stdout.str()
    assert {
        name: traces(text) for name, text in everything(inner, result).items() if traces(text)
    } == {}


def test_what_is_left_still_says_what_happened(pytester):
    inner = Inner(pytester, LEAKS, *CHECKS)
    inner.run()
    assert (
        inner.lines()["in-a-fixture"]["summary"] == "ValueError: refused: Authorization: ‹masked›"
    )
    assert inner.lines()["in-an-unmeasured"]["reason"] == "unreachable"


PATCH = """kubectl -n monitoring patch deployment c -p '{"spec":{"template":{"spec":{"automountServiceAccountToken":false}}}}'"""


@pytest.mark.parametrize(
    "body",
    [
        f"assert judge(Judgement((Finding('Deployment/c', 'x', 'It is bad.', next={PATCH!r}),), 'x'))",
        f"raise Absent('It is gone.', source='GET /', next_step={PATCH!r})",
    ],
)
def test_a_command_is_printed_as_it_was_made(pytester, body):
    """Masking takes the value behind a telling name and its quote: the shell would wait for the rest."""
    inner = Inner(pytester, check("bad", body))
    result = inner.run()
    assert inner.lines()["bad"]["next"] == PATCH
    assert PATCH in result.stdout.str()
    assert PATCH in html.unescape((inner.out / "compliance.html").read_text(encoding="utf-8"))
