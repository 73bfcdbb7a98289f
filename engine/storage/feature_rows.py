"""What was computed of the pictures of a library: embeddings, hashes, keypoints."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, delete, func, or_, select, update

from engine.domain import (
    FEATURES_VERSION,
    PART_BITS,
    PART_MASK,
    WHOLE_PART,
    HandcraftedFeatures,
    NetworkRef,
    PreparedPart,
    StoredFeatures,
    StoredImage,
    Vector,
    part_key,
)
from engine.storage import codec, statements
from engine.storage.database import Database
from engine.storage.statements import Operation
from engine.storage.tables import (
    embeddings,
    hashes,
    images,
    keypoints,
    parts,
)

HASHES_AT_ONCE = 50_000
_LIVE_HASHES = (
    select(hashes.c.image_id, hashes.c.phash)
    .join(images, images.c.id == hashes.c.image_id)
    .where(images.c.deleted_at.is_(None))
)
_STORED = (
    select(
        images,
        hashes.c.phash,
        keypoints.c.aspect,
        statements.blob(keypoints.c.points),
        statements.blob(keypoints.c.descriptors),
    )
    .outerjoin(keypoints, keypoints.c.image_id == images.c.id)
    .outerjoin(hashes, hashes.c.image_id == images.c.id)
    .where(images.c.deleted_at.is_(None))
)


class FeatureRows:
    """Reads and changes the stored features of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stored(self, ids: Sequence[int]) -> dict[int, StoredFeatures]:
        """Live pictures with hash and keypoints, by id; without keypoints where these are lost."""
        found = {}
        async with self._database.read() as connection:
            for part in statements.chunks(ids):
                for row in await connection.execute(_STORED.where(images.c.id.in_(part))):
                    found[row.id] = StoredFeatures(
                        image=statements.image(row),
                        handcrafted=HandcraftedFeatures(
                            phash=None if row.phash is None else codec.unsigned(row.phash),
                            keypoints=codec.keypoints_from_bytes(
                                row.points or b"", row.descriptors or b"", row.aspect or 1.0
                            ),
                        ),
                    )
        return found

    async def stored_parts(self, keys: Sequence[int]) -> dict[int, StoredFeatures]:
        """Parts of live long pictures, by key; without keypoints where these are damaged."""
        wanted = set(keys)
        query = (
            select(
                images,
                *(parts.c[name] for name in ("part", "x", "y", "aspect")),
                parts.c.width.label("part_width"),
                parts.c.height.label("part_height"),
                *(statements.blob(parts.c[name]) for name in ("thumbnail", "points", "descriptors")),
            )
            .join(parts, parts.c.image_id == images.c.id)
            .where(images.c.deleted_at.is_(None))
        )
        of_each: dict[int, list[int]] = {}
        for key in sorted(wanted):
            of_each.setdefault(key >> PART_BITS, []).append(key & PART_MASK)
        found = {}
        async with self._database.read() as connection:
            for image_id, numbers in of_each.items():
                of_image = query.where(images.c.id == image_id, parts.c.part.in_(numbers))
                for row in await connection.execute(of_image):
                    keypoints = codec.keypoints_from_bytes(row.points or b"", row.descriptors or b"", row.aspect or 1.0)
                    one = StoredFeatures(
                        statements.image(row), HandcraftedFeatures(None, keypoints), statements.part(row), row.thumbnail
                    )
                    found[one.key] = one
        return found

    async def part_keys(self, ids: Sequence[int]) -> list[int]:
        """Keys of all parts of these pictures, whether these are in the library or were removed."""
        query = select(parts.c.image_id, parts.c.part)
        async with self._database.read() as connection:
            return [
                part_key(row.image_id, row.part)
                for some in statements.chunks(ids)
                for row in await connection.execute(query.where(parts.c.image_id.in_(some)))
            ]

    async def count_parts(self) -> int:
        """Parts of live pictures; each has an embedding of the library's network."""
        query = select(func.count()).select_from(parts.join(images)).where(images.c.deleted_at.is_(None))
        async with self._database.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def embedding(self, image_id: int, network: NetworkRef, dimensions: int) -> Vector | None:
        query = select(statements.blob(embeddings.c.vector)).where(
            embeddings.c.image_id == image_id,
            embeddings.c.part == WHOLE_PART,
            statements.made_by(network),
            statements.is_whole_vector(dimensions),
        )
        async with self._database.read() as connection:
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
        async with self._database.read() as connection:
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
        async with self._database.read() as connection:
            return [
                tuple(row)
                for part in statements.chunks(ids)
                for row in await connection.execute(query.where(embeddings.c.image_id.in_(part)))
            ]

    async def phashes(self, ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Ids and hashes (n,) of live pictures."""
        async with self._database.read() as connection:
            rows = [
                row
                for part in statements.chunks(ids)
                for row in await connection.execute(_LIVE_HASHES.where(hashes.c.image_id.in_(part)))
            ]
        return _columns(rows)

    async def all_phashes(self) -> AsyncIterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
        """The same of all live pictures, in portions."""
        async with self._database.read() as connection, connection.stream(_LIVE_HASHES) as stream:
            async for rows in stream.partitions(HASHES_AT_ONCE):
                yield _columns(rows)

    async def lacking(
        self, network: NetworkRef, limit: int, *, removed: bool = False, after: int = 0
    ) -> list[StoredImage]:
        """Live pictures, or `removed` ones, with ids above `after` that have no embedding of this network."""
        ids = statements.lacking(network, removed=removed).where(images.c.id > after).limit(limit)
        query = select(images).where(images.c.id.in_(ids)).order_by(images.c.id)
        async with self._database.read() as connection:
            return [statements.image(row) for row in await connection.execute(query)]

    async def count_lacking(self, network: NetworkRef) -> int:
        async with self._database.read() as connection:
            return int(
                await connection.scalar(select(func.count()).select_from(statements.lacking(network).subquery())) or 0
            )

    async def with_stale_keypoints(self, version: int) -> list[int]:
        query = (
            select(images.c.id)
            .outerjoin(keypoints, keypoints.c.image_id == images.c.id)
            .where(images.c.deleted_at.is_(None), or_(keypoints.c.version.is_(None), keypoints.c.version != version))
        )
        async with self._database.read() as connection:
            return list((await connection.scalars(query)).all())

    async def count_outdated(self) -> int:
        """Live pictures that an older PicTrace has seen."""
        query = select(func.count()).select_from(images).where(*_is_outdated())
        async with self._database.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def outdated(self, limit: int, *, after: int) -> list[StoredImage]:
        """Some of them, with ids above `after`."""
        query = select(images).where(*_is_outdated(), images.c.id > after).order_by(images.c.id).limit(limit)
        async with self._database.read() as connection:
            return [statements.image(row) for row in await connection.execute(query)]

    async def pass_over_outdated(self, media_types: Sequence[str], times_as_long: float) -> None:
        """Those of these media types that are not so long are seen as ever."""
        width, height = images.c.width, images.c.height
        ordinary = (width < times_as_long * height) & (height < times_as_long * width)
        which = (*_is_outdated(), images.c.media_type.in_(media_types), ordinary)
        async with self._database.write() as connection:
            await connection.execute(update(images).where(*which).values(features_version=FEATURES_VERSION))

    async def is_up_to_date(self, image_id: int) -> None:
        """Note that a picture's features are those that it has now."""
        async with self._database.write() as connection:
            which = images.c.id == image_id
            await connection.execute(update(images).where(which).values(features_version=FEATURES_VERSION))

    async def put_embeddings(
        self, network: NetworkRef, vectors: dict[int, Vector], parts: dict[int, tuple[PreparedPart, ...]] | None = None
    ) -> None:
        """Add embeddings of one network to pictures that may have others; and long pictures' `parts`."""
        async with self._database.write() as connection:
            made = {image_id: {network: vector} for image_id, vector in vectors.items()}
            await statements.put_embeddings(connection, made, [network])
            for image_id, some in (parts or {}).items():
                await statements.put_parts(connection, image_id, some, [network])

    async def put_features(
        self,
        image_id: int,
        found: HandcraftedFeatures,
        version: int,
        operation: Operation,
        parts: tuple[PreparedPart, ...] = (),
    ) -> None:
        """Replace the features of a picture, its embedding excepted, which indexes take in anew too.

        `version`: of its keypoints. `parts`: of a long picture, with their embeddings.
        """
        async with self._database.write() as connection:
            await connection.execute(delete(keypoints).where(keypoints.c.image_id == image_id))
            await connection.execute(delete(hashes).where(hashes.c.image_id == image_id))
            await statements.put_handcrafted(connection, {image_id: (found, version)})
            networks = list(parts[0].embeddings) if parts else []
            await statements.put_parts(connection, image_id, parts, networks)
            await statements.record(connection, operation, [(image_id, "reembedded", None)])

    async def remove_hashes(self, ids: Sequence[int]) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(hashes).where(hashes.c.image_id.in_(ids)))

    async def compare_anew(self, ids: Sequence[int]) -> None:
        """What was made again of these pictures may show duplicates that were missed without it."""
        async with self._database.write() as connection:
            for part in statements.chunks(ids):
                await connection.execute(update(images).where(images.c.id.in_(part)).values(compared=0))


def _is_outdated() -> tuple[ColumnElement[bool], ...]:
    return images.c.deleted_at.is_(None), images.c.features_version < FEATURES_VERSION


def _columns(rows: Sequence[Sequence[Any]]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Ids and hashes (n,); the database knows signed numbers only."""
    found = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1].astype(np.uint64)
