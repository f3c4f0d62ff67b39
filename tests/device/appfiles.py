"""An app's files on an emulated device (`fusee_files_t`): folders of this machine."""

import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fusee.engine.capi.wasi.state import CURRENT, NOFOLLOW
from fusee.spec.wasi import Errno
from fusee.wasi.errno import WasiError, errno_of
from fusee.wasi.files import new_times
from fusee.wasi.resolve import Follow, resolve
from tests.device.appdevice import AppDevice

_A: Final = "address"
_PATH: Final = ("u32", _A, "usize")
FUNCTIONS: Final = {
    "open": (*_PATH, "u32", "u32", "u64", _A), "close": ("u32",), "read": ("u32", _A, "usize", "u64", _A),
    "write": ("u32", _A, "usize", "u64", _A), "seek": ("u32", "u64", "u32", _A), "stat": ("u32", _A),
    "path_stat": (*_PATH, _A), "read_directory": ("u32", "u64", _A, "usize", _A), "make_directory": _PATH,
    "remove_directory": _PATH, "remove_file": _PATH, "rename": (*_PATH, *_PATH), "set_size": ("u32", "u64"),
    "set_times": ("u32", "u64", "u64", "u32"), "path_set_times": (*_PATH, "u64", "u64", "u32"),
    "link_stat": (*_PATH, _A), "link": (*_PATH, *_PATH), "symlink": (_A, "usize", *_PATH),
    "read_link": (*_PATH, _A, "usize", _A), "allocate": ("u32", "u64", "u64"),
}  # fmt: skip
"""In the order of `fusee_files_t`, without the environment."""
_FILETYPES: Final = {stat.S_IFDIR: 3, stat.S_IFREG: 4, stat.S_IFLNK: 7}
_OPEN_FLAGS: Final = (os.O_CREAT, os.O_DIRECTORY, os.O_EXCL, os.O_TRUNC)
_READ, _WRITE = 1 << 1, 1 << 6  # rights


class AppFiles:
    """The callbacks, and what they were asked. `most` is how much one of them reads or writes at once."""

    def __init__(self, device: AppDevice, folders: list[Path]) -> None:
        self.device, self.space = device, device.space
        self.width = device.target.pointer_width
        self.paths = dict(enumerate(map(str, folders)))
        self.open_files: dict[int, int] = {}
        self.next = len(folders)
        self.most = 1 << 30
        self.asked: list[str] = []
        self.meanwhile: dict[str, Callable[[], object]] = {}
        """What happens first, by the name of the function that is asked, once."""
        self.failing: dict[str, int] = {}
        """Errnos, by the name of the function that gives one."""

    def table(self, without: tuple[str, ...] = ()) -> bytes:
        """A `fusee_files_t`."""
        words = [0]
        for name, parameters in FUNCTIONS.items():
            call = self._guarded(name, getattr(self, f"_{name}"))
            place = self.device.define_anew(f"files.{name}", (_A, *parameters), "u32", call)
            words.append(0 if name in without else place)
        return b"".join(word.to_bytes(self.width, "little") for word in words)

    def close(self) -> None:
        """What the program has left open."""
        for fd in self.open_files.values():
            os.close(fd)

    def _guarded(self, name: str, call: Callable[..., None]) -> Callable[..., int]:
        def guarded(environment: int, *arguments: int) -> int:
            self.asked.append(name)
            if name in self.meanwhile:
                self.meanwhile.pop(name)()
            if name in self.failing:
                return self.failing[name]
            try:
                call(*arguments)
            except WasiError as error:
                return error.errno
            except OSError as error:
                return errno_of(error)
            except KeyError:
                return Errno.BADF
            return Errno.SUCCESS

        return guarded

    def _at(self, directory: int, path: int, size: int, follow: Follow = Follow.NEVER) -> str:
        """Where a path leads, links included, never out of the directory; there is no link that is to be followed."""
        name = self.space.read(path, size).decode() if size else ""
        assert not name.startswith("/")
        root = os.open(self.paths[directory], os.O_DIRECTORY)
        try:
            with resolve(root, name, follow) as place:
                found = f"{os.readlink(f'/proc/self/fd/{place.directory}')}/{place.name}"
                return f"{found}/" if place.has_slash else found
        finally:
            os.close(root)

    def _words(self, place: int, *words: int) -> None:
        self.space.write(place, b"".join(word.to_bytes(self.width, "little") for word in words))

    def _open(self, directory: int, path: int, size: int, flags: int, fd_flags: int, rights: int, out: int) -> None:
        how = sum(flag for bit, flag in enumerate(_OPEN_FLAGS) if flags >> bit & 1) | os.O_NOFOLLOW
        is_itself = flags & int(NOFOLLOW) or how & os.O_EXCL
        found = self._at(directory, path, size, Follow.NEVER if is_itself else Follow.ALWAYS)
        if rights & _WRITE and not os.path.isdir(found):
            how |= os.O_RDWR if rights & _READ else os.O_WRONLY
        fd = os.open(found, how, 0o666)
        self.open_files[self.next], self.paths[self.next] = fd, found
        self.space.write(out, self.next.to_bytes(4, "little"))
        self.next += 1

    def _close(self, handle: int) -> None:
        os.close(self.open_files.pop(handle))
        del self.paths[handle]

    def _read(self, handle: int, into: int, size: int, offset: int, count: int) -> None:
        fd, size = self.open_files[handle], min(size, self.most)
        data = os.read(fd, size) if offset == int(CURRENT) else os.pread(fd, size, offset)
        self.space.write(into, data)
        self._words(count, len(data))

    def _write(self, handle: int, data: int, size: int, offset: int, count: int) -> None:
        fd, content = self.open_files[handle], self.space.read(data, min(size, self.most))
        self._words(count, os.write(fd, content) if offset == int(CURRENT) else os.pwrite(fd, content, offset))

    def _seek(self, handle: int, offset: int, whence: int, position: int) -> None:
        signed = offset - (offset >> 63 << 64)
        self.space.write(position, os.lseek(self.open_files[handle], signed, whence).to_bytes(8, "little"))

    def _stat(self, handle: int, out: int) -> None:
        self._put_status(os.stat(self.open_files[handle]), out)

    def _path_stat(self, directory: int, path: int, size: int, out: int) -> None:
        self._put_status(os.stat(self._at(directory, path, size, Follow.ALWAYS)), out)

    def _put_status(self, status: os.stat_result, out: int) -> None:
        kind = _FILETYPES.get(stat.S_IFMT(status.st_mode), 0)
        times = status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns
        numbers = status.st_dev, status.st_ino, kind, status.st_nlink, status.st_size, *times
        self.space.write(out, struct.pack("<QQI4xQQQQQ", *numbers))

    def _read_directory(self, handle: int, cookie: int, into: int, size: int, used: int) -> None:
        folder, data = self.paths[handle], b""
        names = [".", "..", *sorted(os.listdir(folder))]
        for number, name in [*enumerate(names, 1)][cookie:]:
            kind = _FILETYPES[stat.S_IFMT(os.lstat(f"{folder}/{name}").st_mode)]
            data += struct.pack("<QQIB3x", number, number, len(name.encode()), kind) + name.encode()
        self.space.write(into, data[:size])
        self._words(used, min(len(data), size))

    def _make_directory(self, directory: int, path: int, size: int) -> None:
        os.mkdir(self._at(directory, path, size))

    def _remove_directory(self, directory: int, path: int, size: int) -> None:
        os.rmdir(self._at(directory, path, size))

    def _remove_file(self, directory: int, path: int, size: int) -> None:
        os.unlink(self._at(directory, path, size))

    def _rename(self, directory: int, path: int, size: int, to: int, to_path: int, to_size: int) -> None:
        os.rename(self._at(directory, path, size), self._at(to, to_path, to_size))

    def _set_size(self, handle: int, size: int) -> None:
        os.ftruncate(self.open_files[handle], size)

    def _set_times(self, handle: int, accessed: int, modified: int, flags: int) -> None:
        place = self.open_files.get(handle, self.paths[handle])
        os.utime(place, ns=new_times(os.stat(place), accessed, modified, flags))

    def _path_set_times(self, directory: int, path: int, size: int, accessed: int, modified: int, flags: int) -> None:
        place = self._at(directory, path, size, Follow.NEVER if flags & int(NOFOLLOW) else Follow.ALWAYS)
        times = new_times(os.lstat(place), accessed, modified, flags & ~int(NOFOLLOW))
        os.utime(place, ns=times, follow_symlinks=False)

    def _link_stat(self, directory: int, path: int, size: int, out: int) -> None:
        self._put_status(os.lstat(self._at(directory, path, size)), out)

    def _link(self, directory: int, path: int, size: int, to: int, to_path: int, to_size: int) -> None:
        os.link(self._at(directory, path, size), self._at(to, to_path, to_size), follow_symlinks=False)

    def _symlink(self, target: int, target_size: int, directory: int, path: int, size: int) -> None:
        text = self.space.read(target, target_size) if target_size else b""
        os.symlink(text, self._at(directory, path, size).encode())

    def _read_link(self, directory: int, path: int, size: int, into: int, room: int, used: int) -> None:
        target = os.readlink(os.fsencode(self._at(directory, path, size)))[:room]
        self.space.write(into, target)
        self._words(used, len(target))

    def _allocate(self, handle: int, offset: int, size: int) -> None:
        os.posix_fallocate(self.open_files[handle], offset, size)
