"""schemathesis asks every operation of the description, with a fixed seed: the answers are what it says."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.app import create_app
from api.serving import listening_socket
from api.settings import ApiSettings
from engine import open_service
from engine.errors import FetchFailed
from engine.pictures.fetch import Fetcher
from tests.api.conftest import ADMIN, uvicorn_config
from tests.conftest import PHOTOGRAPHS, SHIPPED, add_paths


@schemathesis.check
def nothing_went_wrong_inside(context: schemathesis.CheckContext, response: schemathesis.Response, case: Any) -> None:
    """502 and 504 say that another site's server failed; no other failure is the client's to see."""
    assert response.status_code < 500 or response.json()["code"] in ("fetch_denied", "fetch_failed", "fetch_timeout")


CHECKS = [
    nothing_went_wrong_inside,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
EXAMPLES = 25


@contextmanager
def in_a_thread(application: ApiSettings) -> Iterator[str]:
    """The application on a real uvicorn; gives its URL."""
    app = create_app(application)
    listening = listening_socket("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn_config(app, application))
    thread = threading.Thread(target=server.run, args=[[listening]], daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data_dir: Path = tmp_path_factory.mktemp("library")
    own = ApiSettings(
        _env_file=None, data_dir=data_dir, admin_key=ADMIN, rate_limit=0, workers=2, fetch_timeout_s=1, max_bytes=10**6
    )

    async def fill() -> None:
        async with open_service(own) as service:
            await add_paths(service, *(SHIPPED / name for name in PHOTOGRAPHS))

    async def unreachable(*_: object) -> None:
        raise FetchFailed("No test leaves this machine.")

    asyncio.run(fill())
    with patch.object(Fetcher, "fetch", unreachable), in_a_thread(own) as url:
        yield url


described = schemathesis.openapi.from_dict(create_app(ApiSettings(_env_file=None)).openapi())


@described.parametrize()
@seed(20)
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_described(case: schemathesis.Case[Any], served: str) -> None:
    case.call_and_validate(base_url=served, headers={"Authorization": f"Bearer {ADMIN}"}, checks=CHECKS)
