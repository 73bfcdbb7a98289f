"""What a webhook is told: events in the order in which they happened, from the change feed and from watches.

How far the feed has been read stands in the library's settings and is changed together with the events, so that each
change becomes one event, whichever processes are at it.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.domain import StoredImage, WebhookState
from engine.storage import clock, statements
from engine.storage.database import Database
from engine.storage.tables import changes, images, operations, settings, webhook_events

WEBHOOK = "webhook"  # key of the endpoint in a library's settings
TYPES = {"added": "image.added", "restored": "image.added", "removed": "image.removed"}  # by kind of change
HIT = "watch.hit"
GIVE_UP = timedelta(days=3)  # after an event, if the endpoint cannot be told of it
COLLECTED = 500  # changes at a time; the others wait in the feed
LONGEST_PAUSE = timedelta(hours=1)
MOST_CHARACTERS, MOST_TAGS, LONGEST_URL = 500, 30, 4096  # that an event tells; every door takes as much


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How it stands with the endpoint at a URL: the change that was read last, and what went wrong."""

    url: str
    seq: int
    failures: int = 0  # tries in a row
    due: str | None = None  # the time of the next try after a failure
    given_up: int = 0  # events, ever
    is_gone: bool = False  # it has said that it wants no more

    @property
    def waits(self) -> bool:
        """Whether it is to be left alone for now; a time that no pause leads to was noted by a wrong clock."""
        now = clock.now()
        return self.due is not None and now < datetime.fromisoformat(self.due) <= now + LONGEST_PAUSE


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event as it is sent."""

    id: int
    event_id: str
    body: str


class WebhookEvents:
    """Reads and changes what the webhook of one library has yet to be told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def endpoint(self, url: str) -> Endpoint | None:
        """How it stands with this URL; None where nothing was begun for it."""
        async with self._database.read() as connection:
            return await _endpoint(connection, url)

    async def begin(self, url: str) -> None:
        """From now on this URL is told what happens; what waited for another one is told to this."""
        async with self._database.write() as connection:
            known = await _endpoint(connection)
            if known is None or known.is_gone:
                await _put(connection, Endpoint(url, (await statements.head(connection)).seq))
            else:
                await _put(connection, replace(known, url=url, failures=0, due=None))

    async def is_due(self, url: str) -> bool:
        """Whether there is anything to be told, and it is time to."""
        async with self._database.read() as connection:
            known = await _endpoint(connection, url)
            if known is None or known.is_gone or known.waits:
                return False
            if (await statements.head(connection)).seq > known.seq:
                return True
            return await connection.scalar(select(webhook_events.c.id).limit(1)) is not None

    async def state(self, url: str) -> WebhookState:
        """How it is doing."""
        async with self._database.read() as connection:
            known = await _endpoint(connection, url)
            if known is None or known.is_gone:
                return WebhookState()
            collected = await connection.scalar(select(func.count()).select_from(webhook_events)) or 0
            unread = select(func.count()).select_from(changes).where(changes.c.seq > known.seq, _is_told())
            return WebhookState(collected + (await connection.scalar(unread) or 0), known.failures, known.given_up)

    async def collect(self, url: str) -> int:
        """Make events of the next changes; returns how many changes were forgotten before they could be read."""
        async with self._database.write() as connection:
            known = await _endpoint(connection, url)
            if known is None or known.is_gone:
                return 0
            head = await statements.head(connection)
            rows = (await connection.execute(_changes_after(known.seq))).all()
            events = [_of_change(row) for row in rows]
            if events:
                await connection.execute(insert(webhook_events), events)
            seq = rows[-1].seq if len(rows) == COLLECTED else head.seq
            if seq != known.seq:
                await _put(connection, replace(known, seq=seq))
            return max(0, head.trimmed - known.seq)

    async def waiting(self, limit: int) -> list[WebhookEvent]:
        """Events in their order; those that were tried before come after those that were not."""
        query = select(webhook_events).order_by(webhook_events.c.attempts, webhook_events.c.id).limit(limit)
        async with self._database.read() as connection:
            return [WebhookEvent(row.id, row.event_id, row.body) for row in await connection.execute(query)]

    async def delivered(self, url: str, ids: Sequence[int]) -> None:
        """The endpoint has taken these."""
        async with self._database.write() as connection:
            for part in statements.chunks(ids):
                await connection.execute(delete(webhook_events).where(webhook_events.c.id.in_(part)))
            known = await _endpoint(connection, url)
            if known and known.failures:
                await _put(connection, replace(known, failures=0, due=None))

    async def failed(self, url: str, event: WebhookEvent, pause: timedelta) -> int:
        """The endpoint could not be told of an event: leave it alone for a while.

        All that is too old by now is given up; returns how many events.
        """
        now = clock.now()
        async with self._database.write() as connection:
            tried = update(webhook_events).where(webhook_events.c.id == event.id)
            await connection.execute(tried.values(attempts=webhook_events.c.attempts + 1))
            too_old = delete(webhook_events).where(webhook_events.c.at < now - GIVE_UP)
            given_up: int = (await connection.execute(too_old)).rowcount
            if known := await _endpoint(connection, url):
                failures, total = known.failures + 1, known.given_up + given_up
                due = (now + pause).isoformat()
                await _put(connection, replace(known, failures=failures, due=due, given_up=total))
        return given_up

    async def stop(self, url: str) -> None:
        """The endpoint wants no more: what waits is dropped, and nothing is collected."""
        async with self._database.write() as connection:
            await connection.execute(delete(webhook_events))
            if known := await _endpoint(connection, url):
                await _put(connection, replace(known, failures=0, due=None, is_gone=True))


async def put_hit(connection: AsyncConnection, watch: Any, image_id: int, score: float) -> None:
    """A picture that somebody waited for has appeared; to be told where the library has a webhook."""
    known = await _endpoint(connection)
    if known is None or known.is_gone:
        return
    row = (await connection.execute(select(images).where(images.c.id == image_id))).first()
    data = {"id": image_id, "watch_id": watch.id, "query_sha256": watch.query_sha256, "score": round(score, 4)}
    await connection.execute(insert(webhook_events).values(_event(HIT, clock.now(), data | {"image": _image(row)})))


async def needed_from(connection: AsyncConnection) -> int | None:
    """The first change that the webhook has yet to read, if that is not too old by now."""
    known = await _endpoint(connection)
    if known is None or known.is_gone:
        return None
    recent = operations.c.at >= clock.now() - GIVE_UP
    found: int | None = await connection.scalar(
        select(func.min(changes.c.seq)).join(operations).where(changes.c.seq > known.seq, recent)
    )
    return found


async def _endpoint(connection: AsyncConnection, url: str | None = None) -> Endpoint | None:
    """The library's endpoint, if it is at this URL."""
    value = await connection.scalar(select(settings.c.value).where(settings.c.key == WEBHOOK))
    known = Endpoint(**value) if value else None
    return known if known and url in (None, known.url) else None


async def _put(connection: AsyncConnection, endpoint: Endpoint) -> None:
    await statements.put_setting(connection, WEBHOOK, asdict(endpoint))


def _is_told() -> Any:
    return changes.c.kind.in_(TYPES)


def _changes_after(seq: int) -> Select[Any]:
    """With the pictures, as far as they are still there."""
    columns = (changes.c.seq, changes.c.kind, changes.c.image_id, changes.c.operation_id, operations.c.at)
    return (
        select(*columns, *(column for column in images.c))
        .join(operations, operations.c.id == changes.c.operation_id)
        .outerjoin(images, images.c.id == changes.c.image_id)
        .where(changes.c.seq > seq, _is_told())
        .order_by(changes.c.seq)
        .limit(COLLECTED)
    )


def _of_change(row: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"id": row.image_id, "operation_id": row.operation_id}
    if row.kind != "removed":
        data["restored"] = row.kind == "restored"
    return _event(TYPES[row.kind], row.at.replace(tzinfo=UTC), data | {"image": _image(row)})


def _event(kind: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """A row of events; the body is sent as it is written here."""
    told = {"type": kind, "timestamp": at.isoformat(timespec="seconds"), "data": data}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return {"event_id": f"evt_{secrets.token_hex(16)}", "body": body, "at": at}


def _image(row: Any) -> dict[str, Any] | None:
    """What an event says of a picture; None where it has been purged. However long its texts are, it stays small."""
    if row is None or row.sha256 is None:
        return None
    image: StoredImage = statements.image(row)
    return {
        "sha256": image.sha256,
        "filename": image.filename[:MOST_CHARACTERS],
        "title": image.title and image.title[:MOST_CHARACTERS],
        "tags": [tag[:MOST_CHARACTERS] for tag in image.tags[:MOST_TAGS]],
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "byte_size": image.byte_size,
        "created_at": image.created_at.isoformat(timespec="seconds"),
        "source_url": _short(image.source_url),
        "page_url": _short(image.page_url),
    }


def _short(url: str | None) -> str | None:
    """A URL; none where it is too long, for a part of it would lead elsewhere."""
    return url if url and len(url) <= LONGEST_URL else None
