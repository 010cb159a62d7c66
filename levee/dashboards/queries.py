"""PromQL that many panels share."""

from __future__ import annotations

from levee.dashboards.panels import Query


def rate(metric: str, by: str, selector: str = "") -> str:
    """Per second, summed by the labels `by`."""
    return f"sum by ({by}) (rate({metric}{selector}[$__rate_interval]))"


def increase(metric: str, by: str, selector: str = "") -> str:
    """How many came in each interval, summed by the labels `by`."""
    return f"sum by ({by}) (increase({metric}{selector}[$__rate_interval]))"


def quantiles(metric: str, by: str, selector: str, legend: str) -> list[Query]:
    """Median, 95 % and 99 % of a histogram of seconds."""
    buckets = rate(f"{metric}_bucket", f"{by}, le", selector)
    return [
        Query(f"histogram_quantile({quantile}, {buckets})", f"{legend} {name}")
        for quantile, name in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    ]
