"""Runs specification scripts with components in them.

A script is converted by `wasm-tools json-from-wast`. A command passes if the engine does what it asserts; the wording
of messages is not compared.
"""

import json
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fusee import (
    Config,
    Engine,
    FuseeError,
    LimitError,
    LinkError,
    MalformedError,
    Module,
    Store,
    Trap,
    UnsupportedError,
    ValidationError,
)
from fusee.api.text import find_wasm_tools
from fusee.component import (
    F32,
    F64,
    Component,
    FuncType,
    Instance,
    Linker,
    ListType,
    OptionType,
    Record,
    RecordType,
    ResultType,
    TupleType,
    ValType,
    Variant,
    VariantType,
)
from fusee.component.types.composite import VariantLikeType
from fusee.component.types.primitive import U8


class Outcome(NamedTuple):
    """What became of a command; `message` is empty if it passed."""

    place: str
    message: str


class Failure(Exception):
    """A command does not do what it asserts."""


def to_python(ty: ValType, value: Any) -> Any:
    """A value of a script as Python has it."""
    if isinstance(ty, F32 | F64):
        code = "<If" if isinstance(ty, F32) else "<Qd"
        return struct.unpack(code[0] + code[2], struct.pack(code[:2], int(value)))[0]
    if isinstance(ty, ListType):
        made = [to_python(ty.element, part["value"]) for part in value]
        return bytes(made) if isinstance(ty.element, U8) else made
    if isinstance(ty, TupleType):
        return tuple(to_python(part, v["value"]) for part, v in zip(ty.elements, value, strict=True))
    if isinstance(ty, RecordType):
        made_record = Record()
        for (name, part), (_, v) in zip(ty.fields, value, strict=True):
            setattr(made_record, name, to_python(part, v["value"]))
        return made_record
    if isinstance(ty, VariantLikeType):
        return variant_to_python(ty, value)
    kind = type(ty).__name__
    if kind == "FlagsType":
        return set(value)
    if kind == "MapType":
        return {to_python(ty._parts()[0], k["value"]): to_python(ty._parts()[1], v["value"]) for k, v in value}
    return int(value) if kind[0] in "US" and kind[1:].isdigit() else value


def variant_to_python(ty: VariantLikeType, value: Any) -> Any:
    """A variant, an option or a result."""
    if isinstance(ty, VariantType):
        name, payload = value["case"], value.get("payload")
        part = dict(ty.cases)[name]
    elif isinstance(ty, OptionType):
        name, payload, part = ("none", None, None) if value is None else ("some", value, ty.payload)
    else:
        assert isinstance(ty, ResultType)
        ((case, payload),) = value.items()
        name, part = case.lower(), ty.ok if case == "Ok" else ty.err
    made = None if part is None else to_python(part, payload["value"])
    return Variant(name, made) if ty._is_tagged else made


class Runner:
    """The state of one script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = Config()
        config.wasm_threads = True
        self.engine = Engine(config)
        self.store = Store(self.engine)
        self.linker = Linker(self.engine)
        self.definitions: dict[str, Any] = {}
        self.instances: dict[str, Instance] = {}
        self.current: Any = None

    def compile(self, command: dict[str, Any]) -> Any:
        """The component or module that a command is about."""
        content = (self.folder / command["filename"]).read_bytes()
        return (Component if content[4:8] == b"\x0d\0\1\0" else Module)(self.engine, content)

    def instantiate(self, component: Any) -> Any:
        """An instance."""
        if isinstance(component, Module):
            return None
        return self.linker.instantiate(self.store, component)

    def run(self, command: dict[str, Any]) -> None:
        """Perform a command. Raises `Failure`."""
        perform: Callable[[dict[str, Any]], None] | None = getattr(self, f"do_{command['type']}", None)
        if perform is None:
            raise Failure(f"{command['type']} is not known")
        perform(command)

    def do_module(self, command: dict[str, Any]) -> None:
        """A component that is instantiated at once."""
        self.current = None
        self.current = self.instantiate(self.compile(command))
        if command.get("name"):
            self.instances[command["name"]] = self.current

    def do_module_definition(self, command: dict[str, Any]) -> None:
        """A component that is instantiated later."""
        self.definitions.pop(command.get("name", ""), None)
        self.definitions[command.get("name", "")] = self.compile(command)

    def do_module_instance(self, command: dict[str, Any]) -> None:
        """An instance of such a component."""
        self.current = None
        self.current = self.instances[command["instance"]] = self.instantiate(self.definitions[command["module"]])

    def invoke(self, action: dict[str, Any]) -> tuple[Any, FuncType]:
        """The result of a call."""
        instance = self.instances[action["module"]] if action.get("module") else self.current
        function = instance.get_func(self.store, action["field"]) if instance else None
        if function is None:
            raise Failure(f"there is no function {action['field']}")
        ty = function.type(self.store)
        args = [to_python(part, v["value"]) for (_, part), v in zip(ty.params, action["args"], strict=True)]
        return function(self.store, *args), ty

    def do_action(self, command: dict[str, Any]) -> None:
        """A call."""
        self.invoke(command["action"])

    def do_assert_return(self, command: dict[str, Any]) -> None:
        """A call, and its result."""
        result, ty = self.invoke(command["action"])
        wanted = None
        if command["expected"] and ty.result is not None:
            wanted = to_python(ty.result, command["expected"][0]["value"])
        if repr(result) != repr(wanted) and result != wanted:
            raise Failure(f"gives {result!r}, not {wanted!r}")

    def do_assert_trap(self, command: dict[str, Any]) -> None:
        """A call that traps."""
        self.expect((Trap,), lambda: self.invoke(command["action"]), command)

    def do_assert_uninstantiable(self, command: dict[str, Any]) -> None:
        """A component that cannot be instantiated."""
        self.expect((Trap, LinkError), lambda: self.instantiate(self.compile(command)), command)

    do_assert_unlinkable = do_assert_uninstantiable

    def do_assert_invalid(self, command: dict[str, Any]) -> None:
        """A component that is not valid."""
        self.expect((MalformedError, ValidationError, LimitError), lambda: self.compile(command), command)

    def do_assert_malformed(self, command: dict[str, Any]) -> None:
        """Bytes that are no component."""
        if command["module_type"] != "text":
            self.expect((MalformedError, ValidationError), lambda: self.compile(command), command)

    def expect(self, kinds: tuple[type[FuseeError], ...], perform: Callable[[], Any], command: dict[str, Any]) -> None:
        """Something fails in one of some ways."""
        try:
            found = perform()
        except UnsupportedError as error:
            raise Failure(f"unsupported: {error}") from None
        except kinds:
            return
        result = found[0] if isinstance(found, tuple) else found
        raise Failure(f"gives {result!r}, but {command['type'].removeprefix('assert_')}: {command.get('text', '')}")


def run_script(path: Path) -> Iterator[Outcome]:
    """The outcomes of all commands of a script."""
    with tempfile.TemporaryDirectory(prefix="fusee-components-") as name:
        folder = Path(name)
        convert = [find_wasm_tools(), "json-from-wast", str(path), "--wasm-dir", str(folder), "-o", str(folder / "all")]
        done = subprocess.run(convert, capture_output=True, check=False)
        if done.returncode:
            yield Outcome(f"{path.stem}:0", f"cannot be converted: {done.stderr.decode()[:200]}")
            return
        runner = Runner(folder)
        for command in json.loads((folder / "all").read_text())["commands"]:
            message = ""
            try:
                runner.run(command)
            except Exception as error:
                message = f"{type(error).__name__}: {error}".splitlines()[0]
            yield Outcome(f"{path.stem}:{command['line']}", message)
