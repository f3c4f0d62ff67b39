"""Validation of a whole module (spec 3.5.16)."""

from fusee.engine.arena import new_memory, release_buffer
from fusee.engine.decode.optables import CLASS, FEATURE, RULE, RULE_NONE
from fusee.engine.decode.state import arena_of
from fusee.engine.errors import raise_again
from fusee.engine.present import HAS_SWITCHES
from fusee.engine.state.module import Module
from fusee.engine.state.platform import Platform
from fusee.engine.validate.constant import validate_datas, validate_elements, validate_globals, validate_table_inits
from fusee.engine.validate.entities import validate_entities, validate_exports, validate_start
from fusee.engine.validate.function import validate_bodies
from fusee.engine.validate.state import Validator
from fusee.engine.validate.types import validate_types
from fusee.kernel.lang import Ptr, cast, caught, copy_bytes, is_null, kernel, size_of, span, u8, u32, u64, usize
from fusee.spec.op import INDEX_COUNT


@kernel
def validate_module(m: Module) -> None:
    """Validate a decoded module, filling in what decoding left open.

    Raises `Invalid`, or `Malformed` for what is wrong inside of function bodies. The module stays
    the caller's to release either way.
    """
    v = new_validator(m)
    status = caught(validate_with, v)
    release_validator(v)
    raise_again(status)


@kernel
def new_validator(m: Module) -> Validator:
    """A validator with its table of rules and its flags of declared functions right behind it."""
    platform = arena_of(m).platform
    size = u64(size_of(Validator)) + INDEX_COUNT + m.func_count
    base = new_memory(platform, size)
    v = cast(Validator, base)
    v.rules = base + size_of(Validator)
    v.declared = v.rules + INDEX_COUNT
    write_rules(v.rules, m.features)
    v.visible_globals = m.global_count
    set_out(v, m, platform)
    return v


@kernel
def copy_validator(v: Validator) -> Validator:
    """One for another thread, which is to validate bodies of the same module at the same time; null without memory.

    It works on a copy of the module's record, since validating counts there; what else it changes are the bodies.
    """
    platform = v.scratch.platform
    base = platform.allocate(usize(1), usize(size_of(Validator) + size_of(Module)))
    other = cast(Validator, base)
    if not is_null(base):
        other.rules = v.rules
        other.declared = v.declared
        other.visible_globals = v.visible_globals
        copy_bytes(base + size_of(Validator), cast(Ptr[u8], v.module), usize(size_of(Module)))
        set_out(other, cast(Module, base + size_of(Validator)), platform)
    return other


@kernel
def set_out(v: Validator, m: Module, platform: Platform) -> None:
    """What does not depend on who validates."""
    v.module = m
    v.reader.source = m.source
    v.reader.module_end = m.source_size
    v.operand_buffer.platform = platform
    v.control_buffer.platform = platform
    v.run_buffer.platform = platform
    v.initialised_buffer.platform = platform
    v.set_buffer.platform = platform
    v.scratch.platform = platform


@kernel
def write_rules(rules: Ptr[u8], features: u64) -> None:
    """The rule of each instruction, if it is enabled. Every module pays for this, however small it is."""
    for i in span(u32(INDEX_COUNT)):
        enabled = not HAS_SWITCHES or FEATURE[CLASS[i]] & ~features == 0
        rules[i] = RULE[CLASS[i]] if enabled else RULE_NONE


@kernel
def release_validator(v: Validator) -> None:
    platform = v.scratch.platform
    release_buffer(v.operand_buffer)
    release_buffer(v.control_buffer)
    release_buffer(v.run_buffer)
    release_buffer(v.initialised_buffer)
    release_buffer(v.set_buffer)
    release_buffer(v.scratch)
    platform.release(cast(Ptr[u8], v))


@kernel
def validate_with(v: Validator) -> None:
    m = v.module
    validate_entries(v)
    validate_bodies(v, u32(0), m.func_count - m.imported_func_count)


@kernel
def validate_entries(v: Validator) -> None:
    """All but the bodies of functions."""
    m = v.module
    validate_types(m, v.scratch)
    validate_entities(m)
    validate_globals(v)
    validate_table_inits(v)
    validate_elements(v)
    validate_datas(v)
    validate_start(m)
    validate_exports(m, v.declared, v.scratch)
    release_buffer(v.scratch)
