"""Single statements on an open connection: what the queries of the repository are put together from."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    String,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.domain import (
    WHOLE_PART,
    FileSeen,
    HandcraftedFeatures,
    Keypoints,
    NetworkRef,
    Part,
    PictureWarning,
    Prepared,
    PreparedPart,
    Provenance,
    Region,
    StoredImage,
    Vector,
)
from engine.errors import UnknownImage, UnknownOperation
from engine.pictures import taking
from engine.storage import clock, codec
from engine.storage.name_keys import name_key
from engine.storage.tables import (
    changes,
    embeddings,
    files_left_out,
    files_seen,
    hashes,
    images,
    kept_pairs,
    keypoints,
    operations,
    parts,
    settings,
)

IDS_A_QUERY = 500  # SQLite allows 32,766 parameters; plans stay good with fewer
UNDOABLE = ("add", "remove", "restore", "edit", "decision", "repair")
INVERTIBLE = ("added", "restored", "removed", "edited", "decided")  # kinds of changes that `invert` takes back
EDITABLE = ("title", "tags", "source_url", "page_url")
CREATED = "created_at"  # nobody edits it, but what is kept of near-duplicates gets the oldest
NETWORK, NEXT_NETWORK, TRIMMED = "network", "next_network", "trimmed_seq"
MIGRATION, UNFINISHED, COMPLETE = "migration", "unfinished", "complete"  # marker of a library that was moved here


Line = tuple[int | None, str, dict[str, Any] | None]  # of the change feed: a picture, the kind, the values of before


@dataclass(frozen=True, slots=True)
class Head:
    """Where a library stands: what an index compares itself with before a search."""

    seq: int
    trimmed: int  # changes up to here are no longer in the feed
    network: NetworkRef | None
    next_network: NetworkRef | None


@dataclass(slots=True)
class Operation:
    """One act of one actor; its row appears with its first change, so that acts without effect leave none."""

    kind: str
    actor: str
    id: int | None = None


async def put_handcrafted(connection: AsyncConnection, found: dict[int, tuple[HandcraftedFeatures, int]]) -> None:
    """Features and the version of their keypoints, by picture."""
    await put_keypoints(connection, {i: (one.keypoints, version) for i, (one, version) in found.items()})
    hashes = {i: one.phash for i, (one, _) in found.items()}
    await put_hashes(connection, {i: phash for i, phash in hashes.items() if phash is not None})


async def put_hashes(connection: AsyncConnection, phashes: dict[int, int]) -> None:
    """Write hashes by picture."""
    if not phashes:
        return
    rows = [{"image_id": i, "phash": codec.signed(h)} for i, h in phashes.items()]
    await connection.execute(insert(hashes), rows)


def refuse_impossible(ids: Sequence[int]) -> None:
    """Numbers that no database takes for an id."""
    for image_id in ids:
        if not 0 < image_id < 1 << 63:
            raise UnknownImage(f"There is no picture with the id {image_id} in this library.")


def refuse_impossible_operation(operation_id: int) -> None:
    if not 0 < operation_id < 1 << 63:
        raise UnknownOperation(f"There is no operation with the id {operation_id}.")


def text(value: Any) -> Any:
    """Names, titles and tags in composed form (NFC): macOS decomposes names, and nobody could find them."""
    if isinstance(value, list | tuple):
        return [text(one) for one in value]
    return unicodedata.normalize("NFC", takeable(value)) if isinstance(value, str) else value


def takeable(value: str) -> str:
    """A text without what some database does not take: NUL, and halves of characters."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def each_tag(dialect: str) -> Any:
    """The tags of a row of `images`, one a row, in a column `value`."""
    if dialect == "postgresql":
        is_list = func.json_typeof(images.c.tags) == "array"
        tags = case((is_list, images.c.tags), else_=literal_column("'[]'::json"))
        return func.json_array_elements_text(tags).table_valued(column("value", String))
    # SQLite refuses the whole query where one row is no JSON.
    is_list = case((func.json_valid(images.c.tags) == 1, func.json_type(images.c.tags) == "array"), else_=False)
    tags = case((is_list, images.c.tags), else_=literal_column("'[]'"))
    return func.json_each(tags).table_valued(column("value", String))


def filtered(dialect: str, *, tags: Sequence[str] = (), words: str | None = None) -> Select[Any]:
    """Live pictures that have all of the tags, and each of the words, in any case, in title, file name or a tag."""
    query = live()
    for tag in text(list(tags)):
        each = each_tag(dialect)
        query = query.where(select(each.c.value).where(each.c.value == tag).exists())
    for word in text(words or "").split():
        each = each_tag(dialect)
        query = query.where(
            or_(
                images.c.title.icontains(word, autoescape=True),
                images.c.filename.icontains(word, autoescape=True),
                select(each.c.value).where(each.c.value.icontains(word, autoescape=True)).exists(),
            )
        )
    return query


def live() -> Select[Any]:
    return select(images).where(images.c.deleted_at.is_(None))


def made_by(network: NetworkRef) -> Any:
    return (embeddings.c.network == network.name) & (embeddings.c.version == network.version)


def is_whole_vector(dimensions: int) -> ColumnElement[bool]:
    """Whether an embedding is as long as those of its network; a damaged one is passed over by all who read it."""
    return func.length(embeddings.c.vector) == dimensions * codec.BYTES_A_NUMBER


def blob(column: Any) -> Any:
    """A column of bytes. Without the cast, a text in its place, which SQLite allows, could not even be read."""
    return cast(column, LargeBinary).label(column.name)


def undoable() -> Select[Any]:
    """Operations that can be taken back, and are not yet: those whose changes are in the feed."""
    mine = (changes.c.operation_id == operations.c.id) & changes.c.kind.in_(INVERTIBLE)
    has_changes = select(changes.c.seq).where(mine).exists()
    return select(operations).where(operations.c.kind.in_(UNDOABLE), ~is_taken_back(), has_changes)


def has_effect() -> ColumnElement[bool]:
    """Whether an undo of an operation would change a picture: it may be purged, or be as it was before already."""
    of_live = changes.c.kind.in_(("added", "restored", "edited")) & images.c.deleted_at.is_(None)
    of_removed = (changes.c.kind == "removed") & images.c.deleted_at.is_not(None)
    mine = (changes.c.operation_id == operations.c.id) & (of_live | of_removed | (changes.c.kind == "decided"))
    with_picture = select(changes.c.seq).join(images, images.c.id == changes.c.image_id).where(mine)
    return operations.c.kind.in_(UNDOABLE) & ~is_taken_back() & with_picture.exists()


def is_taken_back() -> ColumnElement[bool]:
    """Whether another operation undoes this one."""
    undoing = operations.alias("undoing")
    return select(undoing.c.id).where(undoing.c.undoes == operations.c.id).exists()


def lacking(network: NetworkRef, *, removed: bool = False) -> Select[Any]:
    """Ids of the live pictures, or of the removed ones, that have no embedding of this network."""
    has = select(embeddings.c.image_id).where(made_by(network))
    wanted = images.c.deleted_at.is_not(None) if removed else images.c.deleted_at.is_(None)
    return select(images.c.id).where(wanted, images.c.id.not_in(has)).order_by(images.c.id)


def image(row: Any) -> StoredImage:
    return StoredImage(
        id=row.id,
        sha256=row.sha256,
        filename=row.filename,
        title=row.title,
        source_url=row.source_url,
        page_url=row.page_url,
        tags=tuple(row.tags),
        media_type=row.media_type,
        width=_positive(row.width),
        height=_positive(row.height),
        byte_size=_positive(row.byte_size),
        created_at=row.created_at.replace(tzinfo=UTC),
        deleted_at=_utc(row.deleted_at),
        source_missing_since=_utc(row.source_missing_since),
        features_version=row.features_version,
        taken_at=row.taken_at,
        warnings=None if row.warnings is None else tuple(map(PictureWarning.of_code, row.warnings)),
    )


def codes(warnings: Sequence[PictureWarning]) -> list[str]:
    """What is kept of warnings."""
    return [one.code for one in warnings]


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def _positive(size: Any) -> int:
    """A size as it is; 1 in place of what no picture has, for others divide by it. `pictrace check` finds it."""
    return size if isinstance(size, int) and size > 0 else 1


def chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + IDS_A_QUERY] for start in range(0, len(values), IDS_A_QUERY))


_LAST = select(func.max(changes.c.seq).label("seq")).subquery()
_HEAD = select(_LAST.c.seq, settings.c.key, settings.c.value).select_from(  # one statement: every search begins with it
    _LAST.outerjoin(settings, settings.c.key.in_((NETWORK, NEXT_NETWORK, TRIMMED)))
)


async def head(connection: AsyncConnection) -> Head:
    rows = (await connection.execute(_HEAD)).all()
    values = {row.key: row.value for row in rows}
    trimmed = values.get(TRIMMED) or 0
    seq = rows[0].seq or trimmed
    return Head(seq, trimmed, network_ref(values.get(NETWORK)), network_ref(values.get(NEXT_NETWORK)))


def network_value(network: NetworkRef) -> dict[str, str]:
    return {"name": network.name, "version": network.version}


def network_ref(value: Any) -> NetworkRef | None:
    return NetworkRef(value["name"], value["version"]) if value else None


async def put_setting(connection: AsyncConnection, key: str, value: Any, *, overwrite: bool = True) -> None:
    statement = upsert(connection, settings).values(key=key, value=value)
    if overwrite:
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
    else:
        statement = statement.on_conflict_do_nothing()
    await connection.execute(statement)


def upsert(connection: AsyncConnection, table: Any) -> Any:
    """An INSERT that can say what to do on conflict; both dialects spell it alike."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


async def by_sha256(connection: AsyncConnection, values: Sequence[str]) -> dict[str, StoredImage]:
    found = {}
    for part in chunks(values):
        for row in await connection.execute(select(images).where(images.c.sha256.in_(part))):
            found[row.sha256] = image(row)
    return found


async def insert_images(
    connection: AsyncConnection, new: Sequence[Prepared], wanted: Sequence[NetworkRef]
) -> dict[str, StoredImage]:
    """Pictures with all that is stored of them, by SHA-256; a statement for each table, not for each picture."""
    described = [_described(one) for one in new]
    rows = [{name: getattr(image, name) for name in StoredImage.__slots__ if name != "id"} for image in described]
    inserting = insert(images).returning(images.c.sha256, images.c.id)
    for row, one in zip(rows, new, strict=True):
        row |= {"tags": list(row["tags"]), "warnings": codes(one.image.warnings)}
        row |= {"name_key": name_key(row["filename"]), "taken_version": taking.VERSION}
    stored = await connection.execute(inserting, rows)
    by_sha256 = {row.sha256: row.id for row in stored}
    ids = [by_sha256[image.sha256] for image in described]
    await put_embeddings(connection, {i: one.embeddings for i, one in zip(ids, new, strict=True)}, wanted)
    found = {i: (one.features.handcrafted, one.keypoints_version) for i, one in zip(ids, new, strict=True)}
    await put_handcrafted(connection, found)
    for i, one in zip(ids, new, strict=True):
        await put_parts(connection, i, one.parts, wanted)
    return {image.sha256: replace(image, id=i) for i, image in zip(ids, described, strict=True)}


def _described(one: Prepared) -> StoredImage:
    said: Provenance = one.provenance
    return StoredImage(
        id=0,
        sha256=one.features.sha256,
        filename=text(said.name),
        title=text(said.title),
        source_url=said.source_url and takeable(said.source_url),
        page_url=said.page_url and takeable(said.page_url),
        tags=tuple(text(said.tags)),
        media_type=one.image.media_type,
        width=one.image.width,
        height=one.image.height,
        byte_size=len(one.content),
        created_at=clock.now(),
        deleted_at=None,
        taken_at=one.image.taken_at,
        warnings=one.image.warnings,
    )


async def put_embeddings(
    connection: AsyncConnection,
    vectors: dict[int, dict[NetworkRef, Vector]],
    wanted: Sequence[NetworkRef],
    *,
    part: int = WHOLE_PART,
) -> None:
    """Embeddings by picture, those of the networks that are wanted."""
    rows = [
        {
            "image_id": image_id,
            "network": network.name,
            "version": network.version,
            "part": part,
            "vector": codec.vector_to_bytes(made[network]),
        }
        for image_id, made in vectors.items()
        for network in wanted
    ]
    if not rows:
        return
    statement = upsert(connection, embeddings)
    key = ["image_id", "network", "version", "part"]
    statement = statement.on_conflict_do_update(index_elements=key, set_={"vector": statement.excluded.vector})
    await connection.execute(statement, rows)


async def put_parts(
    connection: AsyncConnection,
    image_id: int,
    made: Sequence[PreparedPart],
    wanted: Sequence[NetworkRef],
) -> None:
    """A long picture's parts in place of those that it has, with the embeddings of the networks that are wanted."""
    if not made:
        return
    rows = [
        {
            "image_id": image_id,
            "part": one.part.number,
            **{name: getattr(one.part.region, name) for name in ("x", "y", "width", "height")},
            "thumbnail": one.thumbnail,
            **_keypoints_row(one.keypoints, one.keypoints_version),
        }
        for one in made
    ]
    await connection.execute(delete(parts).where(parts.c.image_id == image_id))
    await connection.execute(insert(parts), rows)
    for one in made:
        await put_embeddings(connection, {image_id: one.embeddings}, wanted, part=one.part.number)


def part(row: Any) -> Part:
    return Part(row.part, Region(row.x, row.y, row.part_width, row.part_height))


async def put_keypoints(connection: AsyncConnection, found: dict[int, tuple[Keypoints, int]]) -> None:
    """Keypoints and their version by picture."""
    rows = [
        {"image_id": image_id, **_keypoints_row(one, version)} for image_id, (one, version) in found.items()
    ]  # fmt: skip
    await connection.execute(insert(keypoints), rows)


def _keypoints_row(found: Keypoints, version: int) -> dict[str, Any]:
    return {
        "version": version,
        "aspect": found.aspect,
        "points": codec.points_to_bytes(found),
        "descriptors": found.descriptors.tobytes(),
    }


async def put_files_seen(connection: AsyncConnection, seen: dict[FileSeen, int]) -> None:
    """Which picture each file holds. Of those that it held before, the ones without any file left are marked."""
    if not seen:
        return
    paths = [file.path for file in seen]
    held = await _held_by(connection, paths)
    for part in chunks(paths):
        await connection.execute(delete(files_left_out).where(files_left_out.c.path.in_(part)))
    rows = [
        {"path": file.path, "size": file.size, "mtime_ns": file.mtime_ns, "image_id": image_id}
        for file, image_id in seen.items()
    ]
    statement = upsert(connection, files_seen)
    new = {name: statement.excluded[name] for name in ("size", "mtime_ns", "image_id")}
    await connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=new), rows)
    there = set(seen.values())
    await unmark_missing(connection, sorted(there))
    await mark_missing(connection, sorted(await _without_files(connection, held - there)))


async def _held_by(connection: AsyncConnection, paths: Sequence[str]) -> set[int]:
    """Ids of the pictures that these files are known to hold."""
    found: set[int] = set()
    for part in chunks(paths):
        query = select(files_seen.c.image_id).where(files_seen.c.path.in_(part))
        found |= set((await connection.scalars(query)).all())
    return found


async def _without_files(connection: AsyncConnection, ids: set[int]) -> set[int]:
    """Those of the pictures that no known file holds."""
    for part in chunks(sorted(ids)):
        query = select(files_seen.c.image_id).where(files_seen.c.image_id.in_(part))
        ids = ids - set((await connection.scalars(query)).all())
    return ids


async def mark_missing(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """None of the files of these pictures is there, from now on where they are not marked already."""
    for part in chunks(ids):
        unmarked = update(images).where(images.c.id.in_(part), images.c.source_missing_since.is_(None))
        await connection.execute(unmarked.values(source_missing_since=clock.now()))


async def unmark_missing(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """A file of each of these pictures is there."""
    for part in chunks(ids):
        marked = update(images).where(images.c.id.in_(part), images.c.source_missing_since.is_not(None))
        await connection.execute(marked.values(source_missing_since=None))


async def insert_operation(connection: AsyncConnection, operation: Operation, undoes: int | None = None) -> int:
    inserted = await connection.execute(
        insert(operations).values(kind=operation.kind, actor=operation.actor, at=clock.now(), undoes=undoes)
    )
    return int(inserted.inserted_primary_key[0])  # type: ignore[index]


async def record(connection: AsyncConnection, operation: Operation, lines: Sequence[Line]) -> None:
    """Write lines to the change feed; the last thing in a transaction that changes something."""
    if not lines:
        return
    if operation.id is None:
        operation.id = await insert_operation(connection, operation)
    rows = [{"operation_id": operation.id, "image_id": i, "kind": kind, "before": before} for i, kind, before in lines]
    await connection.execute(insert(changes), rows)


async def is_undone(connection: AsyncConnection, operation_id: int) -> bool:
    return await connection.scalar(select(operations.c.id).where(operations.c.undoes == operation_id)) is not None


async def live_ids(connection: AsyncConnection, ids: Sequence[int]) -> list[int]:
    """Those of the pictures that are in the library, in order."""
    found: set[int] = set()
    for part in chunks(ids):
        query = select(images.c.id).where(images.c.id.in_(part), images.c.deleted_at.is_(None))
        found |= set((await connection.scalars(query)).all())
    return sorted(found)


async def set_deleted(connection: AsyncConnection, ids: Sequence[int], at: datetime | None) -> None:
    """Take pictures out, or bring them back: then they have yet to be compared with what came meanwhile."""
    values = {"deleted_at": at} | ({} if at else {"compared": 0})
    for part in chunks(ids):
        await connection.execute(update(images).where(images.c.id.in_(part)).values(values))


async def restore(connection: AsyncConnection, image_id: int, said: Provenance) -> None:
    """Bring a removed picture back; what is said of it now takes the place of what was said then."""
    told = {
        "title": text(said.title),
        "tags": text(said.tags),
        "source_url": said.source_url and takeable(said.source_url),
        "page_url": said.page_url and takeable(said.page_url),
    }
    values = {name: value for name, value in told.items() if value}
    await set_deleted(connection, [image_id], None)
    if values:
        await connection.execute(update(images).where(images.c.id == image_id).values(values))


async def put_warnings(connection: AsyncConnection, image_id: int, warnings: Sequence[PictureWarning]) -> None:
    """What people should know of a picture, as it was just decoded."""
    await connection.execute(update(images).where(images.c.id == image_id).values(warnings=codes(warnings)))


async def edit(connection: AsyncConnection, image_id: int, values: dict[str, Any]) -> dict[str, Any] | None:
    """Change what is said of a picture; returns what was said before, as the feed keeps it. None: it is not there."""
    return (await edit_each(connection, {image_id: values})).get(image_id)


async def edit_each(connection: AsyncConnection, values: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The same for many pictures, by id; without those that are not there."""
    before: dict[int, dict[str, Any]] = {}
    for some in chunks(list(values)):
        rows = (await connection.execute(live().where(images.c.id.in_(some)))).all()
        for row in rows:
            before[row.id] = {name: getattr(row, name) for name in (*EDITABLE, CREATED) if name in values[row.id]}
    for names, ids in _by_names(before).items():
        told = [{"edited_id": one} | {name: _told(name, values[one][name]) for name in names} for one in ids]
        changed = {images.c[name]: bindparam(name, type_=images.c[name].type) for name in names}
        this = images.c.id == bindparam("edited_id")
        await connection.execute(update(images).where(this).values(changed), told)
    for was in before.values():
        if CREATED in was:
            was[CREATED] = was[CREATED].replace(tzinfo=UTC).isoformat()
    return before


def _by_names(values: dict[int, dict[str, Any]]) -> dict[tuple[str, ...], list[int]]:
    """Ids of pictures by the names of the values that are to be changed, where there are any."""
    found: dict[tuple[str, ...], list[int]] = {}
    for image_id, named in values.items():
        if named:
            found.setdefault(tuple(named), []).append(image_id)
    return found


def _told(name: str, value: Any) -> Any:
    return _date(value) if name == CREATED else text(value)


def _date(value: datetime | str) -> datetime:
    """A time, which JSON has as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


async def invert(connection: AsyncConnection, lines: Sequence[Any]) -> list[Line]:
    """Take back lines of the feed, given from the last on; what came of it, as the feed has it.

    Without those of which there is nothing left to take back: the picture was purged, or is as it was before already.
    """
    done: list[Line] = []
    for some in _alike(lines):
        done += await _invert_alike(connection, some)
    return done


def _alike(lines: Sequence[Any]) -> Iterator[list[Any]]:
    """The lines in order, as many at a time as are of one kind and of different pictures."""
    some: list[Any] = []
    ids: set[int] = set()
    for line in lines:
        if some and (line.kind != some[0].kind or line.image_id in ids):
            yield some
            some, ids = [], set()
        some.append(line)
        ids.add(line.image_id)
    if some:
        yield some


async def _invert_alike(connection: AsyncConnection, lines: list[Any]) -> list[Line]:
    kind, ids = lines[0].kind, [line.image_id for line in lines]
    is_live: dict[int, bool] = {}
    for some in chunks(ids):
        query = select(images.c.id, images.c.deleted_at.is_(None).label("is_live")).where(images.c.id.in_(some))
        is_live |= {row.id: bool(row.is_live) for row in await connection.execute(query)}
    live_ones, removed = [i for i in ids if is_live.get(i)], [i for i in ids if not is_live.get(i, True)]
    if kind == "decided":
        of_these = {line.operation_id for line in lines if line.image_id in is_live}
        await connection.execute(delete(kept_pairs).where(kept_pairs.c.operation_id.in_(of_these)))
        return [(image_id, "undecided", None) for image_id in ids if image_id in is_live]
    if kind in ("added", "restored"):
        await set_deleted(connection, live_ones, clock.now())
        return [(image_id, "removed", None) for image_id in live_ones]
    if kind == "removed":
        await set_deleted(connection, removed, None)
        return [(image_id, "restored", None) for image_id in removed]
    if kind == "edited":
        before = await edit_each(connection, {line.image_id: line.before for line in lines})
        return [(image_id, "edited", before[image_id]) for image_id in live_ones]
    return []
