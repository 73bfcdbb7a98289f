"""The pictures of a library in its database: added, read, changed, removed, brought back."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, or_, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.domain import (
    AddResult,
    Changed,
    FileSeen,
    Keypoints,
    NetworkRef,
    Prepared,
    StoredFeatures,
    StoredImage,
    Undone,
    Vector,
)
from engine.errors import NothingToUndo, UnknownImage, UnknownOperation
from engine.pictures.imaging import MEDIA_TYPES
from engine.storage import clock, codec, statements
from engine.storage.database import Database
from engine.storage.files import FileStore, PictureFiles, StoredFile, extension_of, original_key, thumbnail_key
from engine.storage.statements import NETWORK, NEXT_NETWORK, TRIMMED, WHOLE, Head, Operation
from engine.storage.tables import (
    changes,
    embeddings,
    files_seen,
    hashes,
    images,
    keypoints,
    operations,
    settings,
    watches,
)

IDENTITY = "identity"  # key of a library's own mark in its settings


class Repository:
    """Reads and changes one library. Every change is written to the feed within its own transaction."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self.database = database
        self.files = files

    # --- the library's own settings, and the change feed

    async def head(self) -> Head:
        async with self.database.read() as connection:
            return await statements.head(connection)

    async def identity(self) -> str:
        """What tells this library from every other, in whichever database it is."""
        if known := await self.get_setting(IDENTITY):
            return str(known)
        async with self.database.write() as connection:
            await statements.put_setting(connection, IDENTITY, secrets.token_hex(16), overwrite=False)
        return str(await self.get_setting(IDENTITY))

    async def start_library(self, network: NetworkRef) -> NetworkRef:
        """Give a new library its network; returns the one that it has."""
        async with self.database.write() as connection:
            await statements.put_setting(connection, NETWORK, statements.network_value(network), overwrite=False)
            head = await statements.head(connection)
        assert head.network
        return head.network

    async def set_next_network(self, network: NetworkRef | None) -> None:
        """From now on additions get embeddings of this network too (None: no longer)."""
        async with self.database.write() as connection:
            await statements.put_setting(
                connection, NEXT_NETWORK, statements.network_value(network) if network else None
            )

    async def switch_network(self, network: NetworkRef, actor: str) -> bool:
        """Make `network` the library's own if every live picture has its embedding; drops all others.

        Every process changes over at the `seq` of this change. False: some embeddings are still missing.
        """
        async with self.database.write() as connection:
            if await connection.scalar(statements.lacking(network).limit(1)) is not None:
                return False
            await statements.put_setting(connection, NETWORK, statements.network_value(network))
            await statements.put_setting(connection, NEXT_NETWORK, None)
            await connection.execute(delete(embeddings).where(~statements.made_by(network)))
            await statements.record(connection, Operation("reembed", actor), [(None, "reembedded", None)])
        return True

    async def get_setting(self, key: str) -> Any:
        async with self.database.read() as connection:
            return await connection.scalar(select(settings.c.value).where(settings.c.key == key))

    async def put_setting(self, key: str, value: Any) -> None:
        async with self.database.write() as connection:
            await statements.put_setting(connection, key, value)

    async def changed_since(self, seq: int) -> tuple[int, list[int] | None]:
        """(last seq, ids of the pictures that changed after `seq`); None for the ids: all of them may have."""
        async with self.database.read() as connection:
            rows = (
                await connection.execute(select(changes.c.seq, changes.c.image_id).where(changes.c.seq > seq))
            ).all()
        ids = {row.image_id for row in rows}
        return max((row.seq for row in rows), default=seq), None if None in ids else sorted(ids)

    async def trim_feed(self, behind: int, older_than: datetime) -> None:
        """Forget changes up to `behind` that nobody needs any more: no undo, no watch."""
        if not await self.has_old_changes(behind, older_than):
            return
        async with self.database.write() as connection:
            watched = await connection.scalar(select(func.min(watches.c.seq)))
            recent = await connection.scalar(
                select(func.min(changes.c.seq)).join(operations).where(operations.c.at >= older_than)
            )
            last = min(seq for seq in (behind, watched, None if recent is None else recent - 1) if seq is not None)
            gone = await connection.execute(delete(changes).where(changes.c.seq <= last))
            if gone.rowcount:
                await statements.put_setting(connection, TRIMMED, last)

    # --- adding

    async def known_files(self, seen: Sequence[FileSeen]) -> dict[str, int]:
        """Paths of unchanged files whose pictures are still in the library, files and all, with their ids."""
        unchanged: dict[str, tuple[int, str, str]] = {}
        by_path = {file.path: file for file in seen}
        async with self.database.read() as connection:
            for part in statements.chunks(list(by_path)):
                query = (
                    select(files_seen, images.c.sha256, images.c.media_type)
                    .join(images, images.c.id == files_seen.c.image_id)
                    .where(files_seen.c.path.in_(part), images.c.deleted_at.is_(None))
                )
                for row in await connection.execute(query):
                    file = by_path[row.path]
                    if (row.size, row.mtime_ns) == (file.size, file.mtime_ns):
                        unchanged[row.path] = (row.image_id, row.sha256, extension_of(row.media_type))
        whole = await self.files.having({(sha256, extension) for _, sha256, extension in unchanged.values()})
        return {path: image_id for path, (image_id, sha256, _) in unchanged.items() if sha256 in whole}

    async def see_files(self, seen: dict[FileSeen, int]) -> None:
        """Remember which picture each file holds, so that it is skipped as long as it is unchanged."""
        if not seen:
            return
        async with self.database.write() as connection:
            await statements.put_files_seen(connection, seen)

    async def ids_by_sha256(self, values: Sequence[str]) -> dict[str, int]:
        """Ids of the live pictures among these."""
        async with self.database.read() as connection:
            known = await statements.by_sha256(connection, values)
        return {sha256: image.id for sha256, image in known.items() if image.deleted_at is None}

    async def whole_by_sha256(self, values: Sequence[str]) -> dict[str, int]:
        """The same without those that have lost their files, which are to be stored anew."""
        async with self.database.read() as connection:
            known = await statements.by_sha256(connection, values)
        live = {sha256: image for sha256, image in known.items() if image.deleted_at is None}
        whole = await self.files.having((sha256, extension_of(image.media_type)) for sha256, image in live.items())
        return {sha256: image.id for sha256, image in live.items() if sha256 in whole}

    async def add(self, prepared: Sequence[Prepared], operation: Operation) -> list[AddResult] | None:
        """Store pictures in one transaction: when this returns, they are there to stay.

        None, with nothing stored, where the library wants embeddings of a network that a picture lacks.
        """
        async with self.database.write() as connection:
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
                    await statements.put_embeddings(connection, {image.id: one.embeddings}, wanted)
                    recorded.append((image.id, "restored", None))
                    results.append(AddResult(one.provenance.name, "restored", image.id))
                else:
                    results.append(AddResult(one.provenance.name, "duplicate", image.id))
                files.append(PictureFiles(sha256, extension_of(image.media_type), one.content, one.thumbnail))
                known[sha256] = replace(image, deleted_at=None)
                if one.provenance.file:
                    seen[one.provenance.file] = image.id
            await statements.put_files_seen(connection, seen)
            # A purge may have deleted the files of a removed picture since they were written; it holds this lock.
            await self.files.put(files)
            await statements.record(connection, operation, recorded)
        changed = ("added", "restored")
        return [replace(one, operation_id=operation.id) if one.status in changed else one for one in results]

    async def begin(self, operation: Operation) -> int:
        """Write an operation down before its first change."""
        async with self.database.write() as connection:
            return await statements.insert_operation(connection, operation)

    async def continued(self, operation_id: int) -> Operation:
        """An addition to go on with, so that an undo takes back all of it. UnknownOperation."""
        statements.refuse_impossible_operation(operation_id)
        undoing = operations.alias()
        query = (
            select(operations)
            .outerjoin(undoing, undoing.c.undoes == operations.c.id)
            .where(operations.c.id == operation_id, operations.c.kind == "add", undoing.c.id.is_(None))
        )
        async with self.database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise UnknownOperation(f"There is no addition with the id {operation_id} that could be gone on with.")
        return Operation(row.kind, row.actor, row.id)

    # --- reading

    async def drop_unowned_files(self, prepared: Sequence[Prepared]) -> None:
        """Delete the files of pictures that were written but not stored, unless somebody else has stored them."""
        async with self.database.write() as connection:
            known = await statements.by_sha256(connection, [one.features.sha256 for one in prepared])
            await self.files.remove(
                (one.features.sha256, extension_of(one.image.media_type))
                for one in prepared
                if one.features.sha256 not in known
            )

    async def orphans(self, there: Sequence[StoredFile]) -> list[StoredFile]:
        """Those of the files that belong to no picture, removed ones included."""
        async with self.database.read() as connection:
            return await self._orphans(connection, there)

    async def drop_orphans(self, there: Sequence[StoredFile]) -> None:
        """Delete those of the files that still belong to no picture."""
        async with self.database.write() as connection:  # whoever adds a picture looks for its files under this lock
            await self.files.delete(await self._orphans(connection, there))

    async def get(self, image_id: int) -> StoredImage:
        """A live picture; UnknownImage otherwise."""
        statements.refuse_impossible([image_id])
        async with self.database.read() as connection:
            row = (await connection.execute(statements.live().where(images.c.id == image_id))).first()
        if row is None:
            raise UnknownImage(f"There is no picture with the id {image_id} in this library.")
        return statements.image(row)

    async def find_by_sha256(self, sha256: str) -> StoredImage | None:
        async with self.database.read() as connection:
            row = (await connection.execute(statements.live().where(images.c.sha256 == sha256))).first()
        return statements.image(row) if row else None

    async def features(self, ids: Sequence[int]) -> dict[int, StoredFeatures]:
        """Live pictures with hash and keypoints, by id."""
        query = (
            select(
                images,
                hashes.c.phash,
                keypoints.c.aspect,
                statements.blob(keypoints.c.points),
                statements.blob(keypoints.c.descriptors),
            )
            .join(keypoints, keypoints.c.image_id == images.c.id)
            .outerjoin(hashes, hashes.c.image_id == images.c.id)
            .where(images.c.deleted_at.is_(None))
        )
        found = {}
        async with self.database.read() as connection:
            for part in statements.chunks(ids):
                for row in await connection.execute(query.where(images.c.id.in_(part))):
                    found[row.id] = StoredFeatures(
                        image=statements.image(row),
                        phash=None if row.phash is None else codec.unsigned(row.phash),
                        keypoints=codec.keypoints_from_bytes(row.points, row.descriptors, row.aspect),
                    )
        return found

    async def embedding(self, image_id: int, network: NetworkRef, dimensions: int) -> Vector | None:
        query = select(statements.blob(embeddings.c.vector)).where(
            embeddings.c.image_id == image_id,
            embeddings.c.part == WHOLE,
            statements.made_by(network),
            statements.is_whole_vector(dimensions),
        )
        async with self.database.read() as connection:
            row = await connection.scalar(query)
        return None if row is None else codec.vectors_from_bytes([row], dimensions)[0]

    async def embeddings_of(
        self, network: NetworkRef, dimensions: int, ids: Sequence[int] | None = None
    ) -> AsyncIterator[list[tuple[int, int, bytes]]]:
        """(image id, part, vector) of live pictures in portions; of all of them where `ids` is None.

        Damaged vectors, which have another length, are left out.
        """
        query = (
            select(embeddings.c.image_id, embeddings.c.part, statements.blob(embeddings.c.vector))
            .join(images, images.c.id == embeddings.c.image_id)
            .where(images.c.deleted_at.is_(None), statements.made_by(network), statements.is_whole_vector(dimensions))
            .order_by(embeddings.c.image_id)
        )
        async with self.database.read() as connection:
            if ids is not None:
                for part in statements.chunks(ids):
                    rows = (await connection.execute(query.where(embeddings.c.image_id.in_(part)))).all()
                    yield [tuple(row) for row in rows]
                return
            async with connection.stream(query) as stream:
                async for rows in stream.partitions(2000):
                    yield [tuple(row) for row in rows]

    async def vectors(self, network: NetworkRef, dimensions: int, ids: Sequence[int]) -> list[tuple[int, int, bytes]]:
        """(image id, part, vector) of pictures that an index has found; whether they are still there is not asked.

        Damaged vectors, which have another length, are left out.
        """
        query = select(embeddings.c.image_id, embeddings.c.part, statements.blob(embeddings.c.vector)).where(
            statements.made_by(network), statements.is_whole_vector(dimensions)
        )
        async with self.database.read() as connection:
            return [
                tuple(row)
                for part in statements.chunks(ids)
                for row in await connection.execute(query.where(embeddings.c.image_id.in_(part)))
            ]

    async def phashes(self, ids: Sequence[int] | None = None) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Ids and hashes (n,) of live pictures; of all of them where `ids` is None."""
        query = (
            select(hashes.c.image_id, hashes.c.phash)
            .join(images, images.c.id == hashes.c.image_id)
            .where(images.c.deleted_at.is_(None))
        )
        async with self.database.read() as connection:
            if ids is None:
                rows = (await connection.execute(query)).all()
            else:
                rows = [
                    row
                    for part in statements.chunks(ids)
                    for row in await connection.execute(query.where(hashes.c.image_id.in_(part)))
                ]
        found = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1].astype(np.uint64)  # the database knows signed numbers only

    async def live_ids(self) -> list[int]:
        """Of all live pictures, in order."""
        async with self.database.read() as connection:
            query = select(images.c.id).where(images.c.deleted_at.is_(None)).order_by(images.c.id)
            return list((await connection.scalars(query)).all())

    async def count_live(self, *, after: int) -> int:
        """How many live pictures have ids above `after`."""
        query = select(func.count()).select_from(images).where(images.c.deleted_at.is_(None), images.c.id > after)
        async with self.database.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def live_images(self, after: int = 0, limit: int = 1000) -> list[StoredImage]:
        """Live pictures with ids above `after`, in order of id."""
        query = statements.live().where(images.c.id > after).order_by(images.c.id).limit(limit)
        async with self.database.read() as connection:
            return [statements.image(row) for row in await connection.execute(query)]

    async def page(self, *, before: int | None, limit: int, tag: str | None, words: str | None) -> list[StoredImage]:
        """Live pictures newest first, with ids below `before`; see `statements.filtered` for the filter."""
        query = statements.filtered(self.database.dialect, tag=tag, words=words).order_by(images.c.id.desc())
        if before is not None:
            query = query.where(images.c.id < before)
        async with self.database.read() as connection:
            return [statements.image(row) for row in await connection.execute(query.limit(limit))]

    async def count(self, *, tag: str | None, words: str | None) -> int:
        """How many live pictures pass the filter."""
        query = statements.filtered(self.database.dialect, tag=tag, words=words).subquery()
        async with self.database.read() as connection:
            return int(await connection.scalar(select(func.count()).select_from(query)) or 0)

    async def tags(self, limit: int) -> dict[str, int]:
        """The most frequent tags of live pictures with their numbers, most frequent first."""
        each = statements.each_tag(self.database.dialect)
        query = (
            select(each.c.value, func.count().label("pictures"))
            .select_from(images.join(each, true()))
            .where(images.c.deleted_at.is_(None))
            .group_by(each.c.value)
            .order_by(func.count().desc(), each.c.value)
            .limit(limit)
        )
        async with self.database.read() as connection:
            rows = await connection.execute(query)
            return {row.value: row.pictures for row in rows if isinstance(row.value, str)}

    async def lacking(self, network: NetworkRef, limit: int) -> list[StoredImage]:
        """Live pictures without an embedding of this network."""
        async with self.database.read() as connection:
            ids = (await connection.scalars(statements.lacking(network).limit(limit))).all()
            rows = (await connection.execute(statements.live().where(images.c.id.in_(ids)).order_by(images.c.id))).all()
        return [statements.image(row) for row in rows]

    async def count_lacking(self, network: NetworkRef) -> int:
        async with self.database.read() as connection:
            return int(
                await connection.scalar(select(func.count()).select_from(statements.lacking(network).subquery())) or 0
            )

    async def with_stale_keypoints(self, version: int) -> list[int]:
        query = (
            select(images.c.id)
            .outerjoin(keypoints, keypoints.c.image_id == images.c.id)
            .where(images.c.deleted_at.is_(None), or_(keypoints.c.version.is_(None), keypoints.c.version != version))
        )
        async with self.database.read() as connection:
            return list((await connection.scalars(query)).all())

    async def counts(self) -> dict[str, int]:
        """Rows by name: live and removed pictures, and each feature of the live ones."""
        live = images.c.deleted_at.is_(None)
        queries = {
            "images": select(func.count()).select_from(images).where(live),
            "removed": select(func.count()).select_from(images).where(~live),
            "phash": select(func.count()).select_from(hashes.join(images)).where(live),
            "orb": select(func.count()).select_from(keypoints.join(images)).where(live),
            "embedding": select(func.count()).select_from(embeddings.join(images)).where(live),
        }
        async with self.database.read() as connection:
            return {name: int(await connection.scalar(query) or 0) for name, query in queries.items()}

    async def original_bytes(self) -> int:
        """Size of all originals, those of removed pictures included."""
        async with self.database.read() as connection:
            return int(await connection.scalar(select(func.sum(images.c.byte_size))) or 0)

    # --- changing

    async def remove(self, ids: Sequence[int], operation: Operation) -> int:
        """Take pictures out of the library, softly; returns the operation's id.

        UnknownImage, with nothing done, if one is not there.
        """
        statements.refuse_impossible(ids)
        async with self.database.write() as connection:
            live = await statements.live_ids(connection, ids)
            if missing := sorted(set(ids) - set(live)):
                raise UnknownImage(
                    f"There is no picture with the id {missing[0]} in this library. Nothing was removed."
                )
            await statements.set_deleted(connection, live, clock.now())
            await statements.record(connection, operation, [(image_id, "removed", None) for image_id in live])
        assert operation.id
        return operation.id

    async def edit(self, image_id: int, values: dict[str, Any], operation: Operation) -> Changed:
        """Change title, tags, source_url or page_url of a live picture."""
        statements.refuse_impossible([image_id])
        async with self.database.write() as connection:
            before = await statements.edit(connection, image_id, values)
            if before is None:
                raise UnknownImage(f"There is no picture with the id {image_id} in this library.")
            await statements.record(connection, operation, [(image_id, "edited", before)])
        assert operation.id
        return Changed((await self.get(image_id),), operation.id)

    async def added_by(self, operation_id: int) -> list[int]:
        """Ids of the pictures that an operation added or restored."""
        query = select(changes.c.image_id).where(
            changes.c.operation_id == operation_id, changes.c.kind.in_(("added", "restored"))
        )
        async with self.database.read() as connection:
            return list((await connection.scalars(query.order_by(changes.c.image_id))).all())

    async def last_operation(self, actor: str) -> int:
        """The last operation of this actor that is not taken back yet. NothingToUndo."""
        query = statements.undoable().where(operations.c.actor == actor).order_by(operations.c.id.desc()).limit(1)
        async with self.database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NothingToUndo("There is nothing to undo.")
        return int(row.id)

    async def undo(self, actor: str, operation_id: int | None = None) -> Undone:
        """Take back a whole operation, by default the last one that is not taken back yet."""
        if operation_id is not None:
            statements.refuse_impossible_operation(operation_id)
        async with self.database.write() as connection:
            query = statements.undoable()
            if operation_id is not None:
                query = query.where(operations.c.id == operation_id)
            operation = (await connection.execute(query.order_by(operations.c.id.desc()).limit(1))).first()
            if operation is None:
                if operation_id is None:
                    raise NothingToUndo("There is nothing to undo.")
                known = select(operations.c.id).where(operations.c.id == operation_id)
                if await connection.scalar(known) is None:
                    raise UnknownOperation(f"There is no operation with the id {operation_id}.")
                raise NothingToUndo("It is undone already, or cannot be.")
            lines = (
                await connection.execute(
                    select(changes).where(changes.c.operation_id == operation.id).order_by(changes.c.seq.desc())
                )
            ).all()
            recorded = []
            for line in lines:
                done = await statements.invert(connection, line)
                if done:
                    recorded.append(done)
            undoing = Operation("undo", actor)
            undoing.id = await statements.insert_operation(connection, undoing, undoes=operation.id)
            await statements.record(connection, undoing, recorded)
        return Undone(operation.id, operation.kind, operation.at.replace(tzinfo=UTC), len(recorded))

    async def put_embeddings(self, network: NetworkRef, vectors: dict[int, Vector]) -> None:
        """Add embeddings of one network to pictures that may have others."""
        async with self.database.write() as connection:
            made = {image_id: {network: vector} for image_id, vector in vectors.items()}
            await statements.put_embeddings(connection, made, [network])

    async def put_features(
        self, image_id: int, found: Keypoints, version: int, phash: int | None, operation: Operation
    ) -> None:
        """Replace the keypoints and hash of a picture; indexes take in its embedding anew too."""
        async with self.database.write() as connection:
            await connection.execute(delete(keypoints).where(keypoints.c.image_id == image_id))
            await connection.execute(delete(hashes).where(hashes.c.image_id == image_id))
            await statements.put_keypoints(connection, {image_id: (found, version)})
            if phash is not None:
                await statements.put_hashes(connection, {image_id: phash})
            await statements.record(connection, operation, [(image_id, "reembedded", None)])

    async def compare_anew(self, ids: Sequence[int]) -> None:
        """What was made again of these pictures may show duplicates that were missed without it."""
        async with self.database.write() as connection:
            for part in statements.chunks(ids):
                await connection.execute(update(images).where(images.c.id.in_(part)).values(compared=0))

    async def remove_hashes(self, ids: Sequence[int]) -> None:
        async with self.database.write() as connection:
            await connection.execute(delete(hashes).where(hashes.c.image_id.in_(ids)))

    async def take_out(self, ids: Sequence[int], operation: Operation) -> int:
        """Remove those of the pictures softly that are still there; returns how many these were.

        All that is stored of a picture stays until the purge, so that `undo` brings it back whole.
        """
        async with self.database.write() as connection:
            live = await statements.live_ids(connection, ids)
            await statements.set_deleted(connection, live, clock.now())
            await statements.record(connection, operation, [(image_id, "removed", None) for image_id in live])
        return len(live)

    async def purge(self, removed_before: datetime, actor: str) -> int:
        """Delete for good, files included, what was removed before then; returns how many pictures."""
        query = select(images).where(images.c.deleted_at.is_not(None), images.c.deleted_at < removed_before)
        if not await self.has_old_removals(removed_before):
            return 0
        async with self.database.write() as connection:
            rows = (await connection.execute(query)).all()
            for row in rows:
                await connection.execute(delete(images).where(images.c.id == row.id))
            await self.files.remove((row.sha256, ending) for row in rows for ending in _possible_extensions(row))
            await statements.record(connection, Operation("purge", actor), [(row.id, "purged", None) for row in rows])
        return len(rows)

    async def has_old_removals(self, removed_before: datetime) -> bool:
        """Whether there is anything that `purge` would delete."""
        query = select(images.c.id).where(images.c.deleted_at.is_not(None), images.c.deleted_at < removed_before)
        async with self.database.read() as connection:
            return await connection.scalar(query.limit(1)) is not None

    async def has_old_changes(self, behind: int, older_than: datetime) -> bool:
        """Whether there is anything that `trim_feed` might forget."""
        old = select(changes.c.seq).join(operations).where(changes.c.seq <= behind, operations.c.at < older_than)
        async with self.database.read() as connection:
            return await connection.scalar(old.limit(1)) is not None

    async def last_act(self, before: datetime) -> datetime | None:
        """The latest time before then at which the library was changed, as far as the clock was right.

        An operation that is dated after a later operation was written down by a clock that ran ahead. Such an
        operation counts as old as the later one.
        """
        rest = func.min(operations.c.at).over(order_by=operations.c.id.desc())
        surely = select(rest.label("at")).subquery()
        async with self.database.read() as connection:
            found = await connection.scalar(select(func.max(surely.c.at)).where(surely.c.at <= before))
        return found.replace(tzinfo=UTC) if found else None

    async def _orphans(self, connection: AsyncConnection, there: Sequence[StoredFile]) -> list[StoredFile]:
        rows = (await connection.execute(select(images.c.sha256, images.c.media_type))).all()
        owned = {original_key(row.sha256, ending) for row in rows for ending in _possible_extensions(row)}
        owned |= {thumbnail_key(row.sha256) for row in rows}
        return [file for file in there if file.key not in owned]

    async def damaged_pages(self) -> int:
        """Lines that SQLite's own check complains of; 0 in a sound database."""
        if self.database.url.get_backend_name() != "sqlite":
            return 0
        async with self.database.read() as connection:
            lines = (await connection.execute(text("PRAGMA quick_check"))).scalars().all()
        return 0 if list(lines) == ["ok"] else len(lines)


def _possible_extensions(row: Any) -> list[str]:
    """How the name of an original may end: one way, or any where its media type is damaged."""
    media_types = [row.media_type] if row.media_type in MEDIA_TYPES else MEDIA_TYPES
    return [extension_of(media_type) for media_type in media_types]


def undo_horizon(days: int) -> datetime:
    """Pictures removed before this moment are old enough to be purged, as far as the clock is right."""
    return clock.now() - timedelta(days=days)
