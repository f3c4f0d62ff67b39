"""Foreign objects: what the embedder gives to guests as externrefs, with host info of its own."""

from fusee.engine.capi.messages import OUT_OF_MEMORY
from fusee.engine.capi.objects import collect, new_object
from fusee.engine.capi.refs import drop_store, new_ref
from fusee.engine.capi.state import KIND_FOREIGN, Ref, StoreObject
from fusee.kernel.lang import address, is_null, kernel, null, usize


@kernel(export="wasm_foreign_new")
def new_foreign(s: StoreObject) -> Ref:
    """Null if there is no memory. Now and then this is where those end that nothing refers to."""
    if is_null(s):
        return null(Ref)
    s.count += 1  # until the end: a finalizer may delete the last handle
    if s.objects.count >= s.objects.collect_at:
        collect(s)
    made = new_object(s, KIND_FOREIGN, usize(0))
    ref = null(Ref)
    if is_null(made):
        s.status = OUT_OF_MEMORY
    else:
        ref = new_ref(s, KIND_FOREIGN, address(made))
    drop_store(s)
    return ref
