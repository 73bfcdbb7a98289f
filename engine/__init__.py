"""PicTrace's engine: everything about pictures, nothing about HTTP serving, Telegram or terminals.

These are its public names; the doors (`shell`, `api`, `bot`) import no others.
"""

from engine.backups import BackupReport, back_up, restore
from engine.bootstrap import PATIENCE_S, copy_library_files, migrate_library, open_service
from engine.concurrency import FairPlaces, admitted, current_client, give_memory_back, on_behalf_of
from engine.domain import (
    CHECKED,
    AddResult,
    Arrangement,
    Changed,
    CheckReport,
    Containment,
    DayOfPictures,
    Decision,
    Edit,
    Evidence,
    Explanation,
    Fingerprint,
    FolderEvent,
    Grade,
    Group,
    GroupLane,
    Groups,
    Keep,
    Level,
    Match,
    NearDuplicate,
    Page,
    PastOperation,
    PictureWarning,
    Position,
    Query,
    Region,
    Related,
    Removal,
    RemovedImage,
    SearchResult,
    ServedFile,
    Sort,
    Status,
    StoredImage,
    Tally,
    Undone,
    Watch,
    WebhookState,
)
from engine.errors import (
    FileTooLarge,
    InvalidSetting,
    LibraryBusy,
    LibraryError,
    NotDuplicates,
    PicTraceError,
    RequestError,
    ServerUnreachable,
    UnknownImage,
    UnknownNetwork,
    UnknownOperation,
    UnreadableFile,
)
from engine.features import networks
from engine.library.adding import Given
from engine.library.folder_follower import WatchPlan
from engine.library.retitling import PLACEHOLDERS as TITLE_PLACEHOLDERS
from engine.library.retitling import unknown_placeholders
from engine.library.samples import QUERIES as SAMPLE_QUERIES
from engine.library.searching import MAX_LIMIT
from engine.library.zipping import zipped
from engine.matching.explain import WORDS as EDIT_WORDS
from engine.matching.explain import per_cent
from engine.matching.query_region import parse as parse_region
from engine.measuring.benching import (
    BenchPlan,
    BenchReport,
    Bin,
    EditFigures,
    FalseAlarm,
    Reliability,
    VariantFigures,
)
from engine.output import LogFormatter, escaped, prepare_streams
from engine.pictures.archives import archive_suffix, readable_suffixes
from engine.pictures.fetch import Fetched
from engine.pictures.imaging import MEDIA_TYPES, taken_media_types
from engine.pictures.kinds import SUFFIXES as PICTURE_SUFFIXES
from engine.pictures.names import shown
from engine.pictures.sources import LeftAlone, Refused, Remote, Source, expand, how_many, read_file
from engine.pictures.urls import is_url, name_of, parse_url
from engine.repeats import RepeatLimit
from engine.service import SearchService
from engine.settings import EngineSettings, Hosts, configured_secrets, split_at_commas, unknown_variables
from engine.storage.copying import CopyReport
from engine.storage.database import Database
from engine.storage.migrating import Moved
from engine.wrong_values import wrong_value

__all__ = [
    "CHECKED",
    "EDIT_WORDS",
    "MAX_LIMIT",
    "MEDIA_TYPES",
    "PATIENCE_S",
    "PICTURE_SUFFIXES",
    "SAMPLE_QUERIES",
    "TITLE_PLACEHOLDERS",
    "AddResult",
    "Arrangement",
    "BackupReport",
    "BenchPlan",
    "BenchReport",
    "Bin",
    "Changed",
    "CheckReport",
    "Containment",
    "CopyReport",
    "Database",
    "DayOfPictures",
    "Decision",
    "Edit",
    "EditFigures",
    "EngineSettings",
    "Evidence",
    "Explanation",
    "FairPlaces",
    "FalseAlarm",
    "Fetched",
    "FileTooLarge",
    "Fingerprint",
    "FolderEvent",
    "Given",
    "Grade",
    "Group",
    "GroupLane",
    "Groups",
    "Hosts",
    "InvalidSetting",
    "Keep",
    "LeftAlone",
    "Level",
    "LibraryBusy",
    "LibraryError",
    "LogFormatter",
    "Match",
    "Moved",
    "NearDuplicate",
    "NotDuplicates",
    "Page",
    "PastOperation",
    "PicTraceError",
    "PictureWarning",
    "Position",
    "Query",
    "Refused",
    "Region",
    "Related",
    "Reliability",
    "Remote",
    "Removal",
    "RemovedImage",
    "RepeatLimit",
    "RequestError",
    "SearchResult",
    "SearchService",
    "ServedFile",
    "ServerUnreachable",
    "Sort",
    "Source",
    "Status",
    "StoredImage",
    "Tally",
    "Undone",
    "UnknownImage",
    "UnknownNetwork",
    "UnknownOperation",
    "UnreadableFile",
    "VariantFigures",
    "Watch",
    "WatchPlan",
    "WebhookState",
    "admitted",
    "archive_suffix",
    "back_up",
    "configured_secrets",
    "copy_library_files",
    "current_client",
    "escaped",
    "expand",
    "give_memory_back",
    "how_many",
    "is_url",
    "migrate_library",
    "name_of",
    "networks",
    "on_behalf_of",
    "open_service",
    "parse_region",
    "parse_url",
    "per_cent",
    "prepare_streams",
    "read_file",
    "readable_suffixes",
    "restore",
    "shown",
    "split_at_commas",
    "taken_media_types",
    "unknown_placeholders",
    "unknown_variables",
    "wrong_value",
    "zipped",
]
