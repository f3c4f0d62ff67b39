"""One direction in which an adapter copies values: whence and whereto, and the functions that it has for that."""

from collections.abc import Iterable, Mapping
from typing import Final

from fusee.component.adapters.assembler import Assembler, Code
from fusee.component.adapters.strings import fail, string_function
from fusee.component.codecs.helpers import MOST_CHAR, MOST_LIST_BYTES, SURROGATES
from fusee.component.codecs.strings import MOST_STRING_BYTES
from fusee.component.runtime.instance import IN_REALLOC, MAY_LEAVE
from fusee.component.traps import Reason

_SPANS: Final = {
    "string": (MOST_STRING_BYTES, Reason.STRING_TOO_LONG, Reason.STRING_UNALIGNED, Reason.STRING_OUT_OF_BOUNDS),
    "list": (MOST_LIST_BYTES, Reason.LIST_TOO_LONG, Reason.LIST_UNALIGNED, Reason.LIST_OUT_OF_BOUNDS),
}
_PAGE_BITS: Final = 16


class Direction:
    """Arguments go from the caller to the callee, results back. A prefix, by which it is told apart, begins names."""

    def __init__(self, module: Assembler, prefix: str, source: str, target: str, encodings: tuple[str, str]) -> None:
        """`source` and `target` are names of sides, such as `caller` and `callee`."""
        self._module = module
        self.prefix = prefix
        self.source_encoding, self.target_encoding = encodings
        self.host_string = f"{prefix}_string"
        self.sides = {"from": source, "to": target, "realloc": f"{target}_realloc", "leave": f"{target}_leave"}

    def begin(self, name: str, params: Mapping[str, str], results: int | Iterable[str]) -> Code:
        """A new function; so many results are i32."""
        self.sides[name] = f"{self.prefix}.{name}"
        kinds = ("i32",) * results if isinstance(results, int) else tuple(results)
        return self._module.function(self.sides[name], params, kinds, self.sides)

    def has(self, name: str) -> bool:
        """Whether there is such a function."""
        return name in self.sides

    def string(self) -> str:
        """Copies a string: pointer and length to pointer and length."""
        if not self.has("string"):
            string_function(self)
        return "string"

    def allocator(self) -> str:
        """Makes room at the target: of an alignment and a size to a pointer, as `context.Context.allocate`."""
        if not self.has("allocate"):
            code = self.begin("allocate", {"alignment": "i32", "size": "i32"}, 1)
            code.local("pointer")
            code.emit(f"""
                i32.const {IN_REALLOC} global.set leave
                i32.const 0 i32.const 0 local.get alignment local.get size call realloc local.set pointer
                i32.const {MAY_LEAVE} global.set leave
                local.get pointer local.get alignment i32.const 1 i32.sub i32.and if _ -
                  {fail(Reason.REALLOC_UNALIGNED)}
                end
                {_beyond("local.get size i64.extend_i32_u", "to")} if _ - {fail(Reason.REALLOC_OUT_OF_BOUNDS)} end
                local.get pointer""")
        return "allocate"

    def span(self, kind: str) -> str:
        """Checks a `string` or `list` at the source: of pointer, size (an i64) and alignment to the end."""
        name = f"{kind}_span"
        if not self.has(name):
            most, too_long, unaligned, out_of_bounds = _SPANS[kind]
            code = self.begin(name, {"pointer": "i32", "size": "i64", "alignment": "i32"}, 1)
            code.emit(f"""
                local.get size i64.const {most} i64.gt_u if _ - {fail(too_long)} end
                local.get pointer local.get alignment i32.const 1 i32.sub i32.and if _ - {fail(unaligned)} end
                {_beyond("local.get size", "from")} if _ - {fail(out_of_bounds)} end
                local.get pointer local.get size i32.wrap_i64 i32.add""")
        return name

    def area(self, side: str) -> str:
        """Checks where arguments or results are, or will be: of pointer, size and alignment to the pointer."""
        name = f"{side}_area"
        if not self.has(name):
            code = self.begin(name, {"pointer": "i32", "size": "i32", "alignment": "i32"}, 1)
            code.emit(f"""
                local.get pointer local.get alignment i32.const 1 i32.sub i32.and if _ -
                  {fail(Reason.AREA_UNALIGNED)}
                end
                {_beyond("local.get size i64.extend_i32_u", side)} if _ - {fail(Reason.AREA_OUT_OF_BOUNDS)} end
                local.get pointer""")
        return name

    def char(self) -> str:
        """Checks a character: of its number to the same."""
        if not self.has("char"):
            code = self.begin("char", {"code": "i32"}, 1)
            code.emit(f"""
                local.get code i32.const {SURROGATES.start} i32.sub i32.const {len(SURROGATES)} i32.lt_u
                local.get code i32.const {MOST_CHAR} i32.gt_u i32.or if _ - {fail(Reason.INVALID_CHAR)} end
                local.get code""")
        return "char"


def _beyond(size: str, side: str) -> str:
    """Whether what is at `pointer` does not end in the memory."""
    end = f"local.get pointer i64.extend_i32_u {size} i64.add"
    return f"{end} memory.size {side} i64.extend_i32_u i64.const {_PAGE_BITS} i64.shl i64.gt_u"
