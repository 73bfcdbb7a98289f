"""The webhook: tells another server what is added and removed, and which watched pictures have appeared.

Signed as https://www.standardwebhooks.com has it. Any process that stays may deliver, one at a time; what is not
delivered yet is stored, so that nothing is lost with a process, and an event may come twice, with the same id.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from engine.concurrency import CpuPool, beside
from engine.domain import WebhookState
from engine.errors import LibraryBusy, LibraryError
from engine.settings import EngineSettings, webhook_key
from engine.storage.database import StillAlone
from engine.storage.repository import Repository
from engine.storage.webhook_events import GIVE_UP, LONGEST_PAUSE, WebhookEvent

logger = logging.getLogger(__name__)

WORK = "webhook"  # which one process does at a time
TURN_S = 0.05  # that another one has to end; it comes round again anyway
EVERY_S = 3.0
TIMEOUT_S = 15.0  # for an answer
TOGETHER = 20  # events that are crossed off in one transaction
FIRST_PAUSE = timedelta(seconds=5)  # after a failure; each further one doubles it
GONE = 410


class Webhook:
    """Delivers the events of one library to the endpoint of its settings."""

    def __init__(self, settings: EngineSettings, repository: Repository, pool: CpuPool) -> None:
        self._url = settings.webhook_url or ""
        self._key = webhook_key(settings.webhook_secret.get_secret_value()) if settings.webhook_secret else b""
        self._database = repository.database
        self._events = repository.webhook_events
        self._pool = pool

    async def state(self) -> WebhookState:
        """How it is doing, whichever process delivers."""
        return await self._events.state(self._url) if self._url else WebhookState()

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Deliver meanwhile, for doors that stay."""
        async with beside(self.run):
            yield

    async def begin(self) -> None:
        """Begin with what happens from now on, if nothing was begun; also where the endpoint was gone before."""
        if not self._url or self._database.read_only:
            return
        known = await self._events.endpoint(self._url)
        if known is None or known.is_gone:
            await self._events.begin(self._url)

    async def run(self) -> None:
        """Deliver until cancelled, if there is a webhook."""
        if not self._url or self._database.read_only:
            return
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            has_begun = False
            while True:
                try:
                    if not has_begun:
                        await self.begin()
                        has_begun = True
                    await self._take_turn(session)
                except LibraryError as error:
                    logger.warning("the webhook has to wait: %s", error)
                except Exception:  # whatever it was, it must not end the delivery of all
                    logger.exception("the webhook could not be served")
                await asyncio.sleep(EVERY_S)

    async def _take_turn(self, session: aiohttp.ClientSession) -> None:
        if not await self._events.is_due(self._url):
            return
        try:
            async with self._database.alone_at(WORK, self._pool, wait_s=TURN_S) as still_alone:
                while await self._events.is_due(self._url):
                    if forgotten := await self._events.collect(self._url):
                        logger.error("up to %d changes were forgotten before the webhook was told of them", forgotten)
                    await self._deliver(session, still_alone)
        except LibraryBusy:  # another process is at it
            return

    async def _deliver(self, session: aiohttp.ClientSession, still_alone: StillAlone) -> None:
        """Tell of some events, until one fails."""
        delivered: list[int] = []
        try:
            for event in await self._events.waiting(TOGETHER):
                await still_alone()
                status, problem = await self._post(session, event)
                if problem:
                    break
                delivered.append(event.id)
            else:
                return
        finally:
            if delivered:
                await self._events.delivered(self._url, delivered)
        await (self._stop() if status == GONE else self._put_off(event, problem))

    async def _stop(self) -> None:
        await self._events.stop(self._url)
        logger.error("the webhook at %s wants no more (status 410): what waits is dropped", self._place)

    async def _put_off(self, event: WebhookEvent, problem: str | None) -> None:
        known = await self._events.endpoint(self._url)
        pause = _pause_after(known.failures if known else 0)
        given_up = await self._events.failed(self._url, event, pause)
        logger.warning(
            "the webhook at %s was not told: %s; the next try is in %d s", self._place, problem, pause.total_seconds()
        )
        if given_up:
            logger.error("%d events for the webhook were given up after %d days", given_up, GIVE_UP.days)

    async def _post(self, session: aiohttp.ClientSession, event: WebhookEvent) -> tuple[int, str | None]:
        """Send one event: the answer's status, and what is wrong with it. Of the answer nothing else is read."""
        body = event.body.encode()
        headers = self._headers(event.event_id, body)
        try:
            async with session.post(
                URL(self._url, encoded=True), data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, None if 200 <= answer.status < 300 else f"it answers {answer.status}"
        except TimeoutError:
            return 0, f"it does not answer within {TIMEOUT_S:.0f} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:  # their texts may hold the URL
            return 0, getattr(error, "strerror", None) or type(error).__name__

    def _headers(self, event_id: str, body: bytes) -> dict[str, str]:
        at = str(int(time.time()))
        signed = hmac.digest(self._key, b".".join((event_id.encode(), at.encode(), body)), hashlib.sha256)
        return {
            "Content-Type": "application/json",
            "User-Agent": f"PicTrace/{version('pictrace')}",
            "webhook-id": event_id,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }

    @property
    def _place(self) -> str:
        """Where it is, for the log; path and query may be secret."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc}"


def _pause_after(failures: int) -> timedelta:
    """Until the next try: twice as long each time, up to an hour, and not for all receivers at the same moment."""
    longest = min(FIRST_PAUSE * (1 << min(failures, 20)), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1)
