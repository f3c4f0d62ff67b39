"""`wasi:filesystem/types`: what files and directories are to a guest; and `preopens`, those that it is given."""

from typing import Final

from fusee.spec.wasi import FILE_ERROR_CODES, FILE_ERRORS, FILE_KINDS, MAX_PATH_BYTES
from fusee.wasi.abi import FdFlags
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import Descriptor, Directory
from fusee.wasi.errno import Errno, WasiError, errno_of
from fusee.wasi.p2.clocks import WALL_CLOCK
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.io import ERROR, STREAMS
from fusee.wasi.resolve import Follow
from fusee.wasi.resources import Resource

SYNC_FLAGS: Final = {
    "file-integrity-sync": FdFlags.SYNC,
    "data-integrity-sync": FdFlags.DSYNC,
    "requested-write-sync": FdFlags.RSYNC,
}
ADVICE: Final = ("normal", "sequential", "random", "will-need", "dont-need", "no-reuse")


class OpenFile(Resource):
    """A `descriptor`: one of preview 1's."""

    files = 1

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor

    @property
    def directory(self) -> Directory:
        """The directory that it is."""
        if not isinstance(self.descriptor, Directory):
            raise WasiError(Errno.NOTDIR)
        return self.descriptor

    def close(self) -> None:
        """Ends it; streams of the file go on."""
        self.descriptor.close()


class EntryStream(Resource):
    """The entries of a directory as they were when it was made."""

    def __init__(self, directory: Directory) -> None:
        self.entries = iter(directory.listing()[2:])  # without `.` and `..`


def code_of(error: "WasiError | OSError") -> str:
    """The `error-code` of what a file failed with."""
    errno = error.errno if isinstance(error, WasiError) else errno_of(error)
    return FILE_ERRORS.get(errno, "io")


def define_types(types: Interface, kind: str, time: str, error_code: str) -> None:
    """The types of `wasi:filesystem/types`. Versions have other kinds of files, times and errors."""
    types.define("filesize", "u64")
    types.define("link-count", "u64")
    types.define("descriptor-type", kind)
    types.define(
        "descriptor-flags",
        "flags {read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory}",
    )
    types.define("path-flags", "flags {symlink-follow}")
    types.define("open-flags", "flags {create, directory, exclusive, truncate}")
    types.define(
        "descriptor-stat",
        "record {type: descriptor-type, link-count: link-count, size: filesize, "
        f"data-access-timestamp: option<{time}>, data-modification-timestamp: option<{time}>, "
        f"status-change-timestamp: option<{time}>}}",
    )
    types.define("new-timestamp", f"variant {{no-change, now, timestamp({time})}}")
    types.define("directory-entry", "record {type: descriptor-type, name: string}")
    types.define("metadata-hash-value", "record {lower: u64, upper: u64}")
    types.define("advice", f"enum {{{', '.join(ADVICE)}}}")
    types.define("error-code", error_code)


TYPES: Final = Interface("filesystem/types", ERROR, STREAMS, WALL_CLOCK, error=code_of)
define_types(
    TYPES,
    f"enum {{{', '.join(FILE_KINDS)}}}",
    "datetime",
    f"enum {{{', '.join(FILE_ERROR_CODES)}}}",
)
TYPES.resource("descriptor", OpenFile)
TYPES.resource("directory-entry-stream", EntryStream)

PREOPENS: Final = Interface("filesystem/preopens", TYPES)


@PREOPENS.function("get-directories() -> list<tuple<descriptor, string>>")
def get_directories(context: WasiContext) -> list[tuple[OpenFile, str]]:
    """The directories that the program was given, and their names."""
    return [
        (OpenFile(found.share()), found.preopen.decode())
        for found in context.descriptors.values()
        if isinstance(found, Directory) and found.preopen is not None
    ]


def checked_path(path: str) -> str:
    """A path that the host can be asked for."""
    if len(path.encode()) > MAX_PATH_BYTES:
        raise WasiError(Errno.NAMETOOLONG)
    if "\0" in path:
        raise WasiError(Errno.ILSEQ)
    return path


def follow_of(flags: set[str]) -> Follow:
    """Whether symbolic links at the end of a path are followed."""
    return Follow.ALWAYS if flags else Follow.WITH_SLASH
