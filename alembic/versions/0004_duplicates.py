"""Near-duplicates: pairs that were found, pairs that people keep, and which pictures have been compared."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Every picture that is there has yet to be compared.
    op.add_column("images", sa.Column("compared", sa.SmallInteger(), nullable=False, server_default="0"))
    op.create_index("ix_images_compared_deleted_at", "images", ["compared", "deleted_at"])
    _create_pairs("duplicates", sa.Column("p_same", sa.Float(), nullable=False))
    _create_pairs(
        "kept_pairs",
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("operation_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name=op.f("fk_kept_pairs_operation_id")),
    )
    op.create_index("ix_kept_pairs_operation_id", "kept_pairs", ["operation_id"])


def _create_pairs(name: str, *more: sa.schema.SchemaItem) -> None:
    ids = ("first_id", "second_id")
    op.create_table(
        name,
        *(sa.Column(one, BIG_ID, nullable=False, autoincrement=False) for one in ids),
        *more,
        *(
            sa.ForeignKeyConstraint([one], ["images.id"], name=op.f(f"fk_{name}_{one}"), ondelete="CASCADE")
            for one in ids
        ),
        sa.PrimaryKeyConstraint(*ids, name=op.f(f"pk_{name}")),
    )
    op.create_index(f"ix_{name}_second_id", name, ["second_id"])


def downgrade() -> None:
    op.drop_table("kept_pairs")
    op.drop_table("duplicates")
    op.drop_index("ix_images_compared_deleted_at", "images")
    op.drop_column("images", "compared")
