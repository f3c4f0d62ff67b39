"""Interprets the commands of a script (the specification's `interpreter/README.md`, "Scripts").

An instance that cannot be made because its module needs what the engine lacks is kept as the
`Unsupported` that says so; whatever depends on it is skipped with the same reason.
"""

from collections.abc import Callable
from typing import Any

from fusee.wast import driver as outcomes
from fusee.wast.driver import Driver, Outcome, Unsupported
from fusee.wast.report import FileReport
from fusee.wast.script import Script
from fusee.wast.values import Value, decode_argument, describe, matches

Command = dict[str, Any]

TEXT_FORMAT = "text format"
CUSTOM_ANNOTATION = "contents of custom sections"
# Commands that are about what this engine does not look at.
_NOT_OURS = {
    "thread": "threads",
    "wait": "threads",
    "assert_malformed_custom": CUSTOM_ANNOTATION,
    "assert_invalid_custom": CUSTOM_ANNOTATION,
}

# Stands for an instance whose module command failed: the failure is reported there, once.
_ABSENT = Unsupported("the module before it failed")


class Mismatch(Exception):
    """A command did something else than the script says."""


class Skip(Exception):
    """A command cannot be carried out; the message is the reason."""


def run_script(script: Script, driver: Driver) -> FileReport:
    """Carries out all commands of a script on a fresh driver."""
    report = FileReport(script.path)
    runner = _Runner(script, driver)
    for command in script.commands:
        kind = command.get("type", "a command without a type")
        try:
            runner.run(kind, command)
        except Skip as skip:
            report.skips[str(skip)] += 1
        except Unsupported as missing:
            report.skips[str(missing)] += 1
        except Mismatch as mismatch:
            report.fail(command["line"], kind, str(mismatch))
        except Outcome as outcome:
            report.fail(command["line"], kind, f"{_name(outcome)}: {outcome}")
        except Exception as error:  # a fault of ours, or a command of a form that nobody knew: the others still count
            report.fail(command.get("line", 0), str(kind), f"internal error: {type(error).__name__}: {error}")
        else:
            report.passed += 1
    return report


class _Runner:
    """The state of a running script."""

    def __init__(self, script: Script, driver: Driver) -> None:
        self.script = script
        self.driver = driver
        self.current: Any = None  # the latest instance
        self.instances: dict[str, Any] = {}
        self.definition: Any = None  # the latest module definition
        self.definitions: dict[str, Any] = {}
        self.unavailable: dict[str, Unsupported] = {}  # registered names that stand for no instance
        self.handlers: dict[str, Callable[[Command], None]] = {
            "module": self.module,
            "module_definition": self.module_definition,
            "module_instance": self.module_instance,
            "register": self.register,
            "action": self.action,
            "assert_return": self.assert_return,
            "assert_trap": self.assert_trap,
            "assert_exhaustion": self.assert_exhaustion,
            "assert_exception": self.assert_exception,
            "assert_malformed": self.assert_malformed,
            "assert_invalid": self.assert_invalid,
            "assert_unlinkable": self.assert_unlinkable,
            "assert_uninstantiable": self.assert_uninstantiable,
        }

    def run(self, kind: str, command: Command) -> None:
        """One command. Raises `Skip` or `Mismatch`, or an `Outcome` that nobody expected."""
        if kind in _NOT_OURS:
            raise Skip(_NOT_OURS[kind])
        handler = self.handlers.get(kind)
        if handler is None:
            raise Mismatch("unknown command")
        handler(command)

    # Modules

    def binary(self, command: Command) -> bytes:
        """The binary of a command's module."""
        if command.get("module_type", "binary") == "binary":
            return self.script.read_module(command["filename"])
        if "binary_filename" in command:
            return self.script.read_module(command["binary_filename"])
        raise Skip(TEXT_FORMAT)

    def instantiate(self, module: Any) -> Any:
        """An instance; raises `Unsupported` where the module, or one that it imports from, could not be made."""
        if isinstance(module, Unsupported):
            raise module
        for name in self.driver.imported_modules(module):
            if name in self.unavailable:
                raise self.unavailable[name]
        return self.driver.instantiate(module)

    def bind(self, make: Callable[[], Any], name: str | None) -> None:
        """Makes a new instance of a module that is made first the current one, under its name too."""
        self.current = _ABSENT
        try:
            self.current = self.instantiate(make())
        except Unsupported as missing:
            self.current = missing
            raise
        finally:
            if name is not None:
                self.instances[name] = self.current

    def module(self, command: Command) -> None:
        """`(module …)`"""
        self.bind(lambda: self.driver.compile(self.binary(command)), command.get("name"))

    def module_definition(self, command: Command) -> None:
        """`(module definition …)`"""
        self.definition = _ABSENT
        try:
            self.definition = self.driver.compile(self.binary(command))
        except Unsupported as missing:
            self.definition = missing
            raise
        finally:
            if "name" in command:
                self.definitions[command["name"]] = self.definition

    def module_instance(self, command: Command) -> None:
        """`(module instance $i $m)`"""
        name = command.get("module")
        if name is not None and name not in self.definitions:
            raise Mismatch(f"there is no module definition ${name}")
        module = self.definition if name is None else self.definitions[name]
        if module is None:
            raise Mismatch("there is no module definition before it")
        self.bind(lambda: module, command.get("instance"))

    def register(self, command: Command) -> None:
        """`(register "name" $i)`"""
        name = command["as"]
        try:
            instance = self.find(command.get("name"))
        except Unsupported as missing:
            self.unavailable[name] = missing
            raise
        self.unavailable.pop(name, None)
        self.driver.register(name, instance)

    # Actions

    def find(self, name: str | None) -> Any:
        """The instance with a name, or the latest. Raises `Unsupported` if it could not be made."""
        if name is not None and name not in self.instances:
            raise Mismatch(f"there is no instance ${name}")
        found = self.current if name is None else self.instances[name]
        if found is None:
            raise Mismatch("there is no instance before it")
        if isinstance(found, Unsupported):
            raise found
        return found

    def perform(self, action: Command) -> list[Value]:
        """`(invoke …)` or `(get …)`"""
        instance = self.find(action.get("module"))
        if action["type"] == "get":
            return [self.driver.get(instance, action["field"])]
        return self.driver.invoke(instance, action["field"], [decode_argument(a) for a in action["args"]])

    def action(self, command: Command) -> None:
        """An action whose results nobody looks at."""
        self.perform(command["action"])

    def assert_return(self, command: Command) -> None:
        """`(assert_return action result…)`"""
        results = self.perform(command["action"])
        expected = command["expected"]
        if len(results) != len(expected) or not all(map(matches, expected, results)):
            got = ", ".join(map(str, results)) or "nothing"
            raise Mismatch(f"got {got}; expected {', '.join(map(describe, expected)) or 'nothing'}")

    def assert_trap(self, command: Command) -> None:
        """`(assert_trap action "message")`"""
        self.expect(outcomes.Trapped, command["text"], lambda: self.perform(command["action"]))

    def assert_exhaustion(self, command: Command) -> None:
        """`(assert_exhaustion action "message")`"""
        self.expect(outcomes.Exhausted, command["text"], lambda: self.perform(command["action"]))

    def assert_exception(self, command: Command) -> None:
        """`(assert_exception action)`"""
        self.expect(outcomes.Thrown, "", lambda: self.perform(command["action"]))

    # Modules that must be refused

    def assert_malformed(self, command: Command) -> None:
        """`(assert_malformed module "message")`"""
        binary = self.binary(command)
        self.expect(outcomes.Malformed, "", lambda: self.driver.compile(binary))

    def assert_invalid(self, command: Command) -> None:
        """`(assert_invalid module "message")`"""
        binary = self.binary(command)
        self.expect(outcomes.Invalid, "", lambda: self.driver.compile(binary))

    def assert_unlinkable(self, command: Command) -> None:
        """`(assert_unlinkable module "message")`"""
        module = self.driver.compile(self.binary(command))
        self.expect(outcomes.Unlinkable, "", lambda: self.instantiate(module))

    def assert_uninstantiable(self, command: Command) -> None:
        """`(assert_trap module "message")`"""
        module = self.driver.compile(self.binary(command))
        self.expect(outcomes.Trapped, command["text"], lambda: self.instantiate(module))

    def expect(self, outcome: type[Outcome], text: str, attempt: Callable[[], object]) -> None:
        """Insists that an attempt ends in an outcome; where `text` is given, with such a message."""
        expected = f"{outcome.__name__.lower()} {text}".rstrip()
        try:
            result = attempt()
        except Outcome as got:
            if isinstance(got, Unsupported) and not isinstance(got, outcome):
                raise
            if not isinstance(got, outcome):
                raise Mismatch(f"got {_name(got)}: {got}; expected {expected}") from None
            if text and not _same_message(str(got), text):
                raise Mismatch(f"got “{got}”; expected “{text}”") from None
        else:
            shown = ", ".join(map(str, result)) if isinstance(result, list) and result else "success"
            raise Mismatch(f"got {shown}; expected {expected}")


def _same_message(got: str, expected: str) -> bool:
    """Scripts may give the start of a message, or add to it which element was meant."""
    return got.startswith(expected) or expected.startswith(got)


def _name(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()
