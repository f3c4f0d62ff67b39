"""What is in a directory: listing, opening, linking, renaming and removing."""

from typing import Final

from fusee.component.values import Record
from fusee.wasi import directories
from fusee.wasi.abi import NO_FLAGS, FileType, OpenFlags, Rights
from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.p2.filesystem.types import SYNC_FLAGS, TYPES, EntryStream, OpenFile, checked_path, follow_of

_OPEN_FLAGS: Final = {
    "create": OpenFlags.CREAT,
    "directory": OpenFlags.DIRECTORY,
    "exclusive": OpenFlags.EXCL,
    "truncate": OpenFlags.TRUNC,
}
_ENTRY_TYPES: Final = {
    FileType.DIRECTORY: "directory", FileType.REGULAR_FILE: "regular-file", FileType.SYMBOLIC_LINK: "symbolic-link",
}  # fmt: skip


@TYPES.method("descriptor.read-directory() -> result<directory-entry-stream, error-code>")
def read_directory(context: WasiContext, file: OpenFile) -> EntryStream:
    """The entries of the directory."""
    file.directory.require(Rights.FD_READDIR)
    return EntryStream(file.directory)


@TYPES.method("directory-entry-stream.read-directory-entry() -> result<option<directory-entry>, error-code>")
def read_directory_entry(context: WasiContext, stream: EntryStream) -> Record | None:
    """The next entry, or none."""
    for name, _, kind in stream.entries:
        try:
            return Record(type=entry_type(kind), name=name.decode())
        except UnicodeDecodeError:
            raise WasiError(Errno.ILSEQ) from None
    return None


@TYPES.method("descriptor.create-directory-at(path: string) -> result<_, error-code>")
def create_directory_at(context: WasiContext, file: OpenFile, path: str) -> None:
    """Makes a directory."""
    directories.create_directory_at(file.directory, checked_path(path))


@TYPES.method(
    "descriptor.link-at(old-path-flags: path-flags, old-path: string, new-descriptor: borrow<descriptor>, "
    "new-path: string) -> result<_, error-code>"
)
def link_at(
    context: WasiContext, file: OpenFile, flags: set[str], old_path: str, new: OpenFile, new_path: str
) -> None:  # fmt: skip
    """Gives a file a further name."""
    if flags:  # what a link leads to cannot be linked on all hosts
        raise WasiError(Errno.INVAL)
    directories.link_at(file.directory, checked_path(old_path), new.directory, checked_path(new_path))


@TYPES.method(
    "descriptor.open-at(path-flags: path-flags, path: string, open-flags: open-flags, flags: descriptor-flags) "
    "-> result<descriptor, error-code>"
)
def open_at(
    context: WasiContext, file: OpenFile, flags: set[str], path: str, how: set[str], asked: set[str]
) -> OpenFile:  # fmt: skip
    """Opens a file or a directory. Whether a directory can be changed is inherited, as in Wasmtime."""
    rights = (Rights.FD_WRITE if "write" in asked else 0) | (Rights.FD_READ if "read" in asked else 0)
    fd_flags = NO_FLAGS
    for name in asked & SYNC_FLAGS.keys():
        fd_flags |= SYNC_FLAGS[name]
    open_flags = OpenFlags(0)
    for name in how:
        open_flags |= _OPEN_FLAGS[name]
    opening = directories.Opening(open_flags, fd_flags, rights)
    return OpenFile(opening.open_at(file.directory, checked_path(path), follow_of(flags)))


@TYPES.method("descriptor.readlink-at(path: string) -> result<string, error-code>")
def readlink_at(context: WasiContext, file: OpenFile, path: str) -> str:
    """The target of a symbolic link."""
    try:
        return directories.readlink_at(file.directory, checked_path(path)).decode()
    except UnicodeDecodeError:
        raise WasiError(Errno.ILSEQ) from None


@TYPES.method("descriptor.remove-directory-at(path: string) -> result<_, error-code>")
def remove_directory_at(context: WasiContext, file: OpenFile, path: str) -> None:
    """Removes an empty directory."""
    directories.remove_directory_at(file.directory, checked_path(path))


@TYPES.method(
    "descriptor.rename-at(old-path: string, new-descriptor: borrow<descriptor>, new-path: string) "
    "-> result<_, error-code>"
)
def rename_at(context: WasiContext, file: OpenFile, old_path: str, new: OpenFile, new_path: str) -> None:
    """Moves a file or a directory."""
    directories.rename_at(file.directory, checked_path(old_path), new.directory, checked_path(new_path))


@TYPES.method("descriptor.symlink-at(old-path: string, new-path: string) -> result<_, error-code>")
def symlink_at(context: WasiContext, file: OpenFile, target: str, path: str) -> None:
    """Makes a symbolic link, which is not absolute."""
    directories.symlink_at(file.directory, checked_path(target), checked_path(path))


@TYPES.method("descriptor.unlink-file-at(path: string) -> result<_, error-code>")
def unlink_file_at(context: WasiContext, file: OpenFile, path: str) -> None:
    """Removes a file."""
    directories.unlink_file_at(file.directory, checked_path(path))


def entry_type(kind: FileType) -> str:
    """The name of the kind of an entry."""
    return _ENTRY_TYPES.get(kind, "unknown")
