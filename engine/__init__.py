"""PicTrace's engine: everything about pictures, nothing about HTTP serving or Telegram.

These are its public names; `api` and `bot` import no others.
"""

from engine.bootstrap import open_service
from engine.domain import AddResult, CheckReport, Edit, Evidence, Match, SearchResult, Status, StoredImage, Undone
from engine.errors import PicTraceError
from engine.service import SearchService
from engine.settings import EngineSettings

__all__ = [
    "AddResult",
    "CheckReport",
    "Edit",
    "EngineSettings",
    "Evidence",
    "Match",
    "PicTraceError",
    "SearchResult",
    "SearchService",
    "Status",
    "StoredImage",
    "Undone",
    "open_service",
]
