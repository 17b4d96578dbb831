"""exec over WebSocket: canned commands in the guide's image, no shell at all in the chart's."""

import json
import re
import shlex
import socket

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping
from wsproto.events import Request as Handshake

from upkeep.demo.server.responses import Request
from upkeep.demo.state import State

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
PROGRAMS = "cat", "cano-collector", "df", "echo", "false", "netstat", "sh", "true", "uname"
LIMITS = (
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max cpu time              unlimited            unlimited            seconds   \n"
    "Max open files            {most:<20} {most:<20} files     \n"
)


def disk_table(state: State, flag: str) -> str:
    """What df prints: two filesystems, the first as full as the scenario says."""
    if flag == "-h":
        head = "Filesystem      Size  Used Avail Use% Mounted on\n"
        return f"{head}overlay          50G   {state.disk_used / 2:.0f}G   {50 - state.disk_used / 2:.0f}G  {state.disk_used}% /\ntmpfs            64M     0   64M   0% /dev\n"
    blocks = 52428800
    used = blocks * state.disk_used // 100
    return (
        "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
        f"overlay           {blocks} {used:8d}  {blocks - used:8d}      {state.disk_used}% /\n"
        "tmpfs                65536        0     65536       0% /dev\n"
    )


def connections(state: State) -> str:
    head = "Active Internet connections (servers and established)\nProto Recv-Q Send-Q Local Address           Foreign Address         State\n"
    rows = (
        f"tcp        0      0 10.244.1.17:8080        10.244.3.9:{40000 + number}        ESTABLISHED\n"
        for number in range(state.connections)
    )
    return head + "".join(rows)


def command(words: list[str], state: State) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command in the guide's image."""
    match words:
        case ["df"]:
            return 0, disk_table(state, "-P"), ""
        case ["df", "-P" | "-h" as flag, *_]:
            return 0, disk_table(state, flag), ""
        case ["netstat", *_]:
            return 0, connections(state), ""
        case ["cat", *_, "/proc/1/limits"]:
            return 0, LIMITS.format(most=state.most_files), ""
        case ["cat", *_]:
            return 1, "", f"cat: can't open '{words[-1]}': No such file or directory\n"
        case ["timeout", _, *rest]:
            return command(rest, state)
        case ["cano-collector" | "/cano-collector", "--version"] if state.silent_program:
            return 2, "", "flag provided but not defined: -version\n"
        case ["cano-collector" | "/cano-collector", "--version"]:
            return 0, "cano-collector version 1.4.2\n", ""
        case ["uname", "-s"]:
            return 0, "Linux\n", ""
        case ["echo", *rest]:
            return 0, " ".join(rest) + "\n", ""
        case ["true" | "false" as name]:
            return int(name == "false"), "", ""
        case ["command", "-v", name]:
            return (0, f"/usr/bin/{name}\n", "") if name in PROGRAMS else (127, "", "")
    return 127, "", f"sh: {words[0] if words else ''}: not found\n"


def shell(script: str, state: State) -> tuple[int, str, str]:
    """``sh -c``: simple commands, one after another, each of them canned; a pipe into ``wc -l`` counts lines."""
    code, out, err = 0, "", ""
    for part in filter(None, (text.strip() for text in re.split(r"[;\n]", script))):
        left, _, pipe = part.partition("|")
        code, printed, complaint = command(
            shlex.split(re.sub(r"\d?>\s*/dev/null|2>&1", "", left)), state
        )
        out += f"{printed.count(chr(10))}\n" if pipe.split() == ["wc", "-l"] else printed
        err += complaint
    return code, out, err


def outcome(words: list[str], state: State) -> tuple[bytes, bytes, dict[str, object]]:
    """stdout, stderr and the Status of the command."""
    layout = state.layout
    if layout == "guide" and words[:1] in (["sh"], ["/bin/sh"]) and words[1:2] == ["-c"]:
        code, out, err = shell(" ".join(words[2:3]), state)
    else:
        code, out, err = command(words, state) if layout == "guide" else (127, "", "")
        if code == 127:
            text = (
                "error executing command in container: failed to exec in container: failed to start exec: "
                "OCI runtime exec failed: exec failed: unable to start container process: "
                f'exec: "{words[0]}": executable file not found in $PATH: unknown'
            )
            said = f"Internal error occurred: {text}"
            details = {"causes": [{"message": text}]}
            return b"", b"", failure(said, "InternalError", details) | {"code": 500}
    if code == 0:
        return out.encode(), err.encode(), {"metadata": {}, "status": "Success"}
    said = f"command terminated with non-zero exit code: exit status {code}"
    details = {"causes": [{"reason": "ExitCode", "message": str(code)}]}
    return out.encode(), err.encode(), failure(said, "NonZeroExitCode", details)


def failure(message: str, reason: str, details: object) -> dict[str, object]:
    said = {"message": message, "reason": reason, "details": details}
    return {"metadata": {}, "status": "Failure"} | said


def serve(
    connection: socket.socket,
    target: str,
    headers: list[tuple[bytes, bytes]],
    request: Request,
    state: State,
) -> None:
    """Run the handshake, send the command's outcome channel by channel, and close."""
    found = re.fullmatch(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)/exec", request.path)
    words = [value for key, value in request.pairs if key == "command"]
    pod = state.find("pods", found[2], found[1]) if found is not None else None
    names = [one["name"] for one in pod["spec"]["containers"]] if pod is not None else []
    refusal = b"404 Not Found" if not names or not words else b""
    if not refusal and request.query.get("container", names[0]) not in names:
        refusal = b"400 Bad Request"
    if refusal:
        head = b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head % refusal)
        return
    socket_ = WSConnection(ConnectionType.SERVER)
    socket_.initiate_upgrade_connection(headers, target)
    offered = next(
        (event.subprotocols for event in socket_.events() if isinstance(event, Handshake)), []
    )
    protocol = next((name for name in PROTOCOLS if name in offered), None)
    out, err, verdict = outcome(words, state)
    connection.sendall(socket_.send(AcceptConnection(subprotocol=protocol)))
    for channel, data in ((1, out), (2, err), (3, json.dumps(verdict).encode())):
        if data:
            connection.sendall(socket_.send(BytesMessage(data=bytes([channel]) + data)))
    connection.sendall(socket_.send(CloseConnection(code=1000)))
    connection.settimeout(2)
    while data := connection.recv(4096):
        socket_.receive_data(data)
        for event in socket_.events():
            if isinstance(event, Ping):
                connection.sendall(socket_.send(event.response()))
            elif isinstance(event, CloseConnection):
                return
