"""Pointers, references, embedded structs and arrays, function pointers."""

from typing import Annotated, Final

from fusee.kernel.lang import (
    Count,
    Fn,
    Inline,
    Ptr,
    cast,
    copy_bytes,
    diff,
    fill_bytes,
    is_null,
    kernel,
    null,
    size_of,
    span,
    stack_array,
    struct,
    table,
    u8,
    u16,
    u32,
    u64,
    usize,
)

SHAPES: Final = u32(5)


@struct
class Node:
    key: u32
    left: "Node"
    right: "Node"


@struct
class Pool:
    nodes: Ptr[Node]
    used: u32


@struct
class Box:
    low: u16
    high: u16


@struct
class Shape:
    kind: u8
    box: Inline[Box]
    weights: Annotated[Ptr[u16], Count(u32(4))]  # a number that has a type is one, too
    parts: Annotated[Ptr[Box], Count(3)]
    measure: Fn[[u32, u32], u32]
    ready: bool


@kernel
def new_node(pool: Pool, key: u32) -> Node:
    node = pool.nodes[pool.used]
    pool.used += 1
    node.key = key
    node.left = null(Node)
    node.right = null(Node)
    return node


@kernel
def insert(pool: Pool, root: Node, key: u32) -> bool:
    node = root
    while key != node.key:
        following = node.left if key < node.key else node.right
        if is_null(following):
            made = new_node(pool, key)
            if key < node.key:
                node.left = made
            else:
                node.right = made
            return True
        node = following
    return False


@kernel
def write_sorted(node: Node, out: Ptr[u32]) -> Ptr[u32]:
    if is_null(node):
        return out
    p = write_sorted(node.left, out)
    p[0] = node.key
    return write_sorted(node.right, p + 1)


@kernel
def sort_by_tree(work: Ptr[u8], seed: u32) -> u32:
    """Sorts 24 numbers of the work area into it, without duplicates."""
    keys = cast(Ptr[u32], work)
    nodes = stack_array(Node, 25)
    holder = stack_array(Pool, 1)
    pool = holder[0]
    pool.nodes = nodes
    pool.used = u32(0)
    root = new_node(pool, seed)
    duplicates = u32(0)
    for i in span(u32(24)):
        if not insert(pool, root, keys[i]):
            duplicates += 1
    end = write_sorted(root, keys + 32)
    return u32(diff(end, keys + 32)) * 100 + duplicates


@kernel
def product(a: u32, b: u32) -> u32:
    return a * b


@kernel
def total(a: u32, b: u32) -> u32:
    return a + b


Measure = Fn[[u32, u32], u32]
MEASURES = table(Fn[[u32, u32], u32], [product, None, total])


@kernel
def fill_shapes(shapes: Ptr[Shape], count: u32, work: Ptr[u8]) -> None:
    for i in span(count):
        s = shapes[i]
        s.kind = u8(i)
        s.box.low = u16(work[i])
        s.box.high = u16(work[i + 1]) << 4
        s.ready = i != 2
        s.measure = MEASURES[i % 3]
        for k in span(u32(4)):
            s.weights[k] = u16(k * i)
        for k in span(u32(3)):
            s.parts[k].low = u16(k)
            s.parts[k].high = s.weights[k + 1]


@kernel
def shapes(work: Ptr[u8]) -> u64:
    made = stack_array(Shape, SHAPES)
    fill_bytes(cast(Ptr[u8], made), u8(0xEE), usize(5 * size_of(Shape)))
    fill_shapes(made, SHAPES, work)
    copies = stack_array(Shape, SHAPES)
    copy_bytes(cast(Ptr[u8], copies), cast(Ptr[u8], made), usize(5 * size_of(Shape)))
    result = u64(0)
    for i in span(SHAPES):
        s = copies[i]
        if is_null(s.measure):
            result += 1000
        elif s.ready:
            result += u64(s.measure(u32(s.box.low), u32(s.box.high)))
        result += u64(s.weights[3]) + u64(s.parts[2].high) + u64(s.kind) + u64(s.parts[1].low)
    return result


@kernel
def overlapping(work: Ptr[u8], shift: u8) -> u8:
    """`copy_bytes` moves."""
    by = usize(shift & 63)
    copy_bytes(work + by, work, usize(100))
    p = work + by + 40
    q = p - by
    if p == q:
        return u8(0)
    return q[0] - p[-1]


ENTRIES = [sort_by_tree, shapes, overlapping]
