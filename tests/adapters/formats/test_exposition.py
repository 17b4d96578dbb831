"""The exposition adapter: what the parser accepts in silence is refused, what is saved is whole, what is loaded is ours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from upkeep.adapters.formats import exposition
from upkeep.domain.metric_names import FAMILIES
from upkeep.errors import Ambiguous, Malformed, Truncated

TAKEN = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
STARTED = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
START = f"process_start_time_seconds {STARTED.timestamp()!r}\n"
POD = "cano-collector-5c4b8d7f69-b8c4v"


def body(*lines: str, start: str = START) -> bytes:
    return ("".join(line + "\n" for line in lines) + start).encode()


def parsed(*lines: str, **options):
    return exposition.parse(body(*lines), pod=POD, taken=TAKEN, **options)


def refused(content: bytes, kind: type[Malformed] = Malformed) -> str:
    with pytest.raises(kind) as caught:
        exposition.parse(content, pod=POD, taken=TAKEN)
    assert type(caught.value) is kind
    assert caught.value.source == f"Pod/{POD} /metrics"
    assert caught.value.next_step.startswith("--collector=URL")
    return caught.value.message.removeprefix(f"Pod/{POD} /metrics: ")


def test_counters_are_read_with_their_labels_and_the_process_start():
    snapshot = parsed(
        "# HELP cano_alerts_errors_total Alerts that failed.",
        "# TYPE cano_alerts_errors_total counter",
        'cano_alerts_errors_total{alert_name="A \\"b\\" {c}",error_type="conversion_failed"} 1.07e+09',
        "# TYPE go_goroutines gauge",
        "go_goroutines 23",
    )
    assert (snapshot.pod, snapshot.taken, snapshot.process_start, snapshot.source) == (
        POD,
        TAKEN,
        STARTED,
        "metrics",
    )
    assert [(sample.name, sample.labels, sample.value) for sample in snapshot.samples] == [
        (
            "cano_alerts_errors_total",
            {"alert_name": 'A "b" {c}', "error_type": "conversion_failed"},
            1070000000.0,
        ),
        ("process_start_time_seconds", {}, STARTED.timestamp()),
    ]


@pytest.mark.parametrize("name", ["cano_alerts_received_total", "alertmanager_alerts_total"])
def test_both_naming_schemes_are_known(name):
    assert [sample.name for sample in parsed(f'{name}{{status="firing"}} 4').samples] == [
        name,
        "process_start_time_seconds",
    ]


def test_a_family_of_another_name_that_begins_alike_is_not_wanted():
    assert (
        len(
            parsed(
                "http_requests_total_other 4",
                "cano_alerts_errors_totals 1",
                "cano_alerts_errors_total_created 1",
            ).samples
        )
        == 1
    )


def test_a_histogram_comes_with_its_parts_only_where_it_is_wanted():
    lines = (
        "# TYPE cano_alerts_processing_duration_seconds histogram",
        'cano_alerts_processing_duration_seconds_bucket{le="+Inf"} 4',
        "cano_alerts_processing_duration_seconds_sum 0.5",
        "cano_alerts_processing_duration_seconds_count 4",
    )
    assert [sample.name for sample in parsed(*lines, wanted=FAMILIES).samples] == [
        "process_start_time_seconds"
    ]
    assert [sample.name.rsplit("_", 1)[1] for sample in parsed(*lines).samples] == [
        "bucket",
        "sum",
        "count",
        "seconds",
    ]


ONE_PROCESS = "process_start_time_seconds, but one process has exactly one"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the exposition is empty"),
        (b" \n\n", "the exposition is empty"),
        (b"\n<!DOCTYPE html><html></html>\n", "this is a page of HTML, not an exposition"),
        (b'{"kind":"Status","code":503}\n', "line 1 does not parse"),
        (body("go_goroutines 3", start=""), f"it has no {ONE_PROCESS}"),
        (body(START.strip().replace("seconds ", 'seconds{a="b"} ')), f"it has 2 {ONE_PROCESS}"),
        (body(start="process_start_time_seconds 0\n"), "process_start_time_seconds is 0, so the start of the process is not known"),
        (body("cano_alerts_errors_total 1", "cano_alerts_errors_total 1"), "it holds a series of cano_alerts_errors_total twice"),
        (
            body('cano_alerts_errors_total{a="1",b="2"} 1', 'cano_alerts_errors_total{b="2",a="1",c=""} 4'),
            "it holds a series of cano_alerts_errors_total twice",
        ),
        (body("cano_alerts_errors_total 1e400"), "a series of cano_alerts_errors_total is inf"),
        (body("cano_alerts_errors_total 1" + "0" * 400), "a series of cano_alerts_errors_total is inf"),
        (body("cano_alerts_errors_total NaN"), "a series of cano_alerts_errors_total is nan"),
        (body("cano_alerts_errors_total +Inf"), "a series of cano_alerts_errors_total is inf"),
        (body("cano_alerts_errors_total -1"), "a series of cano_alerts_errors_total is -1"),
        (body("cano_alerts_errors_total"), "line 1 does not parse"),
        (body("go_threads 7", 'cano_alerts_errors_total{a="secret} 1'), "line 2 does not parse"),
        (body("cano_alerts_errors_total one"), "line 1 does not parse"),
        (b"go_threads 7\n\xff\n" + START.encode(), "byte 13 is not UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_whole_exposition_is_refused(content, why):
    assert refused(content) == why


def test_a_cut_in_the_middle_of_a_line_is_truncated():
    assert (
        refused(body("cano_alerts_errors_total 10")[:-4], Truncated)
        == "the last line has no end, so the rest is missing"
    )


def test_a_value_that_is_not_wanted_may_be_anything():
    assert len(parsed("go_gc_duration_seconds NaN", "go_gc_duration_seconds NaN").samples) == 1


@pytest.mark.parametrize(("ahead", "fine"), [(299, True), (301, False)])
def test_a_process_starts_at_most_five_minutes_ahead_of_our_clock(ahead, fine):
    content = body(
        start=f"process_start_time_seconds {(TAKEN + timedelta(seconds=ahead)).timestamp():.3f}\n"
    )
    if fine:
        assert exposition.parse(content, pod=POD, taken=TAKEN).process_start == TAKEN + timedelta(
            seconds=ahead
        )
    else:
        assert "is in the future" in refused(content)


def test_no_message_quotes_what_a_label_holds():
    assert "xoxb" not in refused(body('cano_alerts_errors_total{a="xoxb-1} 1'))


PIECES = (
    b"cano_alerts_errors_total",
    b'{a="b"}',
    b"# TYPE ",
    b" counter",
    b"{",
    b"}",
    b'"',
    b"\\",
    b" ",
    b"\n",
    b"1",
    b"e",
    b",",
    b"=",
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=2))))
def test_whatever_comes_is_read_or_refused(parts):
    try:
        snapshot = exposition.parse(b"".join(parts) + b"\n" + START.encode(), pod=POD, taken=TAKEN)
    except Malformed:
        return
    assert snapshot.process_start == STARTED


@settings(max_examples=examples(40), deadline=None)
@given(
    st.integers(
        min_value=1, max_value=len(body("cano_alerts_errors_total 10", "go_goroutines 3")) - 1
    )
)
def test_a_body_that_is_cut_anywhere_never_reads_as_whole(length):
    with pytest.raises(Malformed):
        exposition.parse(
            body("cano_alerts_errors_total 10", "go_goroutines 3")[:length], pod=POD, taken=TAKEN
        )


def test_the_unaccounted_are_received_less_processed_and_failed():
    lines = (
        'alertmanager_alerts_total{status="firing"} 7', 'alertmanager_alerts_total{status="resolved"} 3',
        'cano_alerts_processed_total{source="processed"} 5', 'cano_alerts_processed_total{source="no_destinations"} 1',
        'cano_alerts_errors_total{error_type="dispatch_failed"} 2',
    )  # fmt: skip
    assert exposition.unaccounted(parsed(*lines)) == 2
    assert exposition.unaccounted(parsed()) == 0


def test_one_counter_under_two_names_that_differ_is_ambiguous():
    with pytest.raises(Ambiguous):
        exposition.unaccounted(
            parsed("alertmanager_alerts_total 7", "cano_alerts_received_total 8")
        )
    assert (
        exposition.unaccounted(
            parsed("alertmanager_alerts_total 7", "cano_alerts_received_total 7")
        )
        == 7
    )


def test_fifty_thousand_unwanted_series_are_passed_over():
    lines = [
        f'cano_other_seconds_bucket{{alert_name="a{number}",le="1"}} 4' for number in range(50_000)
    ]
    assert len(parsed(*lines, "cano_alerts_errors_total 1").samples) == 2


@pytest.mark.parametrize(
    "line",
    [
        b'cano_alerts_errors_total{alert_name="a",error_type="x"} 3 # {trace_id="t"} 1.0 1712345678.1',
        b'cano_alerts_errors_total{alert_name="a",error_type="x"} 3 1712345678000',
        b'cano_alerts_errors_total { alert_name = "a" , error_type = "x" , } 3',
        b'{"cano_alerts_errors_total",alert_name="a",error_type="x"} 3',
    ],
)
def test_exemplars_times_and_quoted_names_of_newer_formats_are_read(line: bytes) -> None:
    """prometheus/common#219 and #537: OpenMetrics, and UTF-8 names beside the usual ones."""
    beside = b"""# TYPE "my.metric" gauge
{"my.metric","label.x"="v"} 1
cano_alerts_errors_created{alert_name="a",error_type="x"} 1.7e9
process_start_time_seconds 1.7e9
"""
    found = exposition.parse(beside + line + b"\n# EOF\n", pod=POD, taken=TAKEN)
    (one,) = (one for one in found.samples if one.name == "cano_alerts_errors_total")
    assert (one.value, one.labels) == (3, {"alert_name": "a", "error_type": "x"})
