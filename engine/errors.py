"""Every error that the engine raises on purpose; each has a stable `code` that all doors pass on.

PicTraceError
├── ImageError                one picture cannot be used; the rest of a batch goes on
│   ├── UnreadableFile        unreadable_file     no such file, no permission, a device
│   ├── EmptyFile             empty_file
│   ├── FileTooLarge          file_too_large
│   ├── NotAnImage            not_an_image
│   ├── UnsupportedFormat     unsupported_format  known (SVG, PDF, video), but not taken
│   ├── TooManyPixels         too_many_pixels
│   ├── TooCostly             too_costly          decoding it takes too much memory or time, or breaks the decoder
│   └── DamagedImage          damaged_image       truncated or corrupt
├── ArchiveError              a zip, tar or 7z cannot be used
│   ├── BadArchive            bad_archive
│   └── ArchiveTooLarge       archive_too_large
├── FetchError                a URL gives nothing that could be looked at
│   ├── InvalidUrl            invalid_url
│   ├── UrlRefused            url_refused         not http(s), not public, with a password, an odd port
│   ├── TooManyRedirects      too_many_redirects
│   ├── FetchTimeout          fetch_timeout
│   ├── FetchDenied           fetch_denied        status 401, 403 and the like: not for everybody
│   └── FetchFailed           fetch_failed        unknown host, broken connection, another status than 200
├── RequestError              the call itself is wrong
│   ├── InvalidLimit          invalid_limit
│   ├── InvalidRegion         invalid_region      of a query: not in the picture, or too small
│   ├── UnknownImage          unknown_image
│   ├── UnknownOperation      unknown_operation
│   ├── UnknownSample         unknown_sample
│   ├── UnknownEdit           unknown_edit
│   ├── TooFewPictures        too_few_pictures    for what was asked of the library
│   ├── NotDuplicates         not_duplicates      they are no group of near-duplicates (any more)
│   ├── NothingToUndo         nothing_to_undo
│   ├── MigrationRefused      migration_refused   no library to move, or something else at its destination
│   └── InvalidSetting        invalid_setting
├── NetworkError
│   ├── UnknownNetwork        unknown_network
│   ├── NetworkMismatch       network_mismatch
│   ├── WeightsUnavailable    weights_unavailable
│   └── NetworkBuildFailed    network_build_failed
└── LibraryError              the library as a whole cannot go on
    ├── DataDirNotWritable    data_dir_not_writable
    ├── LibraryTooNew         library_too_new
    ├── LibraryTooOld         library_too_old     and opened only to be read
    ├── LibraryDamaged        library_damaged
    ├── LibraryBusy           library_busy
    ├── AlreadyWatched        already_watched     somebody else watches folders for this library
    ├── TooManyMissing        too_many_missing    likelier the place of the files is not there than they are lost
    ├── FilesUnreachable      files_unreachable   the store of the pictures' files does not answer, or refuses
    ├── ServerUnreachable     a server is down or does not answer: all goes on when it is back
    │   ├── DatabaseUnreachable   database_unreachable
    │   └── IndexUnreachable      index_unreachable
    ├── DatabaseRefused       database_refused      the server lets this user, database or statement not pass
    ├── MigrationUnfinished   migration_unfinished  a library is on its way into this database
    ├── MigrationFailed       migration_failed      what arrived is not what was sent
    └── DiskFull              disk_full
"""

from typing import ClassVar


class PicTraceError(Exception):
    """Base of all errors above; `str(error)` is a sentence for people, `error.code` is for programs."""

    code: ClassVar[str] = "error"


class ImageError(PicTraceError):
    code = "image_error"


class UnreadableFile(ImageError):
    code = "unreadable_file"


class EmptyFile(ImageError):
    code = "empty_file"


class FileTooLarge(ImageError):
    code = "file_too_large"


class NotAnImage(ImageError):
    code = "not_an_image"


class UnsupportedFormat(ImageError):
    code = "unsupported_format"


class TooManyPixels(ImageError):
    code = "too_many_pixels"


class TooCostly(ImageError):
    code = "too_costly"


class DamagedImage(ImageError):
    code = "damaged_image"


class ArchiveError(PicTraceError):
    code = "archive_error"


class BadArchive(ArchiveError):
    code = "bad_archive"


class ArchiveTooLarge(ArchiveError):
    code = "archive_too_large"


class FetchError(PicTraceError):
    code = "fetch_error"


class InvalidUrl(FetchError):
    code = "invalid_url"


class UrlRefused(FetchError):
    code = "url_refused"


class TooManyRedirects(FetchError):
    code = "too_many_redirects"


class FetchTimeout(FetchError):
    code = "fetch_timeout"


class FetchDenied(FetchError):
    code = "fetch_denied"


class FetchFailed(FetchError):
    code = "fetch_failed"


class RequestError(PicTraceError):
    code = "request_error"


class InvalidLimit(RequestError):
    code = "invalid_limit"


class InvalidRegion(RequestError):
    code = "invalid_region"


class UnknownImage(RequestError):
    code = "unknown_image"


class UnknownOperation(RequestError):
    code = "unknown_operation"


class UnknownSample(RequestError):
    code = "unknown_sample"


class UnknownEdit(RequestError):
    code = "unknown_edit"


class TooFewPictures(RequestError):
    code = "too_few_pictures"


class NotDuplicates(RequestError):
    code = "not_duplicates"


class NothingToUndo(RequestError):
    code = "nothing_to_undo"


class MigrationRefused(RequestError):
    code = "migration_refused"


class InvalidSetting(RequestError):
    code = "invalid_setting"


class NetworkError(PicTraceError):
    code = "network_error"


class UnknownNetwork(NetworkError):
    code = "unknown_network"


class NetworkMismatch(NetworkError):
    code = "network_mismatch"


class WeightsUnavailable(NetworkError):
    code = "weights_unavailable"


class NetworkBuildFailed(NetworkError):
    code = "network_build_failed"


class LibraryError(PicTraceError):
    code = "library_error"


class DataDirNotWritable(LibraryError):
    code = "data_dir_not_writable"


class LibraryTooNew(LibraryError):
    code = "library_too_new"


class LibraryTooOld(LibraryError):
    code = "library_too_old"


class LibraryDamaged(LibraryError):
    code = "library_damaged"


class LibraryBusy(LibraryError):
    code = "library_busy"


class AlreadyWatched(LibraryError):
    code = "already_watched"


class TooManyMissing(LibraryError):
    code = "too_many_missing"


class FilesUnreachable(LibraryError):
    code = "files_unreachable"


class ServerUnreachable(LibraryError):
    code = "server_unreachable"


class DatabaseUnreachable(ServerUnreachable):
    code = "database_unreachable"


class IndexUnreachable(ServerUnreachable):
    code = "index_unreachable"


class DatabaseRefused(LibraryError):
    code = "database_refused"


class MigrationUnfinished(LibraryError):
    code = "migration_unfinished"


class MigrationFailed(LibraryError):
    code = "migration_failed"


class DiskFull(LibraryError):
    code = "disk_full"
