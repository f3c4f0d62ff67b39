"""Strings that are copied from one memory to another, from one encoding to another (CanonicalABI, "Strings").

A string is read twice: what is wrong with it, and how much room it takes, is known before there is any. Long ones are
left to the functions of a host's call (`Direction.host_string`): CPython's codecs are native code.
"""

from typing import TYPE_CHECKING, Final

from fusee.component.codecs.strings import UTF16_TAG
from fusee.component.traps import Reason

if TYPE_CHECKING:
    from fusee.component.adapters.assembler import Code
    from fusee.component.adapters.direction import Direction

_MOST_ASCII: Final = 16384
"""Bytes that are looked through here."""
_MOST_OTHER: Final = 128
"""The same of what is not ASCII alone, which takes more for each character."""

_NEXT: Final = {
    "utf8": """
        local.get at i32.load8_u from local.set code
        local.get at i32.const 1 i32.add local.set at
        local.get code i32.const 0x80 i32.ge_u if _ -
          local.get code local.get at local.get end call rest_of_utf8 local.set at local.set code
        end""",
    "latin1": """
        local.get at i32.load8_u from local.set code
        local.get at i32.const 1 i32.add local.set at""",
    "utf16": """
        local.get at i32.load16_u from local.set code
        local.get at i32.const 2 i32.add local.set at
        local.get code i32.const 0xF800 i32.and i32.const 0xD800 i32.eq if _ -
          local.get code local.get at local.get end call rest_of_utf16 local.set at local.set code
        end""",
}
"""Reads a character from `at`, which is before `end`, into `code`."""

_COUNT: Final = {
    "utf8": """
        local.get count i32.const 1 i32.add local.get code i32.const 0x7F i32.gt_u i32.add
        local.get code i32.const 0x7FF i32.gt_u i32.add local.get code i32.const 0xFFFF i32.gt_u i32.add
        local.set count""",
    "utf16": """
        local.get count i32.const 1 i32.add local.get code i32.const 0xFFFF i32.gt_u i32.add local.set count
        local.get bits local.get code i32.or local.set bits""",
}
"""Counts the units that a character takes."""

_PUT: Final = {
    "utf8": """
        local.get code i32.const 0x80 i32.lt_u if _ -
          local.get to local.get code i32.store8 to
          local.get to i32.const 1 i32.add local.set to
        else
          local.get code local.get to call put_utf8 local.set to
        end""",
    "latin1": """
        local.get to local.get code i32.store8 to
        local.get to i32.const 1 i32.add local.set to""",
    "utf16": """
        local.get code i32.const 0x10000 i32.ge_u if _ -
          local.get to local.get code i32.const 0x10000 i32.sub i32.const 10 i32.shr_u i32.const 0xD800 i32.or
          i32.store16 to
          local.get to i32.const 2 i32.add local.set to
          local.get code i32.const 0x3FF i32.and i32.const 0xDC00 i32.or local.set code
        end
        local.get to local.get code i32.store16 to
        local.get to i32.const 2 i32.add local.set to""",
}
"""Writes `code` to `to`."""

_FAIL: Final = "i32.const {} i32.const 0 call fail"


def fail(reason: Reason) -> str:
    """Instructions that trap; they are followed by what the validator believes of them."""
    return f"{_FAIL.format(int(reason))} unreachable"


REST_OF_UTF8: Final = f"""
    local.get lead i32.const 0xC2 i32.sub i32.const 0x32 i32.gt_u if _ - {fail(Reason.INVALID_UTF8)} end
    local.get lead i32.const 0xE0 i32.ge_u local.get lead i32.const 0xF0 i32.ge_u i32.add i32.const 1 i32.add
    local.set left
    i32.const 0x3F local.get left i32.shr_u local.get lead i32.and local.set code
    i32.const 0xA0 i32.const 0x90 i32.const 0x80
    local.get lead i32.const 0xF0 i32.eq select local.get lead i32.const 0xE0 i32.eq select local.set lowest
    i32.const 0x9F i32.const 0x8F i32.const 0xBF
    local.get lead i32.const 0xF4 i32.eq select local.get lead i32.const 0xED i32.eq select local.set highest
    loop more -
      local.get at local.get end i32.eq if _ - {fail(Reason.INCOMPLETE_UTF8)} end
      local.get at i32.load8_u from local.tee byte local.get lowest i32.lt_u
      local.get byte local.get highest i32.gt_u i32.or if _ - {fail(Reason.INVALID_UTF8)} end
      local.get code i32.const 6 i32.shl local.get byte i32.const 0x3F i32.and i32.or local.set code
      local.get at i32.const 1 i32.add local.set at
      i32.const 0x80 local.set lowest i32.const 0xBF local.set highest
      local.get left i32.const 1 i32.sub local.tee left br_if more
    end
    local.get code local.get at"""
"""The bytes behind the first (Unicode, table 3-7, "Well-Formed UTF-8 Byte Sequences")."""

REST_OF_UTF16: Final = f"""
    local.get lead i32.const 0xDC00 i32.ge_u if _ - {fail(Reason.INVALID_UTF16)} end
    local.get at local.get end i32.eq if _ - {fail(Reason.INVALID_UTF16)} end
    local.get at i32.load16_u from local.tee low i32.const 0xFC00 i32.and i32.const 0xDC00 i32.ne if _ -
      {fail(Reason.INVALID_UTF16)}
    end
    local.get lead i32.const 0x3FF i32.and i32.const 10 i32.shl local.get low i32.const 0x3FF i32.and i32.or
    i32.const 0x10000 i32.add
    local.get at i32.const 2 i32.add"""
"""The second of two surrogates."""

PUT_UTF8: Final = """
    local.get code i32.const 0x800 i32.lt_u if _ -
      local.get to local.get code i32.const 6 i32.shr_u i32.const 0xC0 i32.or i32.store8 to
    else
      local.get code i32.const 0x10000 i32.lt_u if _ -
        local.get to local.get code i32.const 12 i32.shr_u i32.const 0xE0 i32.or i32.store8 to
      else
        local.get to local.get code i32.const 18 i32.shr_u i32.const 0xF0 i32.or i32.store8 to
        local.get to i32.const 1 i32.add local.tee to
        local.get code i32.const 12 i32.shr_u i32.const 0x3F i32.and i32.const 0x80 i32.or i32.store8 to
      end
      local.get to i32.const 1 i32.add local.tee to
      local.get code i32.const 6 i32.shr_u i32.const 0x3F i32.and i32.const 0x80 i32.or i32.store8 to
    end
    local.get to local.get code i32.const 0x3F i32.and i32.const 0x80 i32.or i32.store8 to+1
    local.get to i32.const 2 i32.add"""
"""The bytes of a character that is not ASCII; gives the place behind them."""

END_OF_ASCII: Final = """
    block done -
      loop more -
        local.get end local.get at i32.sub i32.const 8 i32.lt_u br_if done
        local.get at i64.load from i64.const 0x8080808080808080 i64.and i64.eqz i32.eqz br_if done
        local.get at i32.const 8 i32.add local.set at
        br more
      end
    end
    loop more -
      local.get at local.get end i32.eq if _ - local.get at return end
      local.get at i32.load8_u from i32.const 0x80 i32.ge_u if _ - local.get at return end
      local.get at i32.const 1 i32.add local.set at
      br more
    end
    unreachable"""
"""Where the first byte is that is not ASCII."""

_HELPERS: Final = {
    "rest_of_utf8": (
        REST_OF_UTF8, ("lead", "at", "end"), 2, ("left", "code", "lowest", "highest", "byte")
    ),
    "rest_of_utf16": (REST_OF_UTF16, ("lead", "at", "end"), 2, ("low",)),
    "put_utf8": (PUT_UTF8, ("code", "to"), 1, ()),
    "end_of_ascii": (END_OF_ASCII, ("at", "end"), 1, ()),
}  # fmt: skip
_PARAMS: Final = {"pointer": "i32", "length": "i32", "end": "i32"}
_NEEDED: Final = {
    "utf8": ("rest_of_utf8", "end_of_ascii"), "utf16": ("rest_of_utf16",), "latin1": ("end_of_ascii",),
}  # fmt: skip


def string_function(direction: "Direction") -> None:
    """`string`: pointer and length of a string at one side to pointer and length of its copy at the other."""
    code = direction.begin("string", {"pointer": "i32", "length": "i32"}, 2)
    encoding = direction.source_encoding
    if encoding == "latin1+utf16":
        code.emit(f"local.get length i32.const {UTF16_TAG:#x} i32.and if _ -")
        _bounded(direction, code, "utf16", f"local.get length i32.const {UTF16_TAG:#x} i32.xor")
        code.emit("return end")
        encoding = "latin1"
    _bounded(direction, code, encoding, "local.get length")


def _bounded(direction: "Direction", code: "Code", source: str, units: str) -> None:
    """Check where a string is, and copy it."""
    code.emit(f"""
        local.get pointer local.get length
        local.get pointer {units} i64.extend_i32_u i64.const {int(source == "utf16")} i64.shl
        i32.const {alignment_of(direction.source_encoding)} call {direction.span("string")}
        call {_transcoder(direction, source)}""")


def _transcoder(direction: "Direction", source: str) -> str:
    """The name of the function that copies from `pointer` to `end` in one encoding."""
    name, target = f"from_{source}", direction.target_encoding
    for helper in (*_NEEDED[source], *(("put_utf8",) if target == "utf8" else ())):
        _helper(direction, helper)
    direction.allocator()
    code = direction.begin(name, _PARAMS, 2)
    for local in ("at", "to", "count", "code", "bits", "start"):
        code.local(local)
    code.emit("local.get pointer local.set at")
    if source == "latin1" and target == "latin1+utf16":
        code.emit("local.get length local.set count")
        _give(code, target, source, None)
        return name
    code.emit(f"local.get end local.get pointer i32.sub i32.const {_MOST_ASCII} i32.gt_u if _ -")
    _leave_to_host(direction, code)
    if source != "utf16":
        code.emit("""local.get pointer local.get end call end_of_ascii local.tee at local.get end i32.eq if _ -
            local.get pointer local.set at local.get length local.set count""")
        form = target if target != "latin1+utf16" else "latin1"
        _give(code, target, form, source if form == "utf16" else None)
        code.emit("return end local.get at local.get pointer i32.sub local.set count")
    code.emit(f"local.get end local.get at i32.sub i32.const {_MOST_OTHER} i32.gt_u if _ -")
    _leave_to_host(direction, code)
    _measure_and_give(code, source, target)
    return name


def _helper(direction: "Direction", name: str) -> None:
    if not direction.has(name):
        text, params, results, variables = _HELPERS[name]
        code = direction.begin(name, dict.fromkeys(params, "i32"), results)
        for variable in variables:
            code.local(variable)
        code.emit(text)


def _leave_to_host(direction: "Direction", code: "Code") -> None:
    code.emit(f"local.get pointer local.get length call {direction.host_string} return end")


def _measure_and_give(code: "Code", source: str, target: str) -> None:
    """Find out how many units there are in all, and whether Latin-1 does for them."""
    code.emit(f"""
        block done -
          loop more -
            local.get at local.get end i32.eq br_if done
            {_NEXT[source]} {_COUNT["utf8" if target == "utf8" else "utf16"]} br more
          end
        end
        local.get pointer local.set at""")
    if target == "latin1+utf16":
        code.emit("local.get bits i32.const 0x100 i32.lt_u if _ -")
        _give(code, target, "latin1", source)
        code.emit("return end")
        _give(code, target, "utf16", source if source != "utf16" else None)
        code.emit(f"i32.const {UTF16_TAG:#x} i32.or")
    else:
        _give(code, target, target, source if source != target else None)


def _give(code: "Code", target: str, form: str, source: str | None) -> None:
    """Make room for `count` units and fill it; gives pointer and length. No `source`: the bytes are the same."""
    size = f"local.get count i32.const {int(form == 'utf16')} i32.shl"
    code.emit(f"i32.const {alignment_of(target)} {size} call allocate local.tee start local.set to")
    if source is None:
        code.emit(f"local.get to local.get at {size} memory.copy to from")
    else:
        code.emit(f"""
            block done -
              loop more -
                local.get at local.get end i32.eq br_if done
                {_NEXT[source]} {_PUT[form]} br more
              end
            end""")
    code.emit("local.get start local.get count")


def alignment_of(encoding: str) -> int:
    """Of strings of an encoding."""
    return 1 if encoding == "utf8" else 2
