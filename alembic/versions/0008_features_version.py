"""How each picture was seen when its features were made: what would be seen otherwise now is made anew."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every picture that is there was seen as PicTrace 0.1.0 did.
    op.add_column("images", sa.Column("features_version", sa.SmallInteger(), nullable=False, server_default="0"))
    op.create_index("ix_images_features_version", "images", ["features_version"])


def downgrade() -> None:
    op.drop_index("ix_images_features_version", "images")
    op.drop_column("images", "features_version")
