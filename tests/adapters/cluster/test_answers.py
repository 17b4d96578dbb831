"""Answers that cannot be: about something else than was asked, a thing twice, or a review of another question."""

import json
from typing import Any

import pytest

from tests.adapters.scripted import JSON, Reply, Server, kube
from upkeep.adapters.cluster.reviews import may
from upkeep.adapters.wire.meta import PartialObjectMetadata
from upkeep.adapters.wire.serving import Service
from upkeep.errors import Malformed, Unavailable

PATH = "/api/v1/namespaces/monitoring/services"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def service(name: str = "a", **changes: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "monitoring"}, "spec": {}} | changes


def page(*items: Any, kind: str = "ServiceList", **metadata: Any) -> Reply:
    body = {"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": list(items)}
    return (200, JSON, json.dumps(body).encode())


def test_items_may_leave_their_kind_out_or_say_it(server: Server) -> None:
    server.on(PATH, page(service("a"), service("b", kind="Service")))
    assert [one.metadata.name for one in kube(server.url).items(PATH, type=Service)] == ["a", "b"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (page(service(), kind="PodList"), "is no list of Service"),
        (page(service(kind="Pod")), "Pod/a came in a list of Service"),
        (page(service(metadata={"name": "a", "namespace": "other"})), "Service/a is of namespace other"),
        (page(service(metadata={"name": "a"})), "Service/a is of namespace none"),
        (page(service(), service()), "Service/a came twice"),
        (page(service(), service("b", spec=[])), "Service/b is not as the API describes it: spec is not of its type"),
        (page(service(), 7), "Service is not as the API describes it"),
        (page(service(), remainingItemCount="1"), "metadata.remainingItemCount is not of its type"),
    ],
)  # fmt: skip
def test_a_list_of_something_else_is_malformed(server: Server, reply: Reply, said: str) -> None:
    server.on(PATH, reply)
    with pytest.raises(Malformed, match=said):
        kube(server.url).items(PATH, type=Service)


def test_an_estimate_below_zero_says_that_nothing_remains(server: Server) -> None:
    """clusterpedia-io/clusterpedia#123: a front end of its own counts on with a negative number."""
    server.on(PATH, page(service(), remainingItemCount=-3))
    assert len(kube(server.url).items(PATH, type=Service)) == 1


def test_an_item_that_comes_again_on_the_next_page_is_malformed(server: Server) -> None:
    """A server that loses its place gives the first page for ever."""
    server.on(PATH, page(service(), **{"continue": "1"}), page(service(), **{"continue": "2"}))
    with pytest.raises(Malformed, match="Service/a came twice"):
        kube(server.url).items(PATH, type=Service)


@pytest.mark.parametrize(
    "changes", [{"kind": "Secret"}, {"metadata": {"name": "b"}}, {"metadata": {"namespace": "x"}}]
)
def test_another_object_than_was_asked_for_is_malformed(
    server: Server, changes: dict[str, Any]
) -> None:
    head = {"name": "a", "namespace": "monitoring", "creationTimestamp": "2026-01-01T00:00:00Z"}
    body = {"kind": "PartialObjectMetadata", "metadata": head | changes.get("metadata", {})}
    body |= {key: value for key, value in changes.items() if key != "metadata"}
    server.on(f"{PATH}/a", (200, JSON, json.dumps(body).encode()))
    with pytest.raises(Malformed, match="PartialObjectMetadata/a was asked for"):
        kube(server.url).object(f"{PATH}/a", PartialObjectMetadata)


def review(attributes: dict[str, str], **status: Any) -> Reply:
    body = {
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
        "status": status,
    }
    return (201, JSON, json.dumps(body).encode())


ASKED = {"namespace": "monitoring", "verb": "list", "resource": "pods"}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (review(ASKED | {"resource": "secrets"}, allowed=True), "answers another question"),
        (review(ASKED | {"namespace": "other"}, allowed=True), "answers another question"),
        (review({}, allowed=True), "answers another question"),
        (review(ASKED), "status.allowed is missing"),
        (review(ASKED, allowed="true"), "status.allowed is not of its type"),
        (review(ASKED, allowed=None), "status.allowed is not of its type"),
        (review(ASKED, allowed=True, evaluationError="webhook"), "has no verdict"),
        (review(ASKED, allowed=True, denied=True), "has no verdict"),
    ],
)
def test_a_review_without_an_answer_to_the_question_is_malformed(
    server: Server, reply: Reply, said: str
) -> None:
    server.on(REVIEW, review(ASKED, allowed=True))
    assert may(kube(server.url), "list", "pods", namespace="monitoring").allowed
    server.on(REVIEW, reply)
    with pytest.raises(Malformed, match=said):
        may(kube(server.url), "list", "pods", namespace="monitoring")


def versioned(*names: str, version: str, token: str = "") -> Reply:
    items = [{"metadata": {"name": name}} for name in names]
    metadata = {"continue": token, "resourceVersion": version}
    body = {"kind": "PodList", "metadata": metadata, "items": items}
    return 200, JSON, json.dumps(body).encode()


def test_pages_are_of_one_version_of_the_list(server: Server) -> None:
    """https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks"""
    first, other = versioned("a", version="7", token="t"), versioned(version="8")
    server.on("/pods", first, other, first, versioned("b", version="7"))
    assert len(kube(server.url).items("/pods")) == 2
    server.on("/pods", *[first, other] * 3)
    with pytest.raises(Unavailable, match=r"changed its version three times while it was read\.$"):
        kube(server.url).items("/pods")
