"""What Prometheus may ask. With several workers the parent sets PROMETHEUS_MULTIPROC_DIR before this is imported."""

import os
from contextlib import suppress
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from engine import AddResult, Level, SearchResult, WebhookState

SECONDS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.16, 0.25, 0.5, 1, 2, 5, 15)
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

disable_created_metrics()  # type: ignore[no-untyped-call]
requests = Counter("pictrace_requests", "Requests answered.", ["method", "route", "status"])
request_seconds = Histogram("pictrace_request_seconds", "Time to the answer.", ["route"], buckets=SECONDS)
searches = Counter(
    "pictrace_searches", "Searches answered, by the first match: its lane, weak, or nothing.", ["outcome"]
)
stage_seconds = Histogram("pictrace_stage_seconds", "Time of each stage of a search.", ["stage"], buckets=SECONDS)
added = Counter("pictrace_added", "Pictures given to add, by what became of them.", ["status"])
fetches = Counter("pictrace_fetches", "URLs fetched, by error code or ok.", ["outcome"])
places = Gauge("pictrace_places", "Work under way.", ["kind", "state"], multiprocess_mode="livesum")
pictures = Gauge("pictrace_pictures", "Pictures in the library.", multiprocess_mode="mostrecent")
index_lag = Gauge("pictrace_index_lag", "Changes the index had yet to take in.", multiprocess_mode="mostrecent")
webhook_waiting = Gauge(
    "pictrace_webhook_waiting", "Events that the webhook has yet to be told.", multiprocess_mode="mostrecent"
)
webhook_failures = Gauge(
    "pictrace_webhook_failures", "Tries in a row at which the webhook was not told.", multiprocess_mode="mostrecent"
)
webhook_given_up = Gauge(
    "pictrace_webhook_given_up", "Events that the webhook was never told.", multiprocess_mode="mostrecent"
)


def searched(result: SearchResult) -> None:
    """Count a search and its stages."""
    first = result.matches[0] if result.matches else None
    searches.labels("nothing" if first is None else "weak" if first.weak else first.lane).inc()
    for stage, took_ms in result.timings_ms.items():
        stage_seconds.labels(stage).observe(took_ms / 1000)


def gave(result: AddResult) -> None:
    """Count what became of a picture that was to be added."""
    added.labels(result.status).inc()


def exposed(level: Level, webhook: WebhookState) -> tuple[bytes, str]:
    """All of it in Prometheus' text format, and its media type."""
    pictures.set(level.pictures)
    index_lag.set(level.lag)
    webhook_waiting.set(webhook.waiting)
    webhook_failures.set(webhook.failures)
    webhook_given_up.set(webhook.given_up)
    registry = REGISTRY
    if MULTIPROCESS in os.environ:
        _forget_dead(Path(os.environ[MULTIPROCESS]))
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _forget_dead(folder: Path) -> None:
    """A worker that was killed could not give back its places."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another worker was quicker
                multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
