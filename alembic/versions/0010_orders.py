"""When pictures were taken, and orders to list them in: by name, by size, by that date."""

import re
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NAME_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ORDERS = ("created_at", "name_key", "byte_size", "taken_at")
PORTION = 2_000


def upgrade() -> None:
    op.add_column("images", sa.Column("name_key", NAME_KEY, nullable=False, server_default=""))
    op.add_column("images", sa.Column("taken_at", sa.String(length=19)))
    # The files of all pictures that are there have yet to be looked into.
    op.add_column("images", sa.Column("taken_version", sa.SmallInteger(), nullable=False, server_default="0"))
    op.create_index("ix_images_taken_version", "images", ["taken_version"])
    _put_name_keys()
    op.drop_index("ix_images_deleted_at", "images")
    _create_index("removed", ["deleted_at", "id"], sa.text("deleted_at IS NOT NULL"))
    for name in ORDERS:
        _create_index(f"live_{name}", [name, "id"], sa.text("deleted_at IS NULL"))


def _create_index(name: str, columns: list[str], which: sa.TextClause) -> None:
    op.create_index(f"ix_images_{name}", "images", columns, sqlite_where=which, postgresql_where=which)


def downgrade() -> None:
    for name in ("removed", *(f"live_{name}" for name in ORDERS)):
        op.drop_index(f"ix_images_{name}", "images")
    op.create_index("ix_images_deleted_at", "images", ["deleted_at"])
    op.drop_index("ix_images_taken_version", "images")
    for name in ("taken_version", "taken_at", "name_key"):
        op.drop_column("images", name)


def _put_name_keys() -> None:
    connection, last = op.get_bind(), 0
    put = sa.text("UPDATE images SET name_key = :name_key WHERE id = :id")
    while rows := _portion(connection, last):
        connection.execute(put, [{"id": row.id, "name_key": _name_key(row.filename)} for row in rows])
        last = rows[-1].id


def _portion(connection: sa.Connection, after: int) -> Sequence[sa.Row]:
    query = sa.text("SELECT id, filename FROM images WHERE id > :after ORDER BY id LIMIT :limit")
    return connection.execute(query, {"after": after, "limit": PORTION}).all()


def _name_key(name: str) -> str:
    """As `engine.storage.name_keys` made it when this was written."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub("0*([0-9]{1,99})", lambda found: f"{len(found[1]):02}{found[1]}", plain)[:200]
