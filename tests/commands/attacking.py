"""Attacks on the credentials: each hides a canary where a credential, or a library's words about one, can leave.

``python -m tests.commands.attacking [NAME…]`` runs every attack with every command in processes of their own,
searches terminal and files for the canary, and prints what was tried and what held.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
import yaml

from tests import ROOT
from tests.commands.echoing import served as served

# Words without a shape: only where they came from can tell that they are secret.
FIRST, SECOND = "zqcanaryvogel", "zqotherrabe"
CANARIES = (FIRST, SECOND)
TWO_LINES = f"{FIRST}\n{SECOND}"
PLUGIN_VERSION = "client.authentication.k8s.io/v1"
MOST_SECONDS = 90
DEADLINES = ("--limit=sweep_deadline=4s", "--limit=request_deadline=1s")

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "run": ("run", "-m", "daily", "-q", *DEADLINES, "--out=out", "--full-trace"),
    "gate": ("run", "-m", "gate", "--gate", *DEADLINES, "--out=out", "--ledger=ledger"),
    "backup": ("backup", "--backups=backups"),
    "export": ("export", "--exports=exports"),
    "doctor": ("doctor", "--", *DEADLINES),
    "init": ("init", "--print"),
    "drill": ("drill", "restore", "--backups=backups"),
}


@dataclass
class Attack:
    """What an attack changes.

    :ivar user: the user of the kubeconfig; ``cluster`` its cluster.
    :ivar echo: how the server answers: it repeats what it was sent.
    :ivar files: name -> content, beside the kubeconfig.
    """

    user: dict[str, Any] = field(default_factory=dict)
    cluster: dict[str, Any] = field(default_factory=dict)
    echo: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    settings: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    kubeconfig: str = ""


def plugin(body: str, **more: Any) -> Attack:
    """An attack by an exec plugin, a shell script."""
    entry = {"apiVersion": PLUGIN_VERSION, "interactiveMode": "Never", "command": "./plugin"}
    script = f"#!/bin/sh\n{body}\n".encode()
    return Attack({"exec": entry | more}, files={"plugin": script})


def printed(**status: str) -> str:
    """The shell line that prints an ExecCredential."""
    said = {"apiVersion": PLUGIN_VERSION, "kind": "ExecCredential", "status": status}
    return f"cat <<'END'\n{json.dumps(said)}\nEND"


def _pem(what: str) -> str:
    return f"-----BEGIN {what}-----\n{FIRST}\n{SECOND}\n-----END {what}-----\n"


def _64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _pair() -> tuple[str, str]:
    one = trustme.CA().issue_cert("a.example")
    return one.cert_chain_pems[0].bytes().decode(), one.private_key_pem.bytes().decode()


def _mismatched() -> Attack:
    (certificate, _), (_, key) = _pair(), _pair()
    return Attack(
        {"client-certificate-data": _64(certificate), "client-key-data": _64(key + FIRST)}
    )


def _prometheus(**keys: Any) -> str:
    return "[prometheus]\n" + "".join(f"{key} = {json.dumps(one)}\n" for key, one in keys.items())


TOKEN = {"token": FIRST}
ATTACKS: Mapping[str, Callable[[], Attack]] = {
    # Tokens that no header may hold.
    "token-two-lines": lambda: Attack({"token": TWO_LINES}),
    "token-crlf": lambda: Attack({"token": f"{FIRST}\r\n{SECOND}"}),
    "token-carriage-return": lambda: Attack({"token": f"{FIRST}\r{SECOND}"}),
    "token-unicode-line-end": lambda: Attack({"token": f"{FIRST}\u2028{SECOND}"}),
    "token-next-line": lambda: Attack({"token": f"{FIRST}\x85{SECOND}"}),
    "token-nul": lambda: Attack({"token": f"{FIRST}\0{SECOND}"}),
    "token-escape": lambda: Attack({"token": f"{FIRST}\x1b[31m{SECOND}"}),
    "token-not-latin": lambda: Attack({"token": f"{FIRST}€{SECOND}"}),
    "token-with-space": lambda: Attack({"token": f"{FIRST} {SECOND}"}),
    "token-list": lambda: Attack({"token": [FIRST, SECOND]}),
    "token-mapping": lambda: Attack({"token": {FIRST: SECOND}}),
    "token-misspelt": lambda: Attack({"tokne": FIRST, FIRST: SECOND}),
    "token-in-broken-yaml": lambda: Attack(
        kubeconfig=f"users:\n- name: u\n  user:\n    token: {FIRST}\n   password: [{SECOND}\n"
    ),
    "token-in-duplicate-keys": lambda: Attack(
        kubeconfig=f"users:\n- name: u\n  user: {{token: {FIRST}, token: {SECOND}}}\n"
    ),
    # Files of tokens.
    "file-two-lines": lambda: Attack({"tokenFile": "t"}, files={"t": TWO_LINES.encode()}),
    "file-utf-16": lambda: Attack({"tokenFile": "t"}, files={"t": FIRST.encode("utf-16")}),
    "file-with-mark": lambda: Attack({"tokenFile": "t"}, files={"t": FIRST.encode("utf-8-sig")}),
    "file-bytes": lambda: Attack({"tokenFile": "t"}, files={"t": FIRST.encode() + b"\xff\xfe"}),
    # Exec plugins.
    "plugin-two-lines": lambda: plugin(printed(token=TWO_LINES)),
    "plugin-prints-a-token-alone": lambda: plugin(f"echo {FIRST}"),
    "plugin-fails-with-a-token": lambda: plugin(f"echo {FIRST}; echo bad {FIRST} >&2; exit 1"),
    "plugin-complains-with-a-token": lambda: plugin(f"echo refreshing {FIRST} failed >&2; exit 1"),
    "plugin-of-another-version": lambda: plugin(
        printed(token=FIRST).replace("/v1", "/v9") + f"\necho {FIRST} >&2"
    ),
    "plugin-with-a-broken-key": lambda: plugin(
        printed(
            clientCertificateData=_pem("CERTIFICATE"), clientKeyData=_pem("RSA PRIVATE KEY")
        )
    ),
    "plugin-secret-arguments": lambda: plugin(
        'echo "usage: $*, $CLIENT_SECRET" >&2; exit 2',
        args=["--client-secret", FIRST],
        env=[{"name": "CLIENT_SECRET", "value": SECOND}],
    ),
    "plugin-missing": lambda: Attack(
        {
            "exec": {
                "apiVersion": PLUGIN_VERSION,
                "interactiveMode": "Never",
                "command": "no-such-plugin",
                "installHint": f"curl https://x.example/?token={FIRST}",
            }
        }
    ),
    "plugin-end-in-words": lambda: plugin(
        printed(token=FIRST, expirationTimestamp=f"soon {SECOND}")
    ),
    # Certificates and keys.
    "key-not-base64": lambda: Attack(
        {"client-certificate-data": "eA==", "client-key-data": f"%{FIRST}"}
    ),
    "key-not-pem": lambda: Attack(
        {"client-certificate-data": _64(FIRST), "client-key-data": _64(TWO_LINES)}
    ),
    "key-broken-pem": lambda: Attack(
        {
            "client-certificate-data": _64(_pem("CERTIFICATE")),
            "client-key-data": _64(_pem("RSA PRIVATE KEY")),
        }
    ),
    "key-encrypted": lambda: Attack(
        {
            "client-certificate-data": _64(_pair()[0]),
            "client-key-data": _64(_pem("ENCRYPTED PRIVATE KEY")),
        }
    ),
    "key-of-another": _mismatched,
    "authority-broken": lambda: Attack(
        TOKEN, cluster={"certificate-authority-data": _64(_pem("CERTIFICATE"))}
    ),
    # Names and passwords.
    "password-two-lines": lambda: Attack({"username": "ada", "password": TWO_LINES}, echo="401"),
    "password-echoed": lambda: Attack({"username": "ada", "password": FIRST}, echo="403"),
    "password-in-the-server": lambda: Attack(cluster={"server": f"http://ada:{FIRST}@127.0.0.1:9"}),
    "token-in-the-server": lambda: Attack(cluster={"server": f"http://{FIRST}@127.0.0.1:9"}),
    "password-and-a-bad-port": lambda: Attack(
        cluster={"server": f"http://ada:{FIRST}@127.0.0.1:x{SECOND}"}
    ),
    "password-with-a-slash": lambda: Attack(
        cluster={"server": f"http://ada:{FIRST}/{SECOND}@127.0.0.1:9"}
    ),
    "extra-with-a-line-end": lambda: Attack(
        TOKEN | {"as": "x", "as-user-extra": {"k": [TWO_LINES]}}
    ),
    # Proxies.
    "proxy-down": lambda: Attack(TOKEN, cluster={"proxy-url": f"http://a:{SECOND}@127.0.0.1:9"}),
    "proxy-token-down": lambda: Attack(
        TOKEN, cluster={"proxy-url": f"http://{SECOND}@127.0.0.1:9"}
    ),
    "proxy-socks-down": lambda: Attack(
        TOKEN, cluster={"proxy-url": f"socks5://a:{SECOND}@127.0.0.1:9"}
    ),
    "proxy-of-another-scheme": lambda: Attack(
        TOKEN, cluster={"proxy-url": f"ftp://a:{SECOND}@127.0.0.1:9"}
    ),
    "proxy-with-a-bad-port": lambda: Attack(
        TOKEN, cluster={"proxy-url": f"http://a:{SECOND}@h:{SECOND}"}
    ),
    "proxy-with-a-line-end": lambda: Attack(
        TOKEN, cluster={"proxy-url": f"http://a:{SECOND}\n@127.0.0.1:9"}
    ),
    "proxy-of-the-environment": lambda: Attack(
        TOKEN,
        cluster={"server": "http://203.0.113.7:1"},
        environ={"HTTP_PROXY": f"http://a:{SECOND}@127.0.0.1:9"},
    ),
    "proxy-of-the-environment-broken": lambda: Attack(
        TOKEN,
        cluster={"server": "http://203.0.113.7:1"},
        environ={"HTTP_PROXY": f"a:{SECOND}@127.0.0.1:x"},
    ),
    **{
        f"proxy-of-a-url-{how}": (
            lambda how=how, value=value: Attack(
                TOKEN,
                echo="monitor",
                settings=_prometheus(url="http://203.0.113.7:1"),
                environ={"HTTP_PROXY": value},
            )
        )
        for how, value in (
            ("down", f"http://a:{SECOND}@127.0.0.1:9"),
            ("socks", f"socks5://a:{SECOND}@127.0.0.1:9"),
            ("broken", f"a:{SECOND}@127.0.0.1:x"),
        )
    },
    # Servers that repeat what they were sent.
    **{
        f"echo-{how}": (lambda how=how: Attack(TOKEN, echo=how))
        for how in (
            "401", "403", "404", "422", "500", "html", "text", "reason", "header", "location",
            "names", "kind", "type", "chunk", "cut", "status-line", "many-headers", "raw",
        )
    },
    # Monitoring programs.
    "bearer-two-lines": lambda: Attack(
        TOKEN,
        echo="403",
        settings=_prometheus(url="http://127.0.0.1:9", bearer_file="b"),
        files={"b": TWO_LINES.encode()},
    ),
    "bearer-echoed": lambda: Attack(
        TOKEN, echo="monitor", settings=_prometheus(url="SERVER", bearer_file="b"),
        files={"b": SECOND.encode()},
    ),
    "header-echoed": lambda: Attack(
        TOKEN, echo="monitor", settings=_prometheus(url="SERVER", headers={"X-Scope-Key": SECOND})
    ),
    "monitor-certificate-broken": lambda: Attack(
        TOKEN,
        settings=_prometheus(url="https://127.0.0.1:9", client_certificate="c", client_key="k"),
        files={"c": _pem("CERTIFICATE").encode(), "k": _pem("PRIVATE KEY").encode()},
    ),
    "monitor-authority-broken": lambda: Attack(
        TOKEN,
        settings=_prometheus(url="https://127.0.0.1:9", ca_file="c"),
        files={"c": _pem("CERTIFICATE").encode()},
    ),
    "monitor-url-with-password": lambda: Attack(
        TOKEN, settings=_prometheus(url=f"http://a:{SECOND}@127.0.0.1:9")
    ),
    "header-with-a-line-end": lambda: Attack(
        TOKEN, settings=_prometheus(url="http://127.0.0.1:9", headers={"X-Key": TWO_LINES})
    ),
    "settings-not-toml": lambda: Attack(
        TOKEN, settings=f'[prometheus]\nurl = "http://127.0.0.1:9"\nheaders = {{ K = "{FIRST}\n'
    ),
    "settings-wrong-type": lambda: Attack(
        TOKEN, settings=_prometheus(url="http://127.0.0.1:9", headers=[FIRST, SECOND])
    ),
    # What a person may write in the wrong place.
    "environment-misspelt": lambda: Attack(TOKEN, environ={"UPKEEP_TOKNE": SECOND}),
    "environment-url": lambda: Attack(
        TOKEN, environ={"UPKEEP_PROMETHEUS": f"http://a:{SECOND}@127.0.0.1:9"}
    ),
    "job-url": lambda: Attack(
        TOKEN, echo="500", environ={"CI_JOB_URL": f"https://a:{SECOND}@ci.example/1"}
    ),
    "unknown-option": lambda: Attack(TOKEN, arguments=(f"--pushgatway=http://a:{SECOND}@h",)),
    "context-is-a-url": lambda: Attack(TOKEN, arguments=(f"--context=http://a:{SECOND}@h",)),
}  # fmt: skip


def prepare(attack: Attack, folder: Path, url: str) -> list[str]:
    """Write the files of an attack; return the options that lead a command into it."""
    for name, body in attack.files.items():
        (folder / name).write_bytes(body)
        (folder / name).chmod(0o755 if name == "plugin" else 0o600)
    entries = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": url} | attack.cluster}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "m"}}],
        "users": [{"name": "u", "user": attack.user}],
    }
    (folder / "kubeconfig").write_text(attack.kubeconfig or yaml.safe_dump(entries))
    (folder / "upkeep.toml").write_text(attack.settings.replace("SERVER", url))
    (folder / "backups").mkdir(exist_ok=True)
    return [f"--kubeconfig={folder / 'kubeconfig'}", *attack.arguments]


def words(command: str, options: list[str]) -> list[str]:
    """The words of a command with the options of an attack, where it takes them."""
    given = list(COMMANDS[command])
    if command == "init":  # it writes its own settings file
        return [*given, *options, "--settings=new.toml"]
    return [*given, *options]


def leaks(terminal: str, folder: Path, attack: Attack) -> list[str]:
    """The places where a canary shows: the terminal, and each file that the command wrote."""
    given = {"kubeconfig", "upkeep.toml", *attack.files}
    texts = {"terminal": terminal} | {
        str(path.relative_to(folder)): path.read_bytes().decode(errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and path.name not in given
    }
    found = [name for name, text in texts.items() if any(one in text for one in CANARIES)]
    return sorted(found + [name for name in texts if any(one in name for one in CANARIES)])


def faults(name: str, command: str) -> list[str]:
    """What is wrong with the end of a command under an attack."""
    attack = ATTACKS[name]()
    with tempfile.TemporaryDirectory() as made, served(attack.echo) as url:
        folder = Path(made)
        options = prepare(attack, folder, url)
        environ = {"PATH": os.environ["PATH"], "HOME": made, "PYTHONPATH": str(ROOT)}
        began = time.monotonic()
        try:
            ran = subprocess.run(
                [sys.executable, "-m", "upkeep", *words(command, options)],
                cwd=folder,
                env=environ | attack.environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [f"had not ended after {MOST_SECONDS} s"]
        said = (ran.stdout + ran.stderr).decode(errors="replace")
        found = [f"shown in {place}" for place in leaks(said, folder, attack)]
        found += ["a traceback"] if "Traceback" in said or "INTERNALERROR" in said else []
        found += [f"exit code {ran.returncode}"] if ran.returncode in (0, 3) else []
        found += ["an internal error"] if '"internal"' in _results(folder) else []
        took = time.monotonic() - began
        return [f"{one} (after {took:.0f} s): {said[-300:]}" for one in found]


def _results(folder: Path) -> str:
    path = folder / "out" / "results.jsonl"
    return path.read_text() if path.exists() else ""


def main(arguments: list[str]) -> int:
    """Run the attacks; 1 where one does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.commands.attacking")
    parser.add_argument("name", nargs="*", help="an attack (default: all)")
    parser.add_argument("--command", action="append", choices=list(COMMANDS))
    given = parser.parse_args(arguments)
    tried, bad = 0, 0
    for name in given.name or ATTACKS:
        for command in given.command or COMMANDS:
            found = faults(name, command)
            tried, bad = tried + 1, bad + bool(found)
            for one in found:
                print(f"{name}, {command}: {one}", flush=True)
    print(f"{len(given.name or ATTACKS)} attacks, {tried} tries, {bad} did not hold")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
