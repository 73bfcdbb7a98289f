"""PicTrace's engine: everything about pictures, nothing about HTTP serving or Telegram.

These are its public names; `api` and `bot` import no others.
"""

from engine.bootstrap import open_service
from engine.domain import (
    AddResult,
    Changed,
    CheckReport,
    Edit,
    Evidence,
    Level,
    Match,
    Page,
    Query,
    Region,
    SearchResult,
    Status,
    StoredImage,
    Undone,
)
from engine.errors import FileTooLarge, InvalidSetting, LibraryError, PicTraceError
from engine.fetch import name_of
from engine.imaging import MEDIA_TYPES
from engine.searching import MAX_LIMIT
from engine.service import SearchService
from engine.settings import EngineSettings, Hosts

__all__ = [
    "MAX_LIMIT",
    "MEDIA_TYPES",
    "AddResult",
    "Changed",
    "CheckReport",
    "Edit",
    "EngineSettings",
    "Evidence",
    "FileTooLarge",
    "Hosts",
    "InvalidSetting",
    "Level",
    "LibraryError",
    "Match",
    "Page",
    "PicTraceError",
    "Query",
    "Region",
    "SearchResult",
    "SearchService",
    "Status",
    "StoredImage",
    "Undone",
    "name_of",
    "open_service",
]
