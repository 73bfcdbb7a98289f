"""`pictrace-api`: serves the API and the page until it is told to stop."""

import asyncio
import logging.config
import os
import socket
import sys
import tempfile
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.markup import escape
from uvicorn.supervisors import Multiprocess

from api.ledger import raise_descriptor_limit
from api.serving import LOGGING, listening_socket, uvicorn_options
from api.settings import ApiSettings
from engine import (
    PATIENCE_S,
    InvalidSetting,
    PicTraceError,
    UnknownNetwork,
    open_service,
    prepare_streams,
    unknown_variables,
)

err = Console(stderr=True, highlight=False)
WRONG_USE = 2  # exit status, as the shell has it


def serve(
    host: Annotated[str | None, typer.Option(metavar="TEXT", help="Address to serve on (PICTRACE_HOST).")] = None,
    port: Annotated[str | None, typer.Option(metavar="N", help="Port to serve on (PICTRACE_PORT).")] = None,
    workers: Annotated[str | None, typer.Option(metavar="N", help="Processes (PICTRACE_API_WORKERS).")] = None,
) -> None:
    """Serve the REST API and the page."""
    # Numbers are read by the settings, which say in plain words what is wrong with them.
    given = {"host": host, "port": port, "api_workers": workers}
    overrides = {name: value for name, value in given.items() if value is not None}
    try:
        settings = ApiSettings.load(**overrides)
        for sentence in unknown_variables():
            err.print(escape(sentence), soft_wrap=True)
        listening = _listen(settings)
        has_key, key = asyncio.run(_prepare(settings))
    except PicTraceError as error:
        err.print(f"[red]{escape(str(error))}[/red] [dim]({error.code})[/dim]")
        raise typer.Exit(WRONG_USE if isinstance(error, InvalidSetting | UnknownNetwork) else 1) from None
    for name, value in overrides.items():  # workers read the settings for themselves
        os.environ[f"PICTRACE_{name.upper()}"] = str(value)
    _announce(settings, listening.getsockname()[1], has_key=has_key, key=key)
    _run(settings, listening)


def main() -> None:
    """What `pictrace-api` does once its modules are there."""
    prepare_streams()
    logging.config.dictConfig(LOGGING)
    typer.run(serve)


async def _prepare(settings: ApiSettings) -> tuple[bool, str | None]:
    """Make or migrate the library, prepare its network, begin its webhook, and make its admin key if there is none.

    Done once, before any worker starts. Returns whether there is an admin key, and the key if it was made now: only
    its hash is stored. A key is only made where somebody sees it: a service's output goes to a log, which others read.
    """
    async with open_service(settings, patience_s=PATIENCE_S) as service:
        await service.warm_up()
        await service.webhook.begin()
        if settings.admin_key or await service.admin_key.exists():
            return True, None
        if service.database.read_only or not sys.stderr.isatty():
            return False, None
        return True, await service.admin_key.make()


def _listen(settings: ApiSettings) -> socket.socket:
    try:
        listening = listening_socket(settings.host, settings.port)
    except OSError as error:
        reason = error.strerror or "not possible"
        err.print(
            f"[red]{escape(settings.host)}:{settings.port} cannot be served on: {reason}.[/red] "
            "PICTRACE_PORT (or --port) chooses another port, PICTRACE_HOST another address."
        )
        raise typer.Exit(WRONG_USE if isinstance(error, socket.gaierror) else 1) from None
    listening.set_inheritable(True)
    return listening


def _announce(settings: ApiSettings, port: int, *, has_key: bool, key: str | None) -> None:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    at = escape(at)
    err.print(f"PicTrace is at [bold]{at}[/bold]    Ctrl-C stops it", soft_wrap=True)
    if key:
        err.print(f"As admin, who may add and remove: [bold]{at}/#key={key}[/bold]", soft_wrap=True)
        err.print(f"The admin key is [bold]{key}[/bold]: keep it, it is not shown again.", soft_wrap=True)
    elif not has_key:
        err.print("There is no admin key yet: run `pictrace admin-key --new`, which makes one.", soft_wrap=True)
    elif settings.admin_key is None:
        err.print("The admin key was shown when it was made; `pictrace admin-key --new` makes another.", soft_wrap=True)
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        err.print(
            "Other machines can reach it, unencrypted: put a reverse proxy with TLS before it, and consider "
            "PICTRACE_SEARCH_KEY.",
        )


def _run(settings: ApiSettings, listening: socket.socket) -> None:
    options = uvicorn_options(settings, descriptors=raise_descriptor_limit())
    config = uvicorn.Config("api.app:create_app", factory=True, **options)
    server = uvicorn.Server(config)
    if settings.api_workers == 1:
        with suppress(KeyboardInterrupt):  # raised again once all is done
            server.run(sockets=[listening])
        return
    with tempfile.TemporaryDirectory(prefix="pictrace-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        Multiprocess(config, sockets=[listening]).run()
