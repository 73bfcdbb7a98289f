"""PicTrace's engine: everything about pictures, nothing about HTTP serving or Telegram.

These are its public names; `api` and `bot` import no others.
"""

from engine.bootstrap import PATIENCE_S, open_service
from engine.concurrency import FairPlaces, current_client, on_behalf_of
from engine.domain import (
    AddResult,
    Changed,
    CheckReport,
    Decision,
    Edit,
    Evidence,
    Explanation,
    Group,
    Groups,
    Keep,
    Level,
    Match,
    Page,
    Query,
    Region,
    SearchResult,
    ServedFile,
    Status,
    StoredImage,
    Tally,
    Twin,
    Undone,
    Watch,
)
from engine.errors import FileTooLarge, InvalidSetting, LibraryBusy, LibraryError, PicTraceError, ServerUnreachable
from engine.fetch import name_of
from engine.imaging import MEDIA_TYPES
from engine.repeats import RepeatLimit
from engine.searching import MAX_LIMIT
from engine.service import SearchService
from engine.settings import EngineSettings, Hosts, split_at_commas
from engine.sources import Refused, Remote, Source, expand
from engine.storage.database import Database

__all__ = [
    "MAX_LIMIT",
    "MEDIA_TYPES",
    "PATIENCE_S",
    "AddResult",
    "Changed",
    "CheckReport",
    "Database",
    "Decision",
    "Edit",
    "EngineSettings",
    "Evidence",
    "Explanation",
    "FairPlaces",
    "FileTooLarge",
    "Group",
    "Groups",
    "Hosts",
    "InvalidSetting",
    "Keep",
    "Level",
    "LibraryBusy",
    "LibraryError",
    "Match",
    "Page",
    "PicTraceError",
    "Query",
    "Refused",
    "Region",
    "Remote",
    "RepeatLimit",
    "SearchResult",
    "SearchService",
    "ServedFile",
    "ServerUnreachable",
    "Source",
    "Status",
    "StoredImage",
    "Tally",
    "Twin",
    "Undone",
    "Watch",
    "current_client",
    "expand",
    "name_of",
    "on_behalf_of",
    "open_service",
    "split_at_commas",
]
