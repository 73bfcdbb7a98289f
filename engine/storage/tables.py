"""The tables of a library, as SQLAlchemy Core; `alembic/` brings older libraries level with them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Tags(TypeDecorator[list[str]]):
    """A JSON list of texts. Anything else in a damaged row is left out: one bad cell must not fail a whole query."""

    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], list[str]]:
        read = super().result_processor(dialect, coltype)
        return lambda value: _texts(read, value) or []


class Codes(TypeDecorator[list[str]]):
    """The same where it may be empty, for nothing is known; so it is too in a damaged row."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], list[str] | None]:
        read = super().result_processor(dialect, coltype)
        return lambda value: _texts(read, value)


def _texts(read: Callable[[Any], Any] | None, value: Any) -> list[str] | None:
    """The texts of a JSON list; None where it is none."""
    try:
        found = read(value) if read else value
    except (TypeError, ValueError):
        return None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else None


_BigId = BigInteger().with_variant(Integer, "sqlite")


def _one_of_pair(name: str, *, index: bool = False) -> Column[int]:
    of_image = ForeignKey("images.id", ondelete="CASCADE")
    return Column(name, _BigId, of_image, nullable=False, primary_key=True, autoincrement=False, index=index)


def _image_id(*, primary_key: bool = False, index: bool = False) -> Column[int]:
    of_image = ForeignKey("images.id", ondelete="CASCADE")
    return Column("image_id", _BigId, of_image, nullable=False, primary_key=primary_key, index=index)


def _of_live(name: str) -> Index:
    """By one column of the pictures that were not removed, equals by id."""
    is_live = text("deleted_at IS NULL")
    return Index(f"ix_images_live_{name}", name, "id", sqlite_where=is_live, postgresql_where=is_live)


_is_removed = text("deleted_at IS NOT NULL")
# PostgreSQL would order texts as the language of its system does; SQLite compares their bytes.
_NameKey = Text().with_variant(Text(collation="C"), "postgresql")

images = Table(
    "images",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("filename", Text, nullable=False),
    Column("title", Text),
    Column("source_url", Text),
    Column("page_url", Text),
    Column("tags", Tags, nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
    Column("source_missing_since", DateTime(timezone=True)),  # none of the files that it was added from is there
    Column("name_key", _NameKey, nullable=False, server_default=""),  # what pictures are ordered by name by
    Column("taken_at", String(19)),  # by the camera's own clock: 2026-05-01T12:00:00
    # By which version of the reader of dates `taken_at` was looked for in the file (taking.VERSION); 0: not yet.
    Column("taken_version", SmallInteger, nullable=False, server_default="0", index=True),
    Column("warnings", Codes),  # codes of what people should know of it; empty: not known
    # How far it has been compared with the others: `pairs.NOT`, `WHOLE`, `THOROUGHLY`.
    Column("compared", SmallInteger, nullable=False, server_default="0"),
    # How it was seen when its features were made (domain.FEATURES_VERSION).
    Column("features_version", SmallInteger, nullable=False, server_default="0", index=True),
    Index("ix_images_compared_deleted_at", "compared", "deleted_at"),  # counts what waits without the rows
    *(_of_live(name) for name in ("created_at", "name_key", "byte_size", "taken_at")),  # for every order of the list
    # Of removed ones alone: SQLite would look through it for the others, and then put them in order.
    Index("ix_images_removed", "deleted_at", "id", sqlite_where=_is_removed, postgresql_where=_is_removed),
    sqlite_autoincrement=True,  # ids are never given out twice
)

embeddings = Table(
    "embeddings",
    metadata,
    _image_id(primary_key=True),
    Column("network", String(64), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("part", SmallInteger, primary_key=True),  # 0 is the whole picture
    Column("vector", LargeBinary, nullable=False),  # float16, little-endian, unit length
)

hashes = Table(
    "hashes",
    metadata,
    _image_id(primary_key=True),
    Column("phash", BigInteger, nullable=False),  # the 64 bits as a signed number
)

keypoints = Table(
    "keypoints",
    metadata,
    _image_id(primary_key=True),
    Column("version", Integer, nullable=False),
    Column("aspect", Float, nullable=False),  # width / height
    Column("points", LargeBinary, nullable=False),  # (n, 2) uint16, shares of width and height times 65535
    Column("descriptors", LargeBinary, nullable=False),  # (n, 32) uint8
)

# Of long pictures: pieces of ordinary shape, which are found as pictures are. Their embeddings are in `embeddings`.
parts = Table(
    "parts",
    metadata,
    _image_id(primary_key=True),
    Column("part", SmallInteger, primary_key=True),  # from 1 on
    *(Column(name, Float, nullable=False) for name in ("x", "y", "width", "height")),  # in shares of the picture
    Column("thumbnail", LargeBinary, nullable=False),  # a JPEG
    Column("version", Integer, nullable=False),  # of the keypoints, and these as in `keypoints`
    Column("aspect", Float, nullable=False),
    Column("points", LargeBinary, nullable=False),
    Column("descriptors", LargeBinary, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("undoes", _BigId, ForeignKey("operations.id")),
    UniqueConstraint("undoes"),
    sqlite_autoincrement=True,  # ids are never given out twice
)

# `seq` follows the order of commits: every writer holds the write lock from its first statement on.
changes = Table(
    "changes",
    metadata,
    Column("seq", _BigId, primary_key=True),
    Column("operation_id", _BigId, ForeignKey("operations.id"), nullable=False, index=True),
    Column("image_id", _BigId, index=True),  # no foreign key: the line outlives a purged picture; empty: all pictures
    Column("kind", String(16), nullable=False),
    Column("before", JSON),  # of an edit: the values that an undo puts back
    sqlite_autoincrement=True,  # ids are never given out twice
)

# Pairs that were compared; `first_id` is the lower one, here and below.
duplicates = Table(
    "duplicates",
    metadata,
    _one_of_pair("first_id"),
    _one_of_pair("second_id", index=True),
    Column("p_same", Float, nullable=False),
    # near_duplicate, contains, variant, unrelated; empty: found by an older PicTrace, and to be compared anew.
    Column("relation", String(16)),
    Column("part_id", _BigId),  # of a pair of which one contains the other: the one that is a part
    Column("equal_pixels", Boolean),  # of pictures of one size, whatever their files are; empty: not looked at yet
)

# Pairs that somebody has decided to keep; they are no longer shown as duplicates.
kept_pairs = Table(
    "kept_pairs",
    metadata,
    _one_of_pair("first_id"),
    _one_of_pair("second_id", index=True),
    Column("reason", String(16), nullable=False),  # kept, different
    Column("operation_id", _BigId, ForeignKey("operations.id"), nullable=False, index=True),
)

files_seen = Table(
    "files_seen",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    _image_id(index=True),
)

# Files of pictures that were removed and purged: who follows their folders leaves them out while they are unchanged.
files_left_out = Table(
    "files_left_out",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
)

# What a webhook has yet to be told; where it stands with the change feed is one of the `settings`.
webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("event_id", String(64), nullable=False),  # the same at each attempt
    Column("body", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),  # when it happened
    Column("attempts", Integer, nullable=False, server_default="0"),
)

settings = Table(
    "settings",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("subscriber", Text, nullable=False),
    Column("query_sha256", String(64), nullable=False),
    Column("query_phash", BigInteger),
    _image_id(),
    Column("is_right", Boolean, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("subscriber", "query_sha256", "image_id"),
)

watches = Table(
    "watches",
    metadata,
    Column("id", _BigId, primary_key=True),
    Column("subscriber", Text, nullable=False, index=True),
    Column("reference", Text, nullable=False),  # the subscriber's own: where to read the query again, whom to tell
    Column("query_sha256", String(64), nullable=False),
    Column("query_phash", BigInteger),
    Column("network", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("vectors", LargeBinary, nullable=False),  # as in `embeddings`: of the whole query, then of its regions
    Column("seq", _BigId, nullable=False),  # compared with the library up to here
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_watches_seq", "seq"),
)
