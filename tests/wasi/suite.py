"""Runs programs of a WASI test suite: `NAME.wasm`, with what it is given and has to do in `NAME.json`.

The format is that of `doc/specification.md` in the WASI test suite: operations one after the other.
"""

import http.client
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

from tests.wasi.upstream import serving

SECONDS: Final = 120
"""What one operation may take."""
_LEGACY: Final = {"args", "root", "env", "exit_code", "stdout", "stderr"}
_NETWORK: Final = {"sockets": ["-S", "inherit-network,allow-ip-name-lookup"], "http": ["-S", "http"]}


class Failure(Exception):
    """A program does not do what it should."""


class Pipe:
    """What a program writes, read by a thread, so that nobody waits for ever."""

    def __init__(self, source: IO[bytes]) -> None:
        self._parts: queue.Queue[bytes] = queue.Queue()
        self._left = b""
        threading.Thread(target=self._fill, args=(source,), daemon=True).start()

    def _fill(self, source: IO[bytes]) -> None:
        while part := os.read(source.fileno(), 1 << 16):
            self._parts.put(part)
        self._parts.put(b"")

    def read(self, is_enough: Callable[[bytes], int]) -> bytes:
        """The next bytes: as many as `is_enough` says once it does not say 0, or all until the end."""
        while not (count := is_enough(self._left)):
            try:
                part = self._parts.get(timeout=SECONDS)
            except queue.Empty:
                raise Failure(f"nothing more is written after {self._left!r}") from None
            if not part:
                count = len(self._left)
                break
            self._left += part
        found, self._left = self._left[:count], self._left[count:]
        return found

    def line(self) -> str:
        """The next line."""
        return self.read(lambda data: data.find(b"\n") + 1).decode().strip()


class Runner:
    """One program."""

    def __init__(self, program: Path, config: dict[str, Any], folder: Path, stack: ExitStack) -> None:
        self.program, self.config, self.folder, self.stack = program, config, folder, stack
        self.process: subprocess.Popen[bytes] | None = None
        self.pipes: dict[str, Pipe] = {}
        self.sockets: dict[str, socket.socket] = {}
        self.address = ""
        self.variables = {
            f"HTTP_SERVER_{server['name'].upper()}": stack.enter_context(serving(server))
            for server in config.get("servers", [])
        }

    def perform(self, operation: dict[str, Any]) -> None:
        """Does one thing. Raises `Failure`."""
        getattr(self, f"do_{operation['type']}")(operation)

    @property
    def is_service(self) -> bool:
        """Whether it answers requests."""
        return bool(self.config.get("world") == "wasi:http/service")

    def do_run(self, operation: dict[str, Any]) -> None:
        """Starts it."""
        command = [sys.executable, "-m", "fusee", "serve" if self.is_service else "run"]
        command += ["--addr", "127.0.0.1:0"] if self.is_service else []
        for proposal in self.config.get("proposals", []):
            command += _NETWORK[proposal]
        for name, value in (operation.get("env", {}) | self.variables).items():
            command += ["--env", f"{name}={value}"]
        if operation.get("root"):
            root = self.folder / "root"
            shutil.copytree(self.program.parent / operation["root"], root)
            command += ["--dir", f"{root}::/"]
        command += [str(self.program), *operation.get("args", [])]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, preexec_fn=_heed_interrupts
        )
        self.stack.callback(self.process.kill)
        assert self.process.stdout is not None and self.process.stderr is not None
        self.pipes = {"stdout": Pipe(self.process.stdout), "stderr": Pipe(self.process.stderr)}

    def do_write(self, operation: dict[str, Any]) -> None:
        """Gives it input."""
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(operation.get("payload", "").encode())

    def do_read(self, operation: dict[str, Any]) -> None:
        """Compares its output."""
        wanted = operation.get("payload", "").encode()
        found = self.pipes[operation.get("id", "stdout")].read(
            lambda data: len(wanted) if len(data) >= len(wanted) else 0
        )  # fmt: skip
        _same("output", found, wanted)

    def do_wait(self, operation: dict[str, Any]) -> None:
        """Its end."""
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.close()
        try:
            status = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure("it does not end") from None
        if status != operation.get("exit_code", 0):
            raise Failure(f"exit status {status}: {self.pipes['stderr'].read(lambda data: 0)[-600:].decode()}")

    def do_kill(self, operation: dict[str, Any]) -> None:
        """A signal, which is how a service ends."""
        assert self.process is not None
        self.process.send_signal(getattr(signal, operation.get("signal", "SIGTERM")))

    def do_connect(self, operation: dict[str, Any]) -> None:
        """A connection to the address that it writes."""
        host, _, port = self.pipes["stdout"].line().rpartition(":")
        made = self.stack.enter_context(socket.create_connection((host, int(port)), SECONDS))
        self.sockets[operation.get("id", "server")] = made

    def do_send(self, operation: dict[str, Any]) -> None:
        """What it has to receive."""
        self.sockets[operation["id"]].sendall(operation.get("payload", "").encode())

    def do_recv(self, operation: dict[str, Any]) -> None:
        """What it has to send."""
        wanted = operation.get("payload", "").encode()
        _same("received", self.sockets[operation["id"]].recv(len(wanted)), wanted)

    def do_request(self, operation: dict[str, Any]) -> None:
        """A request, and its answer."""
        if not self.address:
            self.address = self.pipes["stdout"].line().partition("http://")[2].strip("/")
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS)
        body, headers = operation.get("body", "").encode(), operation.get("headers", {})
        connection.request(operation.get("method", "GET"), operation.get("path", "/"), body or None, headers)
        response = connection.getresponse()
        found, wanted = response.read(), operation.get("response", {})
        connection.close()
        if response.status != wanted.get("status", 200):
            raise Failure(f"status {response.status}: {self.pipes['stderr'].read(len)[-600:].decode()}")
        _same("body", found, wanted.get("body", "").encode())
        for name, value in wanted.get("headers", {}).items():
            _same(name, response.getheader(name), value)


def _heed_interrupts() -> None:
    """Whoever starts this in the background may have its children ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Failure(f"{what}: {found!r}, not {wanted!r}")


def _operations(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if set(config) - _LEGACY:
        yield from config.get("operations", [{"type": "run"}, {"type": "wait"}])
        return
    yield {"type": "run"} | config
    for name in ("stdout", "stderr"):
        if name in config:
            yield {"type": "read", "id": name, "payload": config[name]}
    yield {"type": "wait"} | config


def run_program(program: Path) -> str:
    """What a program does wrong; empty if nothing."""
    described = program.with_suffix(".json")
    config: dict[str, Any] = json.loads(described.read_text()) if described.exists() else {}
    with tempfile.TemporaryDirectory(prefix="fusee-wasi-") as folder, ExitStack() as stack:
        try:
            runner = Runner(program, config, Path(folder), stack)
            for operation in _operations(config):
                runner.perform(operation)
        except (Failure, OSError, ValueError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
    return ""
