"""Which metrics an expression names."""

import pytest

from upkeep.adapters.http.promql import metrics_named


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("time() - cano_backup_last_success_timestamp > 86400", {"cano_backup_last_success_timestamp"}),
        ("time() - max by (namespace, pod) (a_b{job=\"x y\", c!~'d|e'}) > 1e5 or absent(a_b)", {"a_b"}),
        ("sum(rate(errors_total[5m] offset 1h)) without (pod) / on (pod) group_left (node) sum(rate(all_total[5m]))", {"errors_total", "all_total"}),
        ("sum without (pod) (rate(errors_total[5m:30s] @ start())) # not_this one\n> bool 0x1F", {"errors_total"}),
        ('{__name__="by_label", job="x"} unless {"quoted.name"}', {"by_label", "quoted.name"}),
        ("job:errors:rate5m and ON(pod) vector(1) == Inf", {"job:errors:rate5m"}),
        ("histogram_quantile(0.95, sum(rate(work_seconds_bucket[5m])) by (le))", {"work_seconds_bucket"}),
        ("topk(3, a) > atan2", {"a"}),
        ('label_replace(a, "b", "$1", "c", "(.*)")', {"a"}),
        ("vector(0) > 1", set()),
        ("1 > 2", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_the_names_of_an_expression(expression, names):
    assert metrics_named(expression) == names
