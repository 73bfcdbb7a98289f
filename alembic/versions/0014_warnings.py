"""What people should know of a picture that was taken all the same; of older ones it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("warnings", sa.JSON()))


def downgrade() -> None:
    op.drop_column("images", "warnings")
