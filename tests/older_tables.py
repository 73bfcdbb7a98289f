"""Statements that make the tables of an older PicTrace of today's: tests of what migrations bring level go back so."""

ORDERS = ("created_at", "name_key", "byte_size", "taken_at")
BEFORE_0014 = ("ALTER TABLE images DROP COLUMN warnings",)
BEFORE_0013 = (*BEFORE_0014, "DROP TABLE webhook_events")
BEFORE_0012 = (
    *BEFORE_0013,
    "DROP TABLE adders",
    "DROP TABLE posted_pictures",
    "DROP INDEX ix_inbox_added_from",
    *(f"ALTER TABLE inbox DROP COLUMN {name}" for name in ("sent", "inline_message_id", "added_from")),
    *(f"ALTER TABLE chats DROP COLUMN {name}" for name in ("tags", "hears_additions", "looks_for_reposts")),
)
BEFORE_0011 = (*BEFORE_0012, "ALTER TABLE duplicates DROP COLUMN equal_pixels")
BEFORE_0010 = (
    *BEFORE_0011,
    *(f"DROP INDEX ix_images_live_{name}" for name in ORDERS),
    "DROP INDEX ix_images_removed",
    "CREATE INDEX ix_images_deleted_at ON images (deleted_at)",
    "DROP INDEX ix_images_taken_version",
    *(f"ALTER TABLE images DROP COLUMN {name}" for name in ("taken_version", "taken_at", "name_key")),
)
BEFORE_0007 = (
    *BEFORE_0010,
    "DROP TABLE parts",
    "DROP INDEX ix_images_features_version",
    "ALTER TABLE images DROP COLUMN features_version",
    "DROP TABLE files_left_out",
    "ALTER TABLE images DROP COLUMN source_missing_since",
)
