"""The module of an adapter: a core function that does what `canon lower` and `canon lift` do with one call.

In the order of the specification (CanonicalABI, "canon lift"): values are copied as they are read, a result before the
callee's `post-return`.
"""

from fusee.component.adapters.assembler import Assembler, Code
from fusee.component.adapters.call import EXPORT, Adapter, Call, MovedHandle
from fusee.component.adapters.direction import Direction
from fusee.component.adapters.passing import (
    directions,
    import_hosts,
    import_memories,
    import_reallocs,
    pass_arguments,
    pass_result,
)
from fusee.component.adapters.strings import fail
from fusee.component.layout import flatten_function, flatten_lifted
from fusee.component.runtime.instance import IN_POST_RETURN, MAY_LEAVE
from fusee.component.traps import Reason


def make_adapter(call: Call, most_bytes: int) -> Adapter:
    """The adapter of a call, which has about so many bytes at the most. Raises `assembler.TooLargeError`."""
    module = Assembler(most_bytes)
    _import(module, call)
    types = call.caller.type
    params = flatten_function([ty for _, ty in types._params], types._result, False)
    names = {f"p{i}": kind for i, kind in enumerate(params[0])}
    inward, outward = directions(module, call)
    code = module.function(EXPORT, names, params[1], inward.sides)
    writer = _Writer(call, code, inward, outward, list(names), params[1])
    writer.write()
    return Adapter(module.finish(EXPORT), tuple(module.imports), tuple(writer.handles))


def _import(module: Assembler, call: Call) -> None:
    import_memories(module, call)
    for i in range(call.entered):
        module.import_global(f"enter{i}")
    lifted = call.callee.type
    params, results = flatten_lifted([ty for _, ty in lifted._params], lifted._result, False, False)
    module.import_function("core", params, results)
    import_reallocs(module, call)
    if call.has_post_return:
        module.import_function("post_return", results, ())
    module.import_function("thrown", ("exnref",), ())
    if call.has_scope:
        module.import_function("begin", (), ())
        module.import_function("end", (), ())
    import_hosts(module, call)


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
        code.emit(f"global.get caller_leave i32.const {MAY_LEAVE} i32.ne if _ - {fail(Reason.CANNOT_LEAVE)} end")
        for i in range(call.entered):
            code.emit(f"global.get enter{i} i32.eqz if _ - {fail(Reason.CANNOT_ENTER)} end")
        for i in range(call.entered):
            code.emit(f"i32.const 0 global.set enter{i}")
        if call.has_scope:
            code.emit("call begin")
        pass_arguments(code, self._inward, call, self._names, self.handles)
        code.emit("call core")
        self._pass_result()
        code.emit("end return end call thrown unreachable")

    def _pass_result(self) -> None:
        code, given = self._code, None
        if self._call.callee.type._result is not None:
            kind = self._results[0] if self._results else "i32"
            given = code.local("given" if kind == "i32" else f"given_{kind}", kind)
            code.emit(f"local.set {given}")
            pointer = None if self._results else self._names[-1]
            pass_result(code, self._outward, self._call, [given], pointer, self.handles)
        self._end(given)

    def _end(self, given: str | None) -> None:
        """What comes behind the result, which `post-return` is given as the callee gave it."""
        code, call = self._code, self._call
        if call.has_scope:
            code.emit("call end")
        if call.has_post_return:
            code.emit(f"""
                i32.const {IN_POST_RETURN} global.set callee_leave
                {f"local.get {given}" if given else ""} call post_return
                i32.const {MAY_LEAVE} global.set callee_leave""")
        for i in range(call.entered):
            code.emit(f"i32.const 1 global.set enter{i}")
