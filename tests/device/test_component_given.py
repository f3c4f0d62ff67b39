"""What the library's functions give are handles to WASI's resources, whatever a component says: never to the app's."""

from pathlib import Path
from typing import Any, Final

import pytest

from fusee.component.types.resource import HandleType, ResourceType
from fusee.component.types.valtype import ValType
from fusee.engine.capi.component.http import functions as http
from fusee.engine.capi.component.wasi import given, interfaces
from fusee.wasi.p2.interface import INTERFACES, VERSION
from tests.component.guests import LIBC
from tests.device import guestcalls
from tests.device.apphttp import AppHttp
from tests.device.commands import Command
from tests.device.components import DeviceTrap
from tests.device.guestcalls import Relay
from tests.device.relay import relay

THING: Final = """
(import "my:app/things@1.0.0" (instance $things (export "thing" (type (sub resource)))))
(alias export $things "thing" (type $r-thing))"""
NEVER: Final = {  # they give no handle here, but an error or nothing
    "get-terminal-stdin", "get-terminal-stdout", "get-terminal-stderr", "create-tcp-socket", "create-udp-socket",
    "resolve-addresses",
}  # fmt: skip
SHAPES: Final = [
    ("cli/stdout", "get-stdout", "output-stream", ()),
    ("clocks/monotonic-clock", "subscribe-duration", "pollable", (1,)),
    ("filesystem/preopens", "get-directories", "descriptor", ()),  # a list of tuples
    ("filesystem/types", "descriptor.read-via-stream", "input-stream", (1, 0)),  # a result
    ("io/streams", "input-stream.read", "error", (1, 1)),  # a variant in a result
    ("http/types", "future-incoming-response.get", "incoming-response", (1,)),  # an option of a result of a result
    ("http/types", "future-trailers.get", "fields", (1,)),  # and of an option in that
]


class Forging(Relay):
    """What an interface's functions give as a resource is in this component's words the app's `thing`."""

    def __init__(self, root: Path, interface: str, resource: str) -> None:
        text = relay(*guestcalls.INTERFACES, "http/types", "http/outgoing-handler")
        start = text.index(f'(import "wasi:{interface}@')
        end = text.index("\n))", start)
        head, *lines = text[start:end].split("\n")
        given, thing = f"(own $r-{resource})", "(own $r-thing)"
        rest = [line if "[constructor]" in line else line.replace(given, thing) for line in lines]
        inner = ["(alias outer 1 $r-thing (type $thing))", '(export "thing" (type $r-thing (eq $thing)))']
        text = "\n".join([text[:start], head, *inner, *rest]) + text[end:]
        Command.__init__(self, text.replace("(component", f"(component{THING}", 1), ["app"], folders={"/": root})
        app = AppHttp(self.device, lambda exchange: None)
        assert self.call("fusee_component_use_http", self.component, self.put(app.table()))
        self.instantiate()


@pytest.mark.parametrize(("interface", "name", "resource", "arguments"), SHAPES)
def test_what_is_given_is_no_resource_of_the_apps(
    tmp_path: Path, interface: str, name: str, resource: str, arguments: tuple[Any, ...]
) -> None:
    """In whatever it is."""
    guest = Forging(tmp_path, interface, resource)
    with pytest.raises(DeviceTrap, match="not defined"):
        guest.plain(interface, name, *arguments)
    assert guest.close() == 0


def test_a_type_with_parts_without_number_is_no_result() -> None:
    """Looking at all of it would never end."""
    types = ["(type $t0 (list u8))", *(f"(type $t{i + 1} (list (tuple $t{i} $t{i})))" for i in range(14))]
    text = f"""(component
        (import "wasi:cli/stdout@0.2.0" (instance $stdout
          {" ".join(types)}
          (export "get-stdout" (func (result $t14)))))
        {LIBC}
        (core func $get (canon lower (func $stdout "get-stdout") (memory $memory) (realloc $realloc)))
        (core module $m (import "w" "get" (func $get (param i32)))
          (func (export "run") (call $get (i32.const 16))))
        (core instance $i (instantiate $m (with "w" (instance (export "get" (func $get))))))
        (func (export "run") (canon lift (core func $i "run"))))"""
    guest = Command(text, ["app"])
    guest.instantiate()
    with pytest.raises(DeviceTrap, match="not defined"):
        guest.func("run")()
    assert guest.close() == 0


def resources_in(ty: Any) -> set[ResourceType]:
    """Those to which there are handles in a type."""
    if isinstance(ty, HandleType):
        return {ty._ty}
    parts = [getattr(ty, name, None) for name in ("_payload", "_element", "_ok", "_err")]
    parts += getattr(ty, "_elements", ())
    parts += [part for _, part in getattr(ty, "_fields", ())]
    parts += [part for _, part in ty._cases()] if hasattr(ty, "_cases") else []
    return set().union(*(resources_in(part) for part in parts if isinstance(part, ValType)))


@pytest.mark.parametrize("library", [(interfaces.FUNCTIONS, given.RESOURCES, given.GIVEN),
                                     (http.FUNCTIONS, http.RESOURCES, http.GIVEN)])  # fmt: skip
def test_what_is_given_is_as_here(library: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
    """Every handle in a result of the host's is to the resource that is noted for the function, and nothing else is."""
    functions, resources, noted = library
    owners = {name: interface for interface, names in resources.items() for name in names}
    expected = {
        function: {INTERFACES[f"wasi:{owners[name]}@{VERSION}"].names[name]}
        for name, found in noted.items()
        for function in found
    }
    for interface, found in functions.items():
        here = INTERFACES[f"wasi:{interface}@{VERSION}"].functions
        for name in found.keys() & here.keys() - NEVER:
            assert resources_in(here[name].result) == expected.pop(name, set()), name
    assert expected == {}
