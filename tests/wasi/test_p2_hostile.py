"""Every function of WASI 0.2, given any values of its types: it answers, or fails with an error of ours."""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fusee import ExitTrap, LimitError, Trap, WasiConfig
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    TupleType,
    VariantType,
)
from fusee.component.types.primitive import U8, Bool, String
from fusee.component.types.resource import HandleType
from fusee.component.types.valtype import ValType
from fusee.component.values import Err, Record, Variant
from fusee.wasi.descriptors import Descriptor
from fusee.wasi.p2.background import Background
from fusee.wasi.p2.filesystem.types import EntryStream, OpenFile
from fusee.wasi.p2.http import bodies, requests, responses
from fusee.wasi.p2.http.fields import Fields, HttpError
from fusee.wasi.p2.interface import _CLASSES as CLASSES
from fusee.wasi.p2.interface import INTERFACES, HostFunction
from fusee.wasi.p2.lookup import ResolveAddressStream
from fusee.wasi.p2.network import Network
from fusee.wasi.p2.pollable import READY, Pollable
from fusee.wasi.p2.socketoptions import SocketFile
from fusee.wasi.p2.streams import FileInput, FileOutput, InputStream, IoError, OutputStream
from fusee.wasi.p2.tcp import TcpSocket
from fusee.wasi.p2.udp import IncomingDatagramStream, OutgoingDatagramStream, UdpSocket
from fusee.wasi.resources import Resource
from tests.wasi.program import Program

FUNCTIONS = [(name, function) for name, one in INTERFACES.items() for function in one.functions.values()]
TEXTS = (
    "",
    "file",
    "../secret",
    "a/../b",
    "\0",
    "é" * 3000,
    "x" * 70_000,
    "GET",
    "a:1",
    "/",
    "[::1]",
    "127.0.0.1",
    "\r\n",
)
BITS = {"8": 8, "16": 16, "32": 32, "64": 64}


class Values:
    """Any values of a type, often at an end of its range."""

    def __init__(self, program: Program, seed: str) -> None:
        self.program = program
        self.random = random.Random(seed)
        self.made: list[Resource] = []

    def of(self, ty: ValType) -> Any:
        if isinstance(ty, HandleType):
            return self.resource(CLASSES[ty.ty._host or 0])
        if isinstance(ty, Bool):
            return self.random.random() < 0.5
        if isinstance(ty, String):
            return self.random.choice(TEXTS)
        if isinstance(ty, ListType):
            size = self.random.choice((0, 1, 3, 5000 if isinstance(ty.element, U8) else 20))
            return (
                self.random.randbytes(size)
                if isinstance(ty.element, U8)
                else [self.of(ty.element) for _ in range(size)]
            )
        if isinstance(ty, TupleType):
            return tuple(map(self.of, ty.elements))
        if isinstance(ty, RecordType):
            return Record(**{name: self.of(part) for name, part in ty.fields})
        if isinstance(ty, EnumType):
            return self.random.choice(ty.names)
        if isinstance(ty, FlagsType):
            return {name for name in ty.names if self.random.random() < 0.4}
        if isinstance(ty, OptionType):
            return None if self.random.random() < 0.5 else self.of(ty.payload)
        if isinstance(ty, VariantType | ResultType):
            tag, payload = self.random.choice(ty._cases())
            return Variant(tag, None if payload is None else self.of(payload))
        bits = int(type(ty).__name__[1:])
        return self.random.choice((0, 1, 5, (1 << bits) - 1, 1 << (bits - 1), self.random.getrandbits(bits)))

    def resource(self, kind: type[Resource]) -> Resource:
        made = MAKE[kind](self.program)
        self.made.append(made)
        return made


def _tcp(program: Program) -> TcpSocket:
    made = socket.socket()
    made.setblocking(False)
    return TcpSocket(made, "ipv4")


def _udp(program: Program) -> UdpSocket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return UdpSocket(made, "ipv4")


def _file(program: Program) -> OpenFile:
    found = program.open("file", flags=("read", "write"))
    assert isinstance(found, OpenFile)
    return found


def _stream(program: Program, kind: Callable[[Descriptor, int], Resource]) -> Resource:
    opened = _file(program)
    made = kind(opened.descriptor, 0)
    opened.close()
    return made


def _incoming(program: Program) -> bodies.IncomingBody:
    made = bodies.IncomingBody()
    made.far.close()
    return made


def _ended(program: Program) -> bodies.IncomingBody:
    made = _incoming(program)
    made.close()
    return made


def _datagrams(kind: Callable[[UdpSocket], Resource]) -> Callable[[Program], Resource]:
    return lambda program: kind(_udp(program))


def _request(program: Program) -> Resource:
    return requests.IncomingRequest("GET", "/", "HTTP", None, Fields(), _incoming(program))


MAKE: dict[type[Resource], Callable[[Program], Resource]] = {
    Pollable: lambda program: Pollable(lambda: READY),
    IoError: lambda program: HttpError(Variant("DNS-timeout")),
    InputStream: lambda program: _stream(program, FileInput),
    OutputStream: lambda program: _stream(program, FileOutput),
    OpenFile: _file,
    EntryStream: lambda program: EntryStream(program.root.directory),
    Network: lambda program: Network(),
    TcpSocket: _tcp,
    UdpSocket: _udp,
    IncomingDatagramStream: _datagrams(IncomingDatagramStream),
    OutgoingDatagramStream: _datagrams(OutgoingDatagramStream),
    ResolveAddressStream: lambda program: ResolveAddressStream(["::1"]),
    Fields: lambda program: Fields([("a", b"b")]),
    bodies.IncomingBody: _incoming,
    bodies.OutgoingBody: lambda program: bodies.OutgoingBody(5),
    bodies.FutureTrailers: lambda program: bodies.FutureTrailers(_ended(program)),
    requests.IncomingRequest: _request,
    requests.OutgoingRequest: lambda program: requests.OutgoingRequest(Fields()),
    requests.RequestOptions: lambda program: requests.RequestOptions(),
    responses.ResponseOutparam: lambda program: responses.ResponseOutparam(lambda response: None),
    responses.IncomingResponse: lambda program: responses.IncomingResponse(200, Fields(), _incoming(program)),
    responses.OutgoingResponse: lambda program: responses.OutgoingResponse(Fields()),
    responses.FutureIncomingResponse: lambda program: responses.FutureIncomingResponse(Background(lambda _: None)),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program with a directory; it may bind sockets, and nothing of it waits."""
    root = tmp_path_factory.mktemp("root")
    (root / "file").write_bytes(b"contents")

    def configure(config: WasiConfig) -> None:
        config.allow_network(lambda use, host, port: use.endswith("bind") and host == "127.0.0.1")

    made = Program(Path(root), configure)
    made.context.has_deadlines = True
    made.context.interrupt(True)
    with made.context:
        yield made


@pytest.mark.parametrize(("interface", "function"), FUNCTIONS, ids=lambda one: getattr(one, "name", one))
def test_any_values(program: Program, interface: str, function: HostFunction) -> None:
    for attempt in range(10):
        values = Values(program, f"{interface} {function.name} {attempt}")
        try:
            given = function.call(program.context, *(values.of(ty) for _, ty in function.params))
            values.made += resources_in(given)
        except (Err, Trap, LimitError, ExitTrap):
            pass
        finally:
            for one in values.made:
                end(one)


def resources_in(value: Any) -> list[Resource]:
    """Those that a result has handles to."""
    if isinstance(value, Resource):
        return [value]
    if isinstance(value, Variant):
        return resources_in(value.payload)
    return [found for one in value for found in resources_in(one)] if isinstance(value, tuple | list) else []


def end(resource: Resource) -> None:
    """Closes it, and all sockets of it; it may have been closed, if a function took it over."""
    with suppress(OSError):
        resource.close()
    body = resource if isinstance(resource, bodies.OutgoingBody) else getattr(resource, "body", None)
    if isinstance(body, bodies.OutgoingBody):
        body.far.close()
    for owner in (resource, body):
        for file in (getattr(owner, "file", None), getattr(owner, "descriptor", None)):
            if isinstance(file, SocketFile):
                file.socket.close()


def test_all_kinds_of_handles_are_tried() -> None:
    kinds = {kind for kind in CLASSES.values() if kind.__module__.startswith("fusee.wasi.p2.")}
    assert kinds == set(MAKE) | {kind for kind in kinds if kind.__name__.startswith("Terminal")}
