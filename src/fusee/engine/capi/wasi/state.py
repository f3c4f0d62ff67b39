"""What a store's WASI program sees, and the numbers of `wasi_snapshot_preview1` that the device needs."""

from typing import Final

from fusee.engine.capi.state import StoreObject
from fusee.engine.state.runtime import Memory
from fusee.kernel.lang import Fn, Inline, Ptr, struct, u8, u32, u64, usize
from fusee.spec.wasi import Errno

SUCCESS: Final = u32(Errno.SUCCESS)
BADF: Final = u32(Errno.BADF)
FAULT: Final = u32(Errno.FAULT)
ILSEQ: Final = u32(Errno.ILSEQ)
INVAL: Final = u32(Errno.INVAL)
IO: Final = u32(Errno.IO)
ISDIR: Final = u32(Errno.ISDIR)
MFILE: Final = u32(Errno.MFILE)
NAMETOOLONG: Final = u32(Errno.NAMETOOLONG)
NOMEM: Final = u32(Errno.NOMEM)
NOSYS: Final = u32(Errno.NOSYS)
NOTDIR: Final = u32(Errno.NOTDIR)
NOTSUP: Final = u32(Errno.NOTSUP)
SPIPE: Final = u32(Errno.SPIPE)
NOTCAPABLE: Final = u32(Errno.NOTCAPABLE)

UNKNOWN: Final = u32(0)  # `filetype`
DIRECTORY: Final = u32(3)
REGULAR_FILE: Final = u32(4)

STREAMS: Final = 3  # descriptors 0 to 2; a file's descriptor is its handle plus 3
SYMLINK_FOLLOW: Final = u32(1)  # `lookupflags`
NOFOLLOW: Final = u32(16)  # `FUSEE_NOFOLLOW`, beside `oflags` and `fstflags`
CURRENT: Final = u64(0xFFFF_FFFF_FFFF_FFFF)  # an offset: where the file stands

Path = Fn[[usize, u32, Ptr[u8], usize], u32]
TwoPaths = Fn[[usize, u32, Ptr[u8], usize, u32, Ptr[u8], usize], u32]


@struct
class FileStat:
    """`fusee_filestat_t`."""

    device: u64
    inode: u64
    filetype: u32
    links: u64
    size: u64
    accessed: u64  # nanoseconds since 1970
    modified: u64
    changed: u64


@struct
class Files:
    """`fusee_files_t`: the app's files. All functions take `environment` first and give an errno; any may be null."""

    environment: usize
    open: Fn[[usize, u32, Ptr[u8], usize, u32, u32, u64, Ptr[u32]], u32]
    close: Fn[[usize, u32], u32]
    read: Fn[[usize, u32, Ptr[u8], usize, u64, Ptr[usize]], u32]
    write: Fn[[usize, u32, Ptr[u8], usize, u64, Ptr[usize]], u32]
    seek: Fn[[usize, u32, u64, u32, Ptr[u64]], u32]
    stat: Fn[[usize, u32, FileStat], u32]
    path_stat: Fn[[usize, u32, Ptr[u8], usize, FileStat], u32]
    read_directory: Fn[[usize, u32, u64, Ptr[u8], usize, Ptr[usize]], u32]
    make_directory: Path
    remove_directory: Path
    remove_file: Path
    rename: TwoPaths
    set_size: Fn[[usize, u32, u64], u32]
    set_times: Fn[[usize, u32, u64, u64, u32], u32]
    path_set_times: Fn[[usize, u32, Ptr[u8], usize, u64, u64, u32], u32]
    link_stat: Fn[[usize, u32, Ptr[u8], usize, FileStat], u32]
    link: TwoPaths
    symlink: Fn[[usize, Ptr[u8], usize, u32, Ptr[u8], usize], u32]
    read_link: Fn[[usize, u32, Ptr[u8], usize, Ptr[u8], usize, Ptr[usize]], u32]
    allocate: Fn[[usize, u32, u64, u64], u32]


@struct
class Streams:
    """`fusee_streams_t`: standard input, output and errors, as the app wants them."""

    environment: usize
    read: Fn[[usize, u32, Ptr[u8], usize, Ptr[usize]], u32]
    write: Fn[[usize, u32, Ptr[u8], usize], u32]


@struct
class Strings:
    """A list of strings, one behind the other, each with a zero byte at its end."""

    bytes: Ptr[u8]
    size: u32
    capacity: u32
    count: u32


@struct
class Wasi:
    """`fusee_wasi_t`."""

    arguments: Inline[Strings]
    environment: Inline[Strings]
    directories: Inline[Strings]  # what the guest calls them; their handles count from 0
    streams: Inline[Streams]
    files: Inline[Files]
    caller: usize  # the instance that called last
    memory: usize  # its exported memory, or 0
    calls: u32  # of functions that are working with it
    is_replaced: bool  # by another one meanwhile: the last of them deletes it


@struct
class Call:
    """One call of a WASI function."""

    store: StoreObject
    wasi: Wasi
    memory: Memory  # what the caller exports as "memory"
    arguments: Ptr[u64]
    texts: usize  # copies (`guest.Text`)
