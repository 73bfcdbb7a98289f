"""Stores new pictures, and remembers which files they came from."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from engine.domain import (
    AddResult,
    FileSeen,
    Prepared,
    Removal,
)
from engine.storage import statements
from engine.storage.database import Database
from engine.storage.files import FileStore, PictureFiles, extension_of
from engine.storage.statements import Operation
from engine.storage.tables import (
    files_seen,
    images,
)


class Additions:
    """Adds pictures to one library."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files

    async def known_files(self, seen: Sequence[FileSeen]) -> dict[str, int]:
        """Paths of unchanged files whose pictures are still in the library, files and all, with their ids.

        Without those whose files were missing: they are read again, and that they are there is written down.
        """
        unchanged: dict[str, tuple[int, str, str]] = {}
        by_path = {file.path: file for file in seen}
        async with self._database.read() as connection:
            for part in statements.chunks(list(by_path)):
                query = (
                    select(files_seen, images.c.sha256, images.c.media_type)
                    .join(images, images.c.id == files_seen.c.image_id)
                    .where(files_seen.c.path.in_(part), images.c.deleted_at.is_(None))
                    .where(images.c.source_missing_since.is_(None))
                )
                for row in await connection.execute(query):
                    file = by_path[row.path]
                    if (row.size, row.mtime_ns) == (file.size, file.mtime_ns):
                        unchanged[row.path] = (row.image_id, row.sha256, extension_of(row.media_type))
        whole = await self._files.having({(sha256, extension) for _, sha256, extension in unchanged.values()})
        return {path: image_id for path, (image_id, sha256, _) in unchanged.items() if sha256 in whole}

    async def see_files(self, seen: dict[FileSeen, int]) -> None:
        """Remember which picture each file holds, so that it is skipped as long as it is unchanged."""
        if not seen:
            return
        async with self._database.write() as connection:
            await statements.put_files_seen(connection, seen)

    async def add(self, prepared: Sequence[Prepared], operation: Operation) -> list[AddResult] | None:
        """Store pictures in one transaction: when this returns, they are there to stay.

        None, with nothing stored, where the library wants embeddings of a network that a picture lacks.
        """
        async with self._database.write() as connection:
            head = await statements.head(connection)
            wanted = [network for network in (head.network, head.next_network) if network]
            if any(network not in one.embeddings for one in prepared for network in wanted):
                return None
            if operation.id is not None and await statements.is_undone(connection, operation.id):
                operation.id = None  # taken back meanwhile: what comes now is an operation of its own
            known = await statements.by_sha256(connection, [one.features.sha256 for one in prepared])
            new: dict[str, Prepared] = {}
            for one in prepared:
                if one.features.sha256 not in known:
                    new.setdefault(one.features.sha256, one)
            added = await statements.insert_images(connection, list(new.values()), wanted) if new else {}
            results, recorded, files, seen = [], [], [], {}
            for one in prepared:
                sha256 = one.features.sha256
                image = known.get(sha256)
                if image is None:
                    image = added[sha256]
                    recorded.append((image.id, "added", None))
                    results.append(AddResult(one.provenance.name, "added", image.id))
                elif image.deleted_at is not None:
                    await statements.restore(connection, image.id, one.provenance)
                    await statements.put_warnings(connection, image.id, one.image.warnings)
                    await statements.put_embeddings(connection, {image.id: one.embeddings}, wanted)
                    await statements.put_parts(connection, image.id, one.parts, wanted)
                    recorded.append((image.id, "restored", None))
                    before = Removal(image.id, image.deleted_at)
                    results.append(AddResult(one.provenance.name, "restored", image.id, removed_before=before))
                else:
                    results.append(AddResult(one.provenance.name, "duplicate", image.id))
                files.append(PictureFiles(sha256, extension_of(image.media_type), one.content, one.thumbnail))
                known[sha256] = replace(image, deleted_at=None)
                if one.provenance.file:
                    seen[one.provenance.file] = image.id
            await statements.put_files_seen(connection, seen)
            # A purge may have deleted the files of a removed picture since they were written; it holds this lock.
            await self._files.put(files)
            await statements.record(connection, operation, recorded)
        changed = ("added", "restored")
        return [replace(one, operation_id=operation.id) if one.status in changed else one for one in results]

    async def drop_unowned_files(self, prepared: Sequence[Prepared]) -> None:
        """Delete the files of pictures that were written but not stored, unless somebody else has stored them."""
        async with self._database.write() as connection:
            known = await statements.by_sha256(connection, [one.features.sha256 for one in prepared])
            await self._files.remove(
                (one.features.sha256, extension_of(one.image.media_type))
                for one in prepared
                if one.features.sha256 not in known
            )
