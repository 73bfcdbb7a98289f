"""`pictrace-api`: serves the API and the page until it is told to stop."""

import asyncio
import logging
import os
import socket
import sys
import tempfile
from contextlib import suppress
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from rich.markup import escape
from uvicorn.config import LOGGING_CONFIG
from uvicorn.supervisors import Multiprocess

from api.settings import ApiSettings
from engine import PATIENCE_S, PicTraceError, open_service

BACKLOG = 2048
GRACE_S = 30  # running searches may finish
# For each worker; python-multipart warns of whatever a stranger sends.
LOGGING = LOGGING_CONFIG | {"loggers": LOGGING_CONFIG["loggers"] | {"python_multipart": {"level": "ERROR"}}}
err = Console(stderr=True, highlight=False)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to serve on (PICTRACE_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on (PICTRACE_PORT).")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes (PICTRACE_API_WORKERS).")] = None,
) -> None:
    """Serve the REST API and the page."""
    given = {"host": host, "port": port, "api_workers": workers}
    overrides = {name: value for name, value in given.items() if value is not None}
    try:
        settings = ApiSettings.load(**overrides)
        listening = _listen(settings)
        key = asyncio.run(_prepare(settings))
    except PicTraceError as error:
        err.print(f"[red]{escape(str(error))}[/red] [dim]({error.code})[/dim]")
        raise typer.Exit(1) from None
    for name, value in overrides.items():  # workers read the settings for themselves
        os.environ[f"PICTRACE_{name.upper()}"] = str(value)
    _announce(settings, listening.getsockname()[1], key)
    _run(settings, listening)


def main() -> None:
    """The entry point of `pictrace-api`."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    typer.run(serve)


async def _prepare(settings: ApiSettings) -> str | None:
    """Make or migrate the library, prepare its network, and make its admin key where there is none yet.

    Done once, before any worker starts. Returns the key if it was made now: only its hash is stored.
    """
    async with open_service(settings, patience_s=PATIENCE_S) as service:
        await service.level()
        if settings.admin_key or await service.has_admin_key():
            return None
        return await service.new_admin_key()


def _listen(settings: ApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(BACKLOG)  # now, so that of two that start at once only one gets the port
    except OSError as error:
        listening.close()
        reason = error.strerror or "not possible"
        err.print(
            f"[red]{escape(settings.host)}:{settings.port} cannot be served on: {reason}.[/red] "
            "PICTRACE_PORT (or --port) chooses another port, PICTRACE_HOST another address."
        )
        raise typer.Exit(1) from None
    listening.set_inheritable(True)
    return listening


def _announce(settings: ApiSettings, port: int, key: str | None) -> None:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    at = escape(at)
    err.print(f"PicTrace is at [bold]{at}[/bold]    Ctrl-C stops it", soft_wrap=True)
    if key:
        err.print(f"As admin, who may add and remove: [bold]{at}/#key={key}[/bold]", soft_wrap=True)
        err.print(f"The admin key is [bold]{key}[/bold]: keep it, it is not shown again.", soft_wrap=True)
    elif settings.admin_key is None:
        err.print(
            "The admin key was shown at the first start; `pictrace admin-key --new` makes another.", soft_wrap=True
        )
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        err.print(
            "Other machines can reach it, unencrypted: put a reverse proxy with TLS before it, and consider "
            "PICTRACE_SEARCH_KEY.",
        )


def _run(settings: ApiSettings, listening: socket.socket) -> None:
    options: dict[str, Any] = {
        "factory": True,
        "log_config": LOGGING,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
        "proxy_headers": False,  # create_app believes whom the settings trust
        "ws": "none",
        "workers": settings.api_workers,
    }
    config = uvicorn.Config("api.app:create_app", **options)
    server = uvicorn.Server(config)
    if settings.api_workers == 1:
        with suppress(KeyboardInterrupt):  # raised again once all is done
            server.run(sockets=[listening])
        return
    with tempfile.TemporaryDirectory(prefix="pictrace-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        Multiprocess(config, sockets=[listening]).run()


if __name__ == "__main__":
    main()
