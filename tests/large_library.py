"""A large library made cheaply: rows of pictures that have no files, most of them without a thumbnail too."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from engine import SearchService
from engine.domain import FEATURES_VERSION
from engine.pictures import taking
from engine.storage import statements
from engine.storage.files import thumbnail_key
from engine.storage.name_keys import name_key
from engine.storage.pairs import THOROUGHLY
from engine.storage.statements import Operation
from engine.storage.tables import images

PORTION = 5000
A_DAY = 60  # pictures


async def fill(service: SearchService, count: int, *, thumbnail: bytes | None = None, with_thumbnail: int = 0) -> None:
    """Add `count` pictures of some hundred days, the last of them today; the newest may have a thumbnail, all the same one."""
    rows = list(_rows(count))
    for start in range(0, count, PORTION):
        part = rows[start : start + PORTION]
        async with service.repository.database.write() as connection:
            ids = (await connection.execute(insert(images).returning(images.c.id), part)).scalars().all()
            await statements.record(connection, Operation("add", "test"), [(i, "added", None) for i in ids])
    if thumbnail is not None:
        folder = Path(service.settings.data_dir)
        for row in rows[count - with_thumbnail :]:
            path = folder / thumbnail_key(str(row["sha256"]))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(thumbnail)


def _rows(count: int) -> Iterator[dict[str, object]]:
    now = datetime.now(UTC)
    for number in range(count):
        day = (count - 1 - number) // A_DAY
        name = f"IMG_{number}.jpg"
        yield {
            "sha256": hashlib.sha256(name.encode()).hexdigest(),
            "filename": name,
            "name_key": name_key(name),
            "tags": ["even"] if number % 2 == 0 else [],
            "media_type": "image/jpeg",
            "width": 4000,
            "height": 3000,
            "byte_size": 1_000_000 + number,
            "created_at": now - timedelta(days=day, seconds=count - number),
            "taken_version": taking.VERSION,
            "compared": THOROUGHLY,
            "features_version": FEATURES_VERSION,
        }
