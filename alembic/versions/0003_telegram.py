"""Verdicts say right or wrong, watches keep the vectors of regions too; the Telegram bot's own tables."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("verdicts") as verdicts:
        verdicts.add_column(sa.Column("is_right", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("verdicts") as verdicts:
        verdicts.alter_column("is_right", server_default=None)
    op.drop_table("watches")  # nothing wrote to it before this revision
    op.create_table(
        "watches",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("query_sha256", sa.String(length=64), nullable=False),
        sa.Column("query_phash", sa.BigInteger(), nullable=True),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.Column("seq", BIG_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
    )
    op.create_index("ix_watches_seq", "watches", ["seq"])
    op.create_index("ix_watches_subscriber", "watches", ["subscriber"])
    op.create_table(
        "chats",
        sa.Column("chat_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_chats")),
    )
    op.create_table(
        "inbox",
        sa.Column("update_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("operation_id", BIG_ID, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_state", "inbox", ["state"])
    op.create_table(
        "telegram_files",
        sa.Column("bot_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("image_id", BIG_ID, nullable=False, autoincrement=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("bot_id", "image_id", name=op.f("pk_telegram_files")),
    )
    op.create_index("ix_telegram_files_unique_id", "telegram_files", ["unique_id"])


def downgrade() -> None:
    op.drop_table("telegram_files")
    op.drop_table("inbox")
    op.drop_table("chats")
    with op.batch_alter_table("verdicts") as verdicts:
        verdicts.drop_column("is_right")
    op.drop_table("watches")
    op.create_table(
        "watches",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=True),
        sa.Column("query_sha256", sa.String(length=64), nullable=False),
        sa.Column("query_phash", sa.BigInteger(), nullable=True),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("aspect", sa.Float(), nullable=False),
        sa.Column("points", sa.LargeBinary(), nullable=False),
        sa.Column("descriptors", sa.LargeBinary(), nullable=False),
        sa.Column("seq", BIG_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
    )
    op.create_index("ix_watches_seq", "watches", ["seq"])
    op.create_index("ix_watches_subscriber", "watches", ["subscriber"])
