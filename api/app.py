"""create_app: puts settings, service, guards, routes and page together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.routing import Match, Mount
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import errors, metrics
from api.addresses import Crowd, exempt
from api.admission import Admission
from api.body import OVERHEAD_BYTES
from api.dependencies import Running, new_limiter
from api.description import describe
from api.guards import Guard
from api.ledger import MOST_EACH
from api.page import PageFiles, ProblemPages, ServedPage
from api.routes import additions, duplicates, health, images, many, operations, samples, search, trash
from api.settings import ApiSettings
from engine import PATIENCE_S, give_memory_back, open_service

OF_THE_API = ("/v1/", "/health/", "/metrics")
FETCHES, FETCHES_WAITING = 16, 32
DESCRIPTION = """Find a picture in your own library: the five best matches, with a reason and an honest score.

Every error is `application/problem+json` with a stable `code`. Searching needs a key only where the server was started
with one; changing the library needs the admin key: `Authorization: Bearer <key>`."""


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """The application; without settings they are read from the environment, as each worker does."""
    settings = settings or ApiSettings.load()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        give_memory_back()
        limiter, limit = new_limiter(settings)
        running = max(1, settings.max_running // settings.api_workers)
        waiting = settings.max_waiting // settings.api_workers
        async with open_service(settings, patience_s=PATIENCE_S) as service, service.webhook.delivering():
            await service.warm_up()
            app.state.running = Running(
                settings=settings,
                service=service,
                computing=Admission(running=running, waiting=waiting, gauge=metrics.places, name="search"),
                fetching=Admission(running=FETCHES, waiting=FETCHES_WAITING, gauge=metrics.places, name="fetch"),
                limiter=limiter,
                limit=limit,
            )
            yield

    app = FastAPI(
        title="PicTrace",
        version=version("pictrace"),
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # a client that is made of it has a method of this name
    )
    routers = [one.router for one in (search, images, additions, many, trash, operations, duplicates, samples, health)]
    for router in routers:
        app.include_router(router)
    errors.register(app, routers)
    page = ServedPage()
    app.router.routes.append(_PageMount("/", PageFiles(page), name="page"))
    proxies = [host for host in settings.trusted_proxies if host != "*"]
    app.add_middleware(
        Guard,
        allowed_hosts=settings.allowed_hosts,
        max_body_bytes=settings.max_bytes + OVERHEAD_BYTES,
        max_archive_body_bytes=settings.max_uploaded_archive_bytes + OVERHEAD_BYTES,
        crowd=Crowd(most=max(1, MOST_EACH // settings.api_workers), exempt=exempt(proxies)),
    )
    app.add_middleware(ProblemPages, page=page)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


class _PageMount(Mount):
    """The page's files: everything that is not the API's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.NONE, {}) if scope["path"].startswith(OF_THE_API) else super().matches(scope)
