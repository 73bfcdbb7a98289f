"""For folders that are watched: since when a picture's files are missing, and files whose pictures were purged."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("source_missing_since", sa.DateTime(timezone=True)))
    op.create_table(
        "files_left_out",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_files_left_out"),
    )


def downgrade() -> None:
    op.drop_table("files_left_out")
    op.drop_column("images", "source_missing_since")
