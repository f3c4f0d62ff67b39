"""The module of an adapter: a core function that does what `canon lower` and `canon lift` do with one call.

In the order of the specification (CanonicalABI, "canon lift"): values are copied as they are read, a result before the
callee's `post-return`.
"""

from fusee.component.adapters.assembler import Assembler, Code
from fusee.component.adapters.call import EXPORT, Adapter, Call, MovedHandle
from fusee.component.adapters.direction import Direction
from fusee.component.adapters.strings import fail
from fusee.component.adapters.values import Values
from fusee.component.layout import flatten_function, flatten_lifted, layout_of
from fusee.component.traps import Reason
from fusee.component.types import HANDLE, POINTER


def make_adapter(call: Call, most_bytes: int) -> Adapter:
    """The adapter of a call, which has about so many bytes at the most. Raises `assembler.TooLargeError`."""
    module = Assembler(most_bytes)
    _import(module, call)
    types = call.caller.type
    params = flatten_function([ty for _, ty in types._params], types._result, False)
    names = {f"p{i}": kind for i, kind in enumerate(params[0])}
    encodings = call.caller.encoding, call.callee.encoding
    inward = Direction(module, "argument", "caller", "callee", encodings)
    outward = Direction(module, "result", "callee", "caller", encodings[::-1])
    code = module.function(EXPORT, names, params[1], inward.sides)
    writer = _Writer(call, code, inward, outward, list(names), params[1])
    writer.write()
    return Adapter(module.finish(EXPORT), tuple(module.imports), tuple(writer.handles))


def _import(module: Assembler, call: Call) -> None:
    for name, side in (("caller", call.caller), ("callee", call.callee)):
        if side.has_memory:
            module.import_memory(name)
    for name in ("caller_leave", "callee_leave", *(f"enter{i}" for i in range(call.entered))):
        module.import_global(name)
    lifted = call.callee.type
    params, results = flatten_lifted([ty for _, ty in lifted._params], lifted._result, False, False)
    module.import_function("core", params, results)
    for name, side in (("caller_realloc", call.caller), ("callee_realloc", call.callee)):
        if side.has_realloc:
            module.import_function(name, ("i32",) * 4, ("i32",))
    if call.has_post_return:
        module.import_function("post_return", results, ())
    module.import_function("fail", ("i32", "i32"), ())
    module.import_function("thrown", ("exnref",), ())
    given = call.caller.params, call.caller.type._result
    if any(ty is not None and ty._flags & HANDLE for ty in given):
        module.import_function("handle", ("i32", "i32"), ("i32",))
    if call.has_scope:
        module.import_function("begin", (), ())
        module.import_function("end", (), ())
    for direction, ty in zip(("argument", "result"), given, strict=True):
        if ty is not None and ty._flags & POINTER:
            module.import_function(f"{direction}_string", ("i32", "i32"), ("i32", "i32"))


class _Writer:
    """Writes the function."""

    def __init__(
        self, call: Call, code: Code, inward: Direction, outward: Direction, names: list[str], results: list[str]
    ) -> None:  # fmt: skip
        self.handles: list[MovedHandle] = []
        self._call = call
        self._code = code
        self._inward, self._outward = inward, outward
        self._names, self._results = names, results

    def write(self) -> None:
        """An exception of the guest's ends here, whoever throws it (CanonicalABI, `call_and_trap_on_throw`)."""
        code, call = self._code, self._call
        result = self._results[0] if self._results else "-"
        code.emit(f"block thrown exnref try_table body {result} thrown")
        code.emit(f"global.get caller_leave i32.eqz if _ - {fail(Reason.CANNOT_LEAVE)} end")
        for i in range(call.entered):
            code.emit(f"global.get enter{i} i32.eqz if _ - {fail(Reason.CANNOT_ENTER)} end")
        for i in range(call.entered):
            code.emit(f"i32.const 0 global.set enter{i}")
        if call.has_scope:
            code.emit("call begin")
        self._pass_arguments()
        code.emit("call core")
        self._pass_result()
        code.emit("end return end call thrown unreachable")

    def _pass_arguments(self) -> None:
        code, pair = self._code, (self._call.caller.params, self._call.callee.params)
        layout = layout_of(pair[0])
        values = Values(self._inward, self.handles)
        if layout.flat is not None:
            values.pass_on(code, pair, self._names[: len(layout.flat)])
            return
        code.local("source")
        code.local("target")
        code.emit(f"""
            local.get p0 i32.const {layout.size} i32.const {layout.alignment} call {self._inward.area("from")}
            local.set source
            i32.const {layout.alignment} i32.const {layout.size} call {self._inward.allocator()} local.set target""")
        values.copy_parts(code, pair, 0)
        code.emit("local.get target")

    def _pass_result(self) -> None:
        code, (ours, theirs) = self._code, (self._call.caller.type._result, self._call.callee.type._result)
        code.sides = self._outward.sides
        if ours is None or theirs is None:
            self._end(None)
            return
        layout = layout_of(ours)
        values = Values(self._outward, self.handles)
        kind = self._results[0] if self._results else "i32"
        given = code.local("given" if kind == "i32" else f"given_{kind}", kind)
        code.emit(f"local.set {given}")
        if self._results:
            values.pass_on(code, (theirs, ours), [given])
            self._end(given)
            return
        code.local("source")
        code.local("target")
        for name, side, pointer in (("source", "from", given), ("target", "to", self._names[-1])):
            code.emit(f"""
                local.get {pointer} i32.const {layout.size} i32.const {layout.alignment}
                call {self._outward.area(side)} local.set {name}""")
        values.copy(code, (theirs, ours), 0)
        self._end(given)

    def _end(self, given: str | None) -> None:
        """What comes behind the result, which `post-return` is given as the callee gave it."""
        code, call = self._code, self._call
        if call.has_scope:
            code.emit("call end")
        if call.has_post_return:
            code.emit(f"""
                i32.const 0 global.set callee_leave
                {f"local.get {given}" if given else ""} call post_return
                i32.const 1 global.set callee_leave""")
        for i in range(call.entered):
            code.emit(f"i32.const 1 global.set enter{i}")
