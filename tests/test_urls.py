"""URLs of the user's: one with a password is refused, and nothing of it shows, wherever it was given."""

from pathlib import Path

import pytest

from upkeep import masking
from upkeep.errors import BadInput
from upkeep.session import who
from upkeep.settings import resolve
from upkeep.urls import checked, shown, without_user

NAMES = ("collector", "prometheus", "alertmanager", "chart_repository", "pushgateway")
SECRET = "hunter2rabbit"
FORMS = (
    f"https://me:{SECRET}@host:9091",
    f"https://{SECRET}@host",
    f"https://me:{SECRET}/x@host",
    f"https://1:2/{SECRET}@host",
    f"https://me:{SECRET}@",
    f"https://me:{SECRET}@host:99999",
    f"ftp://me:{SECRET}@host",
    f"https://me:{SECRET}\n@host",
    f"https://me:{SECRET} @host",
    f"https://me:{SECRET}\\@host",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", ["option", "environment", "file"])
@pytest.mark.parametrize("url", FORMS)
def test_a_url_with_a_password_is_refused_without_it(
    tmp_path: Path, name: str, given: str, url: str
) -> None:
    options, environ = {}, {}
    if given == "option":
        options[name] = url
    elif given == "environment":
        environ[f"UPKEEP_{name.upper()}"] = url
    else:
        quoted = url.replace("\\", "\\\\").replace("\n", "\\n")
        (tmp_path / "upkeep.toml").write_text(f'{name} = "{quoted}"\n')
    with pytest.raises(BadInput) as caught:
        resolve(options, environ, cwd=tmp_path)
    assert SECRET not in str(caught.value)
    assert SECRET not in masking.hidden(f"later: {url}")


@pytest.mark.parametrize(
    "url", ["push:9091", "http://", "http://h:0", "http:///path", "//host", "http://h\x1b[0m"]
)
def test_a_pushgateway_is_an_http_url(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput, match=r"^--pushgateway"):
        resolve({"pushgateway": url}, {}, cwd=tmp_path)


@pytest.mark.parametrize(
    "url",
    ["http://push:9091", "https://h/base/", "http://[::1]:9091", "http://{pod_ip}:8080"],
)
def test_a_good_url_stays_as_it_was_given(url: str) -> None:
    assert checked(url, "--collector") == url


def test_a_value_of_the_query_is_used_and_never_shown() -> None:
    url = f"https://charts/index.yaml?sig={SECRET}"
    assert checked(url, "--chart-repository") == url
    assert SECRET not in masking.own(f"GET {url}")
    assert SECRET not in masking.own(f"the server said {SECRET}")


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ("https://ci.example/job/7/", "https://ci.example/job/7/"),
        (f"https://me:{SECRET}@ci.example/job/7/?t={SECRET}#{SECRET}", "https://ci.example/job/7/"),
        (f"https://me:{SECRET}/x@ci.example/job/7", "https://ci.example/job/7"),
        (f"me:{SECRET}@ci.example/job/7", None),
        (f"https://[{SECRET}", None),
        (f"javascript:alert('{SECRET}')", None),
        ("https://ci.example/\x1b]8;;x", None),
    ],
)
def test_a_ci_job_is_told_by_its_address_alone(
    monkeypatch: pytest.MonkeyPatch, job: str, told: str | None
) -> None:
    monkeypatch.setenv("CI_JOB_URL", job)
    assert who().get("job") == told


def test_a_user_is_taken_out_of_any_text() -> None:
    assert without_user(f"--x=http://me:{SECRET}@h/p@q") == "--x=http://q"
    assert without_user("no URL, a@b") == "no URL, a@b"
    assert shown("ftp://host/x") == ""
