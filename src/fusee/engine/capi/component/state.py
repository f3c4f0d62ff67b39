"""The objects of this part, and values as the app has them (`fusee_component.h`)."""

from fusee.kernel.lang import Inline, Ptr, struct, u8, u32, u64, usize


@struct
class Value:
    """`fusee_value_t`: what is of a size, or refers to others."""

    kind: u8  # a `format.Kind`
    which: u32  # the case of a variant or enum, the kind of numbers, the resource of a handle
    size: usize
    data: Ptr[u8]


@struct
class Number:
    """The same where it is a number, a character, flags or a handle: in the lowest bytes."""

    kind: u8
    which: u32
    bits: u64


@struct
class Definition:
    """A callback of the app's; 0 where none is given."""

    callback: usize
    environment: usize


@struct
class Component:
    """`fusee_component_t`."""

    count: u32  # of its handle and its instances
    store: usize
    keeper: usize  # a foreign object, which keeps the store
    data: Ptr[u8]  # what was loaded
    modules: Ptr[usize]
    functions: Ptr[Definition]  # for the imports
    destructors: Ptr[Definition]  # for the resources that are the app's
    resource_count: u32
    parts: Ptr[usize]  # components
    resources: usize  # a `wasi.resources.ResourceTable`, if the library gives WASI
    has_wasi: bool  # the library gives WASI; of that what is not defined traps when it is called
    has_unknown: bool  # imports that are not defined trap when they are called


@struct
class Handle:
    """What is at an index of a table of handles."""

    is_used: bool
    is_own: bool
    is_held: bool  # of those of the host: another part has it, and not the app
    resource: u32
    rep: u32
    lends: u32
    next: u32  # the free index after this one


@struct
class Handles:
    """A table of handles (CanonicalABI, "Table State"); 0 is no index."""

    entries: Ptr[Handle]
    capacity: u32
    count: u32  # of indices that have ever been used
    free: u32


@struct
class Hook:
    """What a core function that the component's steps make is called with."""

    instance: usize
    row: u32  # of its step


@struct
class Function:
    """`fusee_component_func_t`."""

    instance: usize
    row: u32  # of its export


@struct
class Instance:
    """`fusee_component_instance_t`."""

    count: u32  # of its handle, of its core functions, which live as long as the store, and of calls at work
    depth: u32  # calls at work
    is_deleted: bool
    component: Component
    resources: usize  # the component's, where it had them when this was made
    modules: Ptr[usize]  # core instances
    exports: Ptr[usize]  # of each a vector: size and data
    module_count: u32
    items: Ptr[usize]
    item_count: u32
    step_count: u32  # of those that were performed
    hooks: Ptr[Hook]
    functions: Ptr[Function]
    destructors: Ptr[usize]  # core functions, by resource
    parts: Ptr[usize]  # instances of what it is composed of
    part_count: u32
    around: usize  # of a part: the instance that it is in, which is there until this one is deleted; or 0
    links: Ptr[usize]  # of a part, by import: the `Function` of another part, which is kept for it, or 0
    link_count: u32
    owners: Ptr[usize]  # of a part, by resource: the part that defines it, which is kept for it, or 0
    owner_count: u32
    guest: Inline[Handles]
    host: Inline[Handles]  # to resources of the component's own
    lent: Ptr[u32]  # indices; twice the index, and 1 more for those of the host
    lent_count: u32
    lent_capacity: u32
    borrowed: u32  # handles that the guest has to drop before the call ends
    may_enter: bool
    may_leave: bool
    is_called_by_part: bool  # by another one than the app
    task: usize  # the `Task` that runs, or 0
    backpressure: u32  # not 0: the guest wants no more tasks
    trap: usize
    most_bytes: u64  # that the values of one call may take
    bytes_left: u64


@struct
class Task:
    """A call of a function of the component's, while it runs."""

    form: u32  # a `format.Form`
    row: usize  # its `format.ExportRow`
    function: usize  # and `format.FunctionRow`
    result: Value  # where that goes
    has_returned: bool
    first: u32  # its context
    second: u32


@struct
class Call:
    """A call in either direction: where the guest's values are, and how it gets room."""

    instance: Instance
    memory: usize
    realloc: usize
    encoding: u32
    base: Ptr[u8]
    size: u64  # of the memory as it is now
