"""Hashes without their bands: near ones are looked for in memory, where all of them lie anyway."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BANDS = [f"band{n}" for n in range(4)]


def upgrade() -> None:
    for band in BANDS:
        op.drop_index(f"ix_hashes_{band}", "hashes")
        op.drop_column("hashes", band)


def downgrade() -> None:
    # An older PicTrace finds near hashes again once `pictrace check --repair` has made them anew.
    for band in BANDS:
        op.add_column("hashes", sa.Column(band, sa.Integer(), nullable=False, server_default="0"))
        op.create_index(f"ix_hashes_{band}", "hashes", [band])
