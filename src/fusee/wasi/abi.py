"""Flags, rights and record layouts of `wasi_snapshot_preview1` (its witx definition)."""

import os
import stat
from enum import IntEnum, IntFlag
from struct import Struct


class Rights(IntEnum):
    """What a descriptor may be used for; sets of rights are plain numbers, since every call checks some."""

    FD_DATASYNC = 1 << 0
    FD_READ = 1 << 1
    FD_SEEK = 1 << 2
    FD_FDSTAT_SET_FLAGS = 1 << 3
    FD_SYNC = 1 << 4
    FD_TELL = 1 << 5
    FD_WRITE = 1 << 6
    FD_ADVISE = 1 << 7
    FD_ALLOCATE = 1 << 8
    PATH_CREATE_DIRECTORY = 1 << 9
    PATH_CREATE_FILE = 1 << 10
    PATH_LINK_SOURCE = 1 << 11
    PATH_LINK_TARGET = 1 << 12
    PATH_OPEN = 1 << 13
    FD_READDIR = 1 << 14
    PATH_READLINK = 1 << 15
    PATH_RENAME_SOURCE = 1 << 16
    PATH_RENAME_TARGET = 1 << 17
    PATH_FILESTAT_GET = 1 << 18
    PATH_FILESTAT_SET_SIZE = 1 << 19
    PATH_FILESTAT_SET_TIMES = 1 << 20
    FD_FILESTAT_GET = 1 << 21
    FD_FILESTAT_SET_SIZE = 1 << 22
    FD_FILESTAT_SET_TIMES = 1 << 23
    PATH_SYMLINK = 1 << 24
    PATH_REMOVE_DIRECTORY = 1 << 25
    PATH_UNLINK_FILE = 1 << 26
    POLL_FD_READWRITE = 1 << 27
    SOCK_SHUTDOWN = 1 << 28
    SOCK_ACCEPT = 1 << 29


NO_RIGHTS = 0
ALL_RIGHTS = (1 << 30) - 1
# What changes the file system; a read-only directory passes none of it on.
MUTATING = (
    Rights.FD_WRITE
    | Rights.FD_ALLOCATE
    | Rights.FD_FILESTAT_SET_SIZE
    | Rights.FD_FILESTAT_SET_TIMES
    | Rights.PATH_CREATE_DIRECTORY
    | Rights.PATH_CREATE_FILE
    | Rights.PATH_LINK_SOURCE
    | Rights.PATH_LINK_TARGET
    | Rights.PATH_RENAME_SOURCE
    | Rights.PATH_RENAME_TARGET
    | Rights.PATH_FILESTAT_SET_SIZE
    | Rights.PATH_FILESTAT_SET_TIMES
    | Rights.PATH_SYMLINK
    | Rights.PATH_REMOVE_DIRECTORY
    | Rights.PATH_UNLINK_FILE
)
FILE_RIGHTS = (
    Rights.FD_DATASYNC
    | Rights.FD_READ
    | Rights.FD_SEEK
    | Rights.FD_FDSTAT_SET_FLAGS
    | Rights.FD_SYNC
    | Rights.FD_TELL
    | Rights.FD_WRITE
    | Rights.FD_ADVISE
    | Rights.FD_ALLOCATE
    | Rights.FD_FILESTAT_GET
    | Rights.FD_FILESTAT_SET_SIZE
    | Rights.FD_FILESTAT_SET_TIMES
    | Rights.POLL_FD_READWRITE
)
# A directory can be neither read nor written as bytes.
DIRECTORY_RIGHTS = ALL_RIGHTS & ~(
    Rights.FD_READ
    | Rights.FD_WRITE
    | Rights.FD_SEEK
    | Rights.FD_TELL
    | Rights.FD_ADVISE
    | Rights.FD_ALLOCATE
    | Rights.FD_FILESTAT_SET_SIZE
    | Rights.POLL_FD_READWRITE
    | Rights.SOCK_SHUTDOWN
    | Rights.SOCK_ACCEPT
)
# Without seek and tell, a C library takes a character device for a terminal.
STREAM_RIGHTS = (
    Rights.FD_READ
    | Rights.FD_WRITE
    | Rights.FD_FDSTAT_SET_FLAGS
    | Rights.FD_FILESTAT_GET
    | Rights.FD_SYNC
    | Rights.FD_DATASYNC
    | Rights.POLL_FD_READWRITE
)


class FileType(IntEnum):
    """`filetype`"""

    UNKNOWN = 0
    BLOCK_DEVICE = 1
    CHARACTER_DEVICE = 2
    DIRECTORY = 3
    REGULAR_FILE = 4
    SOCKET_DGRAM = 5
    SOCKET_STREAM = 6
    SYMBOLIC_LINK = 7


class OpenFlags(IntFlag):
    """`oflags`"""

    CREAT = 1
    DIRECTORY = 2
    EXCL = 4
    TRUNC = 8


class FdFlags(IntFlag):
    """`fdflags`"""

    APPEND = 1
    DSYNC = 2
    NONBLOCK = 4
    RSYNC = 8
    SYNC = 16


class TimeFlags(IntFlag):
    """`fstflags`"""

    ATIM = 1
    ATIM_NOW = 2
    MTIM = 4
    MTIM_NOW = 8


NO_FLAGS = FdFlags(0)
SYMLINK_FOLLOW = 1  # `lookupflags`

HOST_FD_FLAGS = {
    FdFlags.APPEND: os.O_APPEND,
    FdFlags.DSYNC: os.O_DSYNC,
    FdFlags.NONBLOCK: os.O_NONBLOCK,
    FdFlags.RSYNC: getattr(os, "O_RSYNC", os.O_SYNC),
    FdFlags.SYNC: os.O_SYNC,
}

FDSTAT = Struct("<BxH4xQQ")  # filetype, flags, rights, inheriting rights
FILESTAT = Struct("<QQB7xQQQQQ")  # dev, ino, filetype, nlink, size, atim, mtim, ctim
FILESTAT_0 = Struct("<QQB3xIQQQQ")  # the same in snapshot 0
DIRENT = Struct("<QQIB3x")  # next, ino, name length, filetype
PRESTAT = Struct("<B3xI")  # tag (0: a directory), name length
IOVEC = Struct("<II")
EVENT = Struct("<QHB5xQH6x")  # userdata, error, type, bytes, flags

_FILE_TYPES = {
    stat.S_IFBLK: FileType.BLOCK_DEVICE,
    stat.S_IFCHR: FileType.CHARACTER_DEVICE,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFREG: FileType.REGULAR_FILE,
    stat.S_IFSOCK: FileType.SOCKET_STREAM,
    stat.S_IFLNK: FileType.SYMBOLIC_LINK,
}


def file_type_of(mode: int) -> FileType:
    """The type of a file with this `st_mode`."""
    return _FILE_TYPES.get(stat.S_IFMT(mode), FileType.UNKNOWN)


def pack_filestat(record: Struct, status: os.stat_result, file_type: FileType) -> bytes:
    """A `filestat` record, of preview 1 or snapshot 0."""
    mask = (1 << 64) - 1
    return record.pack(
        status.st_dev & mask,
        status.st_ino & mask,
        file_type,
        status.st_nlink & 0xFFFF_FFFF,
        status.st_size,
        status.st_atime_ns & mask,
        status.st_mtime_ns & mask,
        status.st_ctime_ns & mask,
    )
