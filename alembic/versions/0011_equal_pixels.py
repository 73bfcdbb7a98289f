"""Whether the two pictures of a pair are equal, pixel for pixel, whatever their files are."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("duplicates", sa.Column("equal_pixels", sa.Boolean()))


def downgrade() -> None:
    op.drop_column("duplicates", "equal_pixels")
