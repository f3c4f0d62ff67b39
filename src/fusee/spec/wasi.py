"""Numbers of WASI that both of its implementations need, on the host and on devices: errors, kinds of files, limits."""

from enum import IntEnum
from typing import Final


class Errno(IntEnum):
    """`errno` of the witx definition: each member's value is its place in the list."""

    SUCCESS = 0
    TOOBIG = 1
    ACCES = 2
    ADDRINUSE = 3
    ADDRNOTAVAIL = 4
    AFNOSUPPORT = 5
    AGAIN = 6
    ALREADY = 7
    BADF = 8
    BADMSG = 9
    BUSY = 10
    CANCELED = 11
    CHILD = 12
    CONNABORTED = 13
    CONNREFUSED = 14
    CONNRESET = 15
    DEADLK = 16
    DESTADDRREQ = 17
    DOM = 18
    DQUOT = 19
    EXIST = 20
    FAULT = 21
    FBIG = 22
    HOSTUNREACH = 23
    IDRM = 24
    ILSEQ = 25
    INPROGRESS = 26
    INTR = 27
    INVAL = 28
    IO = 29
    ISCONN = 30
    ISDIR = 31
    LOOP = 32
    MFILE = 33
    MLINK = 34
    MSGSIZE = 35
    MULTIHOP = 36
    NAMETOOLONG = 37
    NETDOWN = 38
    NETRESET = 39
    NETUNREACH = 40
    NFILE = 41
    NOBUFS = 42
    NODEV = 43
    NOENT = 44
    NOEXEC = 45
    NOLCK = 46
    NOLINK = 47
    NOMEM = 48
    NOMSG = 49
    NOPROTOOPT = 50
    NOSPC = 51
    NOSYS = 52
    NOTCONN = 53
    NOTDIR = 54
    NOTEMPTY = 55
    NOTRECOVERABLE = 56
    NOTSOCK = 57
    NOTSUP = 58
    NOTTY = 59
    NXIO = 60
    OVERFLOW = 61
    OWNERDEAD = 62
    PERM = 63
    PIPE = 64
    PROTO = 65
    PROTONOSUPPORT = 66
    PROTOTYPE = 67
    RANGE = 68
    ROFS = 69
    SPIPE = 70
    SRCH = 71
    STALE = 72
    TIMEDOUT = 73
    TXTBSY = 74
    XDEV = 75
    NOTCAPABLE = 76


MAX_SUBSCRIPTIONS: Final = 1 << 14
"""Of one `poll_oneoff`."""

MAX_PATH_BYTES: Final = 4096
"""Of a path, and of what a symbolic link leads to."""

FILE_ERROR_CODES: Final = (
    "access", "would-block", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist", "file-too-large",
    "illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io", "is-directory", "loop", "too-many-links",
    "message-size", "name-too-long", "no-device", "no-entry", "no-lock", "insufficient-memory", "insufficient-space",
    "not-directory", "not-empty", "not-recoverable", "unsupported", "no-tty", "no-such-device", "overflow",
    "not-permitted", "pipe", "read-only", "invalid-seek", "text-file-busy", "cross-device",
)  # fmt: skip
"""`error-code` of `wasi:filesystem/types`, in its order."""

FILE_ERRORS: Final = {
    Errno.ACCES: "access", Errno.AGAIN: "would-block", Errno.ALREADY: "already", Errno.BADF: "bad-descriptor",
    Errno.BUSY: "busy", Errno.DEADLK: "deadlock", Errno.DQUOT: "quota", Errno.EXIST: "exist",
    Errno.FBIG: "file-too-large", Errno.ILSEQ: "illegal-byte-sequence", Errno.INPROGRESS: "in-progress",
    Errno.INTR: "interrupted", Errno.INVAL: "invalid", Errno.IO: "io", Errno.ISDIR: "is-directory", Errno.LOOP: "loop",
    Errno.MLINK: "too-many-links", Errno.MSGSIZE: "message-size", Errno.NAMETOOLONG: "name-too-long",
    Errno.NODEV: "no-device", Errno.NOENT: "no-entry", Errno.NOLCK: "no-lock", Errno.NOMEM: "insufficient-memory",
    Errno.NOSPC: "insufficient-space", Errno.NOTDIR: "not-directory", Errno.NOTEMPTY: "not-empty",
    Errno.NOTRECOVERABLE: "not-recoverable", Errno.NOTSUP: "unsupported", Errno.NOSYS: "unsupported",
    Errno.NOTTY: "no-tty", Errno.NXIO: "no-such-device", Errno.OVERFLOW: "overflow", Errno.PERM: "not-permitted",
    Errno.NOTCAPABLE: "not-permitted", Errno.PIPE: "pipe", Errno.ROFS: "read-only", Errno.SPIPE: "invalid-seek",
    Errno.TXTBSY: "text-file-busy", Errno.XDEV: "cross-device",
    # There is no code for too many open files; this one says at least that something is used up.
    Errno.MFILE: "insufficient-memory", Errno.NFILE: "insufficient-memory",
}  # fmt: skip
"""What errors of preview 1 are in 0.2; the others are `io`."""

FILE_KINDS: Final = (
    "unknown", "block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket",
)  # fmt: skip
"""`descriptor-type` of `wasi:filesystem/types`, in its order."""

KINDS_BY_FILETYPE: Final = (
    "unknown", "block-device", "character-device", "directory", "regular-file", "socket", "socket", "symbolic-link",
)  # fmt: skip
"""What `filetype` of preview 1 is in 0.2, in the former's order."""
