"""The log of a container, as the API server gives it."""

from datetime import datetime, timedelta

from upkeep.demo.objects import logs
from upkeep.demo.server.proxies import Clock
from upkeep.demo.server.responses import Refused, Request, Response, bad_request, not_found, status
from upkeep.demo.state import Object, State


def log(state: State, clock: Clock, request: Request, namespace: str, name: str) -> Response:
    item = state.find("pods", name, namespace)
    if item is None:
        raise not_found("pods", name)
    names = [container["name"] for container in item["spec"]["containers"]]
    container = request.query.get("container") or (names[0] if len(names) == 1 else "")
    if not container:
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
        )
    started = [one["name"] for one in item["spec"].get("initContainers", [])]
    if container not in [*names, *started]:
        raise bad_request(f"container {container} is not valid for pod {name}")
    if not item["spec"].get("nodeName"):
        return Response(204, b"")
    query = request.query
    previous, timestamps, follow = (
        query.get(key) in ("true", "1") for key in ("previous", "timestamps", "follow")
    )
    lines = lines_of(state, item, container, previous=previous)
    try:
        since, tail, limit = (
            int(query[key]) if key in query else None
            for key in ("sinceSeconds", "tailLines", "limitBytes")
        )
        earliest = datetime.fromisoformat(query["sinceTime"]) if "sinceTime" in query else None
    except ValueError as error:
        raise bad_request(f"unable to decode query: {error}") from error
    if 0 in (since, limit) or min(since or 0, limit or 0, tail or 0) < 0:
        message = f'PodLogOptions.core "{name}" is invalid: must be greater than 0'
        raise Refused(status(422, "Invalid", message, name=name, kind="PodLogOptions"))
    earliest = clock() - timedelta(seconds=since) if since is not None else earliest
    body = logs.select(lines, since=earliest, tail=tail, limit=limit, timestamps=timestamps)
    return Response(200, body, "text/plain", stream=True, open_seconds=3600.0 * follow)


def lines_of(state: State, item: Object, container: str, *, previous: bool) -> list[logs.Line]:
    """The log of the run that the kubelet would pick: while a container waits, that is the run that ended last."""
    if container in state.quiet:
        return []
    name = item["metadata"]["name"]
    entry: Object = next(
        (one for one in item["status"].get("containerStatuses", []) if one["name"] == container), {}
    )
    runs = state.processes.get(name, [])
    if previous:
        if not entry.get("lastState"):
            raise bad_request(
                f'previous terminated container "{container}" in pod "{name}" not found'
            )
        return next((run.log for run in reversed(runs) if run.ended), [])
    if (waiting := entry.get("state", {}).get("waiting")) is not None and not entry.get(
        "lastState"
    ):
        reason = (
            "trying and failing to pull image"
            if "Image" in waiting["reason"]
            else waiting["reason"]
        )
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
    return runs[-1].log if runs else []
