"""Statements that make the tables of an older PicTrace of today's: tests of what migrations bring level go back so."""

BEFORE_0007 = (
    "ALTER TABLE duplicates DROP COLUMN equal_pixels",
    "DROP TABLE parts",
    "DROP INDEX ix_images_features_version",
    "ALTER TABLE images DROP COLUMN features_version",
    "DROP TABLE files_left_out",
    "ALTER TABLE images DROP COLUMN source_missing_since",
)
