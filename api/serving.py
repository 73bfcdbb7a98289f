"""How uvicorn is set up, for `pictrace-api` and for its tests: the socket, the options, the log."""

import logging
import socket
from functools import partial
from typing import Any

from uvicorn.config import LOGGING_CONFIG

from api.addresses import exempt
from api.connections import Connection, Patience
from api.ledger import LEAST_EACH, MOST_EACH, Ledger, backlog_of, most_of
from api.settings import ApiSettings
from engine import LogFormatter, RepeatLimit, configured_secrets

BACKLOG = 2048
STARTING_S = 15  # that a worker may take to answer its parent; so late a killed one may be noticed, too
GRACE_S = 6  # running searches may finish; with what comes after, a stop takes less than ten seconds


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on host and port. Raises OSError.

    TCP is named: asyncio turns off Nagle's algorithm only on sockets that say so. With it, every second answer on a
    connection that is kept alive would wait some 40 ms for the client's acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)  # now, so that of two that start at once only one gets the port
    except BaseException:
        listening.close()
        raise
    return listening


def new_ledger(settings: ApiSettings, *, descriptors: int) -> Ledger:
    """The ledger of one process, which may have so many files and sockets open."""
    return Ledger(
        most=most_of(descriptors),
        most_each=each_address(settings),
        exempt=exempt(settings.trusted_proxies),
    )


def each_address(settings: ApiSettings) -> int:
    """How many connections one address may have to one of the workers."""
    return max(LEAST_EACH, MOST_EACH // settings.api_workers)


def uvicorn_options(
    settings: ApiSettings, *, descriptors: int, ledger: Ledger | None = None, patience: Patience | None = None
) -> dict[str, Any]:
    """What `uvicorn.Config` is given beside the application. Workers get a copy each, and so a ledger of their own."""
    if ledger is None:
        ledger = new_ledger(settings, descriptors=descriptors)
    return {
        "http": partial(Connection, ledger=ledger, patience=patience),
        "ws": "none",
        "loop": "asyncio",
        "backlog": backlog_of(descriptors),
        "log_config": LOGGING,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # create_app believes whom the settings trust
        "timeout_graceful_shutdown": GRACE_S,
        "timeout_worker_healthcheck": STARTING_S,
        "workers": settings.api_workers,
    }


def _new_formatter() -> LogFormatter:
    return LogFormatter(configured_secrets())


def _logging() -> dict[str, Any]:
    common = {"filters": ["repeats"], "formatter": "ours"}
    ours = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    return LOGGING_CONFIG | {
        "filters": {"repeats": {"()": RepeatLimit}},
        "formatters": {"ours": {"()": _new_formatter}},
        "handlers": {name: handler | common for name, handler in LOGGING_CONFIG["handlers"].items()}
        | {"ours": ours | common},
        # python-multipart warns of whatever a stranger sends.
        "loggers": LOGGING_CONFIG["loggers"] | {"python_multipart": {"level": "ERROR"}},
        "root": {"level": logging.WARNING, "handlers": ["ours"]},
    }


LOGGING = _logging()  # of `pictrace-api`, and of each of its workers
