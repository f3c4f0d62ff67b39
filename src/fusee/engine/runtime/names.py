"""What tags are called: by the custom section "name" (spec appendix 7.4.1), or as exports and imports."""

from typing import Final

from fusee.engine.decode.reader import Reader, read_byte, read_size, read_u32
from fusee.engine.runtime.holdings import BLOCK_INSTANCE, Block, contents, holdings_of
from fusee.engine.state.module import EXTERN_TAG, Module, Span
from fusee.engine.state.runtime import Instance, Store, Tag
from fusee.kernel.lang import Ptr, address, cast, caught, is_null, kernel, span, stack_array, u32, u64

TAG_NAMES: Final = 11  # a subsection's number


@kernel
def tag_name(world: Store, tag: Tag, into: Ptr[u64]) -> None:
    """Where a tag's name is, and its size in bytes, which is 0 if it has none.

    The instance is asked that defines it, or else one that imports it. The bytes are those of the module: they may be
    no UTF-8 if they are of the custom section.
    """
    into[0] = u64(0)
    into[1] = u64(0)
    at = holdings_of(world).newest
    while at != 0:
        block = cast(Block, at)
        if block.kind == BLOCK_INSTANCE and ends_search(cast(Instance, contents(block)), tag, into):
            return
        at = block.next


@kernel
def ends_search(instance: Instance, tag: Tag, into: Ptr[u64]) -> bool:
    """Note the name that an instance has for a tag; whether it defines it."""
    if is_null(instance.tags):  # it could not be made
        return False
    m = instance.module
    for index in span(m.tag_count):
        if instance.tags[index] == address(tag):
            is_own = index >= m.imported_tag_count
            if is_own or into[1] == 0:
                name_in(m, index, into)
            return is_own
    return False


@kernel
def name_in(m: Module, index: u32, into: Ptr[u64]) -> None:
    """The name of a module's tag, if it has one."""
    place = stack_array(Span, 1)[0]
    place.start = u32(0)
    place.end = u32(0)
    caught(find_in_section, m, index, place)  # damage is no error
    for i in span(m.export_count):
        if place.end == place.start and m.exports[i].kind == EXTERN_TAG and m.exports[i].index == index:
            place = m.exports[i].name
    for i in span(m.import_count):
        if place.end == place.start and m.imports[i].kind == EXTERN_TAG and m.imports[i].index == index:
            place = m.imports[i].name
    if place.end != place.start:
        into[0] = address(m.source + place.start)
        into[1] = u64(place.end - place.start)


@kernel
def find_in_section(m: Module, index: u32, place: Span) -> None:
    """Look for a tag's name in the custom section. Raises `Malformed` where that is damaged."""
    r = stack_array(Reader, 1)[0]
    r.source = m.source
    r.position = m.name_section.start
    r.end = m.name_section.end
    r.module_end = r.end
    while r.position < r.end:
        kind = read_byte(r)
        size = read_size(r)
        following = r.position + size
        r.end = following  # nor do names reach beyond their subsection
        if kind == TAG_NAMES:
            for _ in span(read_u32(r)):
                found = read_u32(r)
                length = read_size(r)
                if found == index:
                    place.start = r.position
                    place.end = r.position + length
                    return
                r.position += length
        r.position = following
        r.end = m.name_section.end
