"""What the bot keeps of chats, of people who may add, and of answers that go out in several messages."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("chats") as chats:
        chats.alter_column("language", existing_type=sa.String(length=8), nullable=True)
        chats.add_column(sa.Column("tags", sa.Text()))
        chats.add_column(sa.Column("hears_additions", sa.Boolean(), nullable=False, server_default=sa.false()))
        chats.add_column(sa.Column("looks_for_reposts", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("inbox") as inbox:
        inbox.add_column(sa.Column("sent", sa.Integer(), nullable=False, server_default="0"))
        inbox.add_column(sa.Column("inline_message_id", sa.Text()))
        inbox.add_column(sa.Column("added_from", sa.String(length=48)))
    op.execute("UPDATE inbox SET state = 'waiting', sent = 1 WHERE state = 'half'")
    op.create_index("ix_inbox_added_from", "inbox", ["added_from"])
    op.create_table(
        "adders",
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("allowed_by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_adders")),
    )
    op.create_table(
        "posted_pictures",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("phash", sa.BigInteger(), nullable=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posted_pictures")),
        sa.UniqueConstraint("chat_id", "message_id", name="uq_posted_pictures_message"),
    )
    op.create_index("ix_posted_pictures_at", "posted_pictures", ["at"])


def downgrade() -> None:
    op.drop_table("posted_pictures")
    op.drop_table("adders")
    op.execute("UPDATE inbox SET state = 'half' WHERE state = 'waiting' AND sent > 0")
    op.drop_index("ix_inbox_added_from", "inbox")
    with op.batch_alter_table("inbox") as inbox:
        for name in ("added_from", "inline_message_id", "sent"):
            inbox.drop_column(name)
    op.execute("DELETE FROM chats WHERE language IS NULL")
    with op.batch_alter_table("chats") as chats:
        for name in ("looks_for_reposts", "hears_additions", "tags"):
            chats.drop_column(name)
        chats.alter_column("language", existing_type=sa.String(length=8), nullable=False)
