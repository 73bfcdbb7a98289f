"""One library as it is stored: its rows by subject, and its files."""

from engine.storage.additions import Additions
from engine.storage.cells import Cells
from engine.storage.database import Database
from engine.storage.dates import Dates
from engine.storage.feature_rows import FeatureRows
from engine.storage.feed import ChangeFeed
from engine.storage.files import FileStore
from engine.storage.images import Images
from engine.storage.library_settings import LibrarySettings
from engine.storage.listings import Listings
from engine.storage.operations import Operations
from engine.storage.pairs import Pairs
from engine.storage.seen_files import SeenFiles
from engine.storage.subscribers import Subscribers
from engine.storage.trash import Trash
from engine.storage.upkeep import Upkeep
from engine.storage.webhook_events import WebhookEvents


class Repository:
    """Reads and changes one library. Every change is written to the feed within its own transaction."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self.database = database
        self.files = files
        self.settings = LibrarySettings(database)
        self.feed = ChangeFeed(database)
        self.images = Images(database, files)
        self.listings = Listings(database)
        self.trash = Trash(database)
        self.dates = Dates(database)
        self.features = FeatureRows(database)
        self.additions = Additions(database, files)
        self.seen_files = SeenFiles(database)
        self.operations = Operations(database)
        self.pairs = Pairs(database)
        self.subscribers = Subscribers(database)
        self.upkeep = Upkeep(database, files)
        self.cells = Cells(database)
        self.webhook_events = WebhookEvents(database)
