"""Long pictures are kept in parts too, pieces of ordinary shape that are found by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "parts",
        sa.Column("image_id", BIG_ID, nullable=False, autoincrement=False),
        sa.Column("part", sa.SmallInteger(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("x", "y", "width", "height")),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("aspect", sa.Float(), nullable=False),
        sa.Column("points", sa.LargeBinary(), nullable=False),
        sa.Column("descriptors", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_parts_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", "part", name=op.f("pk_parts")),
    )


def downgrade() -> None:
    op.drop_table("parts")
    # An older PicTrace takes the embeddings of parts for those of whole pictures.
    op.execute("DELETE FROM embeddings WHERE part <> 0")
