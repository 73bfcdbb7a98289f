"""What routes are given: the service, the settings, and the checks of keys and rates."""

import secrets
import time
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from api.addresses import client_address
from api.admission import Admission
from api.errors import Problem
from api.guards import ANSWER_HEADERS
from api.settings import ApiSettings
from engine import SearchService

Access = Literal["none", "search", "admin"]
ACTOR = "api"
CLOCK_JITTER_S = 1
WRONG_KEYS_A_MINUTE = 10  # of one address, over all workers

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="The admin key (made at the first start in a terminal, or by `pictrace admin-key --new`), or the "
    f"search key. After {WRONG_KEYS_A_MINUTE} wrong keys in a minute, more of the same address are answered with 429.",
)


class Limiter(MovingWindowRateLimiter):
    """Counts in memory; forgets all when the clock is set back, for what was counted would lie in the future."""

    def __init__(self) -> None:
        self._counts = MemoryStorage()
        self._latest = 0.0
        super().__init__(self._counts)

    async def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        now = time.time()
        if now < self._latest - CLOCK_JITTER_S:
            await self._counts.reset()
        self._latest = now
        return await super().hit(item, *identifiers, cost=cost)


@dataclass(frozen=True, slots=True)
class Running:
    """What one process of the API has while it runs."""

    settings: ApiSettings
    service: SearchService
    computing: Admission
    fetching: Admission
    limiter: Limiter
    limit: RateLimitItem | None


def running(request: Request) -> Running:
    """What the lifespan has set up."""
    found: Running = request.app.state.running
    return found


Here = Annotated[Running, Depends(running)]


def new_limiter(settings: ApiSettings) -> tuple[Limiter, RateLimitItem | None]:
    """The limiter of one process, and its share of the limit."""
    a_minute = max(1, settings.rate_limit // settings.api_workers)
    limit = RateLimitItemPerMinute(a_minute) if settings.rate_limit else None
    return Limiter(), limit


async def access(
    request: Request, here: Here, key: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Access:
    """What the given key allows; a wrong one is refused, whether one was needed or not."""
    settings = here.settings
    if key is None:
        return "none"
    if _is(key.credentials, settings.admin_key) or await here.service.admin_key.fits(key.credentials):
        return "admin"
    if _is(key.credentials, settings.search_key):
        return "search"
    await _count_wrong_key(request, here)
    raise Problem("wrong_key", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


Given = Annotated[Access, Depends(access)]


async def reader(here: Here, given: Given) -> None:
    """Where a search key is set, it is needed for searching and looking."""
    if given == "none" and here.settings.search_key:
        raise Problem("key_required", headers={"WWW-Authenticate": "Bearer"})


async def admin(given: Given) -> None:
    """Changing the library needs the admin key."""
    if given == "none":
        raise Problem("key_required", headers={"WWW-Authenticate": "Bearer"})
    if given != "admin":
        raise Problem("admin_only")


async def rated(request: Request, here: Here, given: Given) -> None:
    """Count a search or a fetch against the limit of its key, or else of its address; tell how much is left."""
    if here.limit is None:
        return
    who = client_address(request) if given == "none" else f"key:{given}"  # there is one key of each kind
    allowed = await here.limiter.hit(here.limit, who)
    window = await here.limiter.get_window_stats(here.limit, who)
    wait_s = max(1, round(window.reset_time - time.time()))
    said = {
        "RateLimit-Limit": str(here.limit.amount),
        "RateLimit-Remaining": str(window.remaining),
        "RateLimit-Reset": str(wait_s),
    }
    request.scope.setdefault(ANSWER_HEADERS, {}).update(said)
    if not allowed:
        detail = f"More than {here.limit.amount} searches a minute; come again in {wait_s} s."
        raise Problem("rate_limited", detail, {"Retry-After": str(wait_s)})


async def _count_wrong_key(request: Request, here: Running) -> None:
    """Refuse more than a few a minute. A right key is never counted: many people may share one address."""
    limit = RateLimitItemPerMinute(max(1, WRONG_KEYS_A_MINUTE // here.settings.api_workers))
    who = f"wrong-key:{client_address(request)}"
    if not await here.limiter.hit(limit, who):
        window = await here.limiter.get_window_stats(limit, who)
        wait_s = max(1, round(window.reset_time - time.time()))
        detail = f"Too many wrong keys came from this address; come again in {wait_s} s, or with a right one."
        raise Problem("rate_limited", detail, {"Retry-After": str(wait_s)})


def _is(key: str, wanted: object) -> bool:
    secret = getattr(wanted, "get_secret_value", lambda: "")()
    return bool(secret) and secrets.compare_digest(key.encode("utf-8", "replace"), secret.encode())
