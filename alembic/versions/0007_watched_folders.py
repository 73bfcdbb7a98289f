"""Since when the files of a picture are no longer where they were added from, for folders that are watched."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("source_missing_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("images", "source_missing_since")
