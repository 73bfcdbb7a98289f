"""How two pictures are related: near-duplicates, a part and a whole, versions with one scene or layout."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("duplicates", sa.Column("relation", sa.String(length=16)))
    op.add_column("duplicates", sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    # The pairs that are there have no relation: they are offered to nobody until they are compared anew.
    halves = "SELECT first_id FROM duplicates UNION SELECT second_id FROM duplicates"
    op.execute(f"UPDATE images SET compared = 0 WHERE id IN ({halves})")


def downgrade() -> None:
    # An older PicTrace takes every pair for one of near-duplicates.
    op.execute("DELETE FROM duplicates WHERE relation <> 'near_duplicate'")
    op.drop_column("duplicates", "part_id")
    op.drop_column("duplicates", "relation")
