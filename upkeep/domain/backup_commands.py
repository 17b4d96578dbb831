"""The commands of a backup container: which objects they read, which files they write, where they upload.

A command is read as a shell reads it, and never run. A program that is not known here may send what it saved anywhere,
so that nothing can be said of a container that starts one.
Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html; the programs' own manuals.
"""

import re
import shlex
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from upkeep.masking import mask
from upkeep.records.workload import ContainerSpec, PodTemplate

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "ksh", "zsh"})
# Reserved words and prefixes behind which a command begins.
_BEFORE = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "(", "time", "exec", "command"}
    | {"sudo", "nice", "nohup", "env"}
)
_NO_COMMAND = frozenset({"for", "case", "esac", "fi", "done", "}", ")", "in", "function", "select"})
# Programs that send nothing that they are given to another place; kubectl reads from the API server.
_LOCAL = frozenset(
    {
        "[", "[[", ":", ".", "age", "apk", "apt", "apt-get", "awk", "base64", "basename", "bzip2",
        "cat", "cd", "chmod", "chown", "cmp", "command", "cp", "cut", "date", "dd", "declare",
        "df", "diff", "dirname", "dnf", "du", "echo", "eval", "exit", "export", "false", "file",
        "find", "gpg", "grep", "gunzip", "gzip", "head", "helm", "id", "install", "jq", "kubectl",
        "kustomize", "ln", "local", "logger", "ls", "lz4", "md5sum", "mkdir", "mktemp", "mv",
        "oc", "openssl", "pip", "pip3", "printenv", "printf", "ps", "pwd", "read", "readonly",
        "return", "rm", "rmdir", "sed", "set", "sh", "sha256sum", "shift", "sleep", "sort",
        "source", "split", "stat", "sync", "tail", "tar", "tee", "test", "touch", "tr", "trap",
        "true", "umask", "uniq", "unset", "until", "wait", "wc", "which", "xargs", "xz", "yq",
        "yum", "zip", "zstd", "zypper",
    }
)  # fmt: skip
# Programs that copy to where their last argument says, and the first of their words that do.
_COPIES = {
    "aws": ("s3", "s3api"),
    "s3cmd": ("put", "sync"),
    "s5cmd": ("cp", "sync", "mv"),
    "gsutil": ("cp", "rsync", "mv"),
    "gcloud": ("storage",),
    "azcopy": ("copy", "cp", "sync"),
    "az": ("storage",),
    "rclone": ("copy", "copyto", "sync", "move", "moveto", "rcat"),
    "mc": ("cp", "mirror", "mv", "pipe"),
    "scp": (),
    "rsync": (),
}
# Programs that save into a repository of their own, and the words that do.
_STORES = {
    "restic": ("backup",),
    "kopia": ("snapshot",),
    "borg": ("create",),
    "velero": ("backup",),
    "git": ("push",),
    "b2": ("upload-file", "sync", "file"),
    "swift": ("upload",),
    "oras": ("push",),
    "vault": ("kv", "write"),
}
_KNOWN = {*_LOCAL, *_COPIES, *_STORES, "curl", "wget"}
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]+://[^\s]+", re.IGNORECASE)
_HOST = re.compile(r"[\w.@$-]+:(?!//)\S*")
# curl and wget read from a URL, but for these options.
_SENDS = re.compile(
    r"-[fsSLkiv#]*[TFd].*|--upload-file.*|--form.*|--data.*|--post-(?:file|data).*|--body-(?:file|data).*|(?:-X|--request=?)?(?:PUT|POST)"
)
# A redirection, or the option by which usual programs are told their output file. Variables are not followed.
_WRITES = re.compile(
    r"""(?:>|\btee(?:\s+-a)?\s|\s-o[ =]|--output[ =])\s*["']?(/[^\s"';|&<>()$`]+)"""
)
_ERREXIT = re.compile(r"(?:^|[;\n&|]\s*)\s*set\s+(?:-[a-z]*e[a-z]*|-o\s+errexit)", re.MULTILINE)


class Upload(Struct, frozen=True):
    """A command that sends data to another place.

    :ivar target: where it goes, masked; empty where the command does not name it.
    :ivar checked: a failure of the command fails the container, and so the Job.
    """

    program: str
    target: str
    checked: bool


class Script(Struct, frozen=True):
    """The commands of a container.

    :ivar unknown: programs whose effect is not known here, ``the image's entrypoint`` among them.
    """

    uploads: tuple[Upload, ...] = ()
    unknown: tuple[str, ...] = ()


class _Command(Struct, frozen=True):
    words: tuple[str, ...]
    before: str  # the operator in front of it: && || | ; & or $( inside another command
    after: str

    @property
    def program(self) -> str:
        return self.words[0].rpartition("/")[2]


def script_of(container: ContainerSpec) -> Script:
    """Return the uploads of a container's command, and the programs that are not known."""
    if not container.command:
        return Script(unknown=("the image's entrypoint",))
    commands, errexit = _commands(container.command)
    if not commands:
        return Script(unknown=("a command that no shell parses",))
    uploads, unknown = [], []
    for number, command in enumerate(commands):
        target = _target(command)
        if target is not None:
            pipefail = any("pipefail" in word for word in container.command)
            checked = _ends_the_script(commands[number:], errexit=errexit, pipefail=pipefail)
            uploads.append(Upload(command.program, _shown(target), checked))
        elif command.program not in _KNOWN:
            unknown.append(mask(command.program))
    return Script(tuple(uploads), tuple(dict.fromkeys(unknown)))


def _ends_the_script(commands: Sequence[_Command], *, errexit: bool, pipefail: bool) -> bool:
    """Return whether a failure of the first of the commands is the end of the script, and its exit code.

    Without ``pipefail`` the last command of a pipe decides: ``… | tee log`` hides a failure (nextstrain/ncov#748).
    """
    if commands[0].after == "&" or commands[0].before == "$(":
        return False
    for later in commands[1:]:
        if later.before == "$(":
            return True
        if later.before == "|" and not pipefail:
            return False
        if later.before not in ("&&", "|"):
            return errexit and later.before != "||"
    return True


def written_files(containers: Sequence[ContainerSpec]) -> list[str]:
    """Return the absolute paths that the commands write to, without devices."""
    words = text_of(containers)
    return sorted(
        {path for path in _WRITES.findall(words) if not path.startswith(("/dev/", "/proc/"))}
    )


def text_of(containers: Sequence[ContainerSpec]) -> str:
    """Return all words of the containers' commands."""
    return " ".join(word for container in containers for word in container.command)


def names_object(template: PodTemplate, name: str) -> bool:
    """Return whether a command names the object, as a whole word."""
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    return any(word.search(text) for one in _containers(template) for text in one.command)


def reads_all_configuration(template: PodTemplate, *, namespace: str) -> bool:
    """Return whether kubectl reads every ConfigMap or Secret of the namespace."""
    return any(
        _reads_all(command.words, namespace)
        for container in _containers(template)
        for command in _commands(container.command)[0]
        if command.program in ("kubectl", "oc")
    )


def _reads_all(words: Sequence[str], namespace: str) -> bool:
    where = [
        words[number + 1] if word in ("-n", "--namespace") else word.partition("=")[2]
        for number, word in enumerate(words[:-1])
        if word in ("-n", "--namespace")
    ] + [word.partition("=")[2] for word in words if word.startswith(("--namespace=", "-n="))]
    if any(one != namespace and "$" not in one for one in where) or "get" not in words:
        return False
    kinds = {"configmap", "configmaps", "cm", "secret", "secrets"}
    return any(
        kinds & set(word.split(",")) and (following == "" or following.startswith("-"))
        for word, following in zip(words, [*words[1:], ""], strict=True)
    )


def _containers(template: PodTemplate) -> tuple[ContainerSpec, ...]:
    return (*template.init_containers, *template.containers)


def _commands(argv: Sequence[str]) -> tuple[list[_Command], bool]:
    """Return the simple commands of an argument vector, and whether the first failure ends its script."""
    if not argv or argv[0].rpartition("/")[2] not in _SHELLS:
        return ([_Command(tuple(argv), "", "")] if argv else []), True
    flags = [word for word in argv[1:] if word.startswith("-")]
    text = next(
        (
            argv[number + 1]
            for number, word in enumerate(argv[:-1])
            if number and re.fullmatch(r"-[a-z]*c[a-z]*", word)
        ),
        None,
    )
    if text is None:  # a file of the image, or standard input
        return [_Command((argv[-1],), "", "")], True
    errexit = any("e" in flag for flag in flags if not flag.startswith("--")) or bool(
        _ERREXIT.search(text)
    )
    return list(_split(text)), errexit


def _split(text: str) -> Iterator[_Command]:
    """Yield the simple commands of a script; none where its quotes are not closed."""
    joined = re.sub(r"(?m)(^|\s)#.*$", "", text.replace("\\\n", " "))
    inner: list[str] = []
    while found := re.search(r"\$\(([^()]*)\)|`([^`]*)`", joined):
        inner.append(found[1] or found[2] or "")
        joined = f"{joined[: found.start()]}$_{joined[found.end() :]}"
    lexer = shlex.shlex(joined.replace("\n", " ; "), posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        tokens = list(lexer)
    except ValueError:
        return
    words: list[str] = []
    before = ""
    for token in [*tokens, ";"]:
        if not re.fullmatch(r"[;&|()]+", token):
            words.append(token)
            continue
        while words and (words[0] in _BEFORE or re.match(r"[A-Za-z_]\w*=", words[0])):
            words.pop(0)
        if words and words[0] not in _NO_COMMAND and not words[0].startswith((">", "<")):
            yield _Command(tuple(words), before, token)
        # A line may end behind && or |: the operator counts, and not the end of the line.
        if words or (token not in ("(", ")") and before not in ("&&", "||", "|")):
            before = token
        words = []
    for part in inner:
        yield from (replace(command, before="$(") for command in _split(part))


def _target(command: _Command) -> str | None:
    """Return where a command sends data; ``None`` where it is known to send none, or is not known."""
    arguments = [word for word in command.words[1:] if not word.startswith((">", "<", "2>"))]
    plain = [word for word in arguments if not word.startswith("-")]
    for number, word in enumerate(arguments):
        # The destination is the last argument: a path behind a URL is that of a download.
        following = arguments[number + 1 : number + 2]
        bucket = _REMOTE.fullmatch(word) and not re.match(r"(?i)https?://", word)
        if bucket and (not following or following[0].startswith("-")):
            return word
    program = command.program
    if program in ("curl", "wget") and any(_SENDS.fullmatch(word) for word in arguments):
        return next((word for word in plain if _REMOTE.fullmatch(word)), "")
    if program in _STORES and any(word in _STORES[program] for word in plain):
        repository = _option(arguments, "-r", "--repo")
        return None if repository.startswith("/") else repository
    if program not in _COPIES or not plain:
        return None
    verbs = _COPIES[program]
    if verbs and not any(word in verbs for word in plain):
        return None
    if program == "az":
        return "" if "upload" in plain or "upload-batch" in plain else None
    if program == "aws":  # its s3 cp names a bucket, as above
        return "" if "put-object" in plain else None
    last = plain[-1]
    remote = _HOST.fullmatch(last) or _REMOTE.fullmatch(last) or (program == "mc" and "/" in last)
    return last if remote and not last.startswith("/") else None


def _option(arguments: Sequence[str], short: str, long: str) -> str:
    for number, word in enumerate(arguments):
        if word in (short, long):
            return next(iter(arguments[number + 1 :]), "")
        if word.startswith(f"{long}="):
            return word.partition("=")[2]
    return ""


def _shown(target: str) -> str:
    """Return a target without what may be a credential: a query, or a user."""
    return mask(re.sub(r"//[^/@\s]+@", "//", target.partition("?")[0]))
