"""The engine as a program: what is compiled, and what is called from outside."""

from typing import Final

from fusee.engine.backtrace import backtrace
from fusee.engine.capi.exports import EXPORTS
from fusee.engine.decode.module import decode_module
from fusee.engine.handlers.table import EXECUTED_MOST, shards
from fusee.engine.interpreter import (
    advance_keeping,
    close_module,
    install_interpreter,
    invoke_keeping,
    uninstall_interpreter,
)
from fusee.engine.natives.install import install_native
from fusee.engine.natives.tier import give_natives, install_resume, install_tiered
from fusee.engine.python.calls import advance_from_python, close_if_free, install_embedder, invoke_from_python
from fusee.engine.python.interrupt import (
    forget_running,
    interrupt_interpreted,
    interrupt_main_thread,
    interrupt_running,
    interrupt_soon,
    interrupt_store,
    stop_watching,
    watch_main_thread,
)
from fusee.engine.python.places import install_places, return_place
from fusee.engine.runtime.atomic import begin_waiting, end_waiting
from fusee.engine.runtime.casts import is_of_type, kind_of_object
from fusee.engine.runtime.exceptions import make_kept_exn, throw_exn
from fusee.engine.runtime.heap.collect import collect_all_for, collect_for, collect_hosts, end_objects
from fusee.engine.runtime.heap.roots import keep
from fusee.engine.runtime.instantiate import instantiate
from fusee.engine.runtime.link import func_matches
from fusee.engine.runtime.memory import grow_memory
from fusee.engine.runtime.names import tag_name
from fusee.engine.runtime.objects import new_global, new_host_func, new_memory, new_table, new_tag
from fusee.engine.runtime.parking import drop_parked, park
from fusee.engine.runtime.reflect import (
    count_fields,
    field_type,
    fill_object,
    get_field,
    make_object,
    set_field,
    type_of_object,
)
from fusee.engine.runtime.store import (
    new_store,
    open_engine,
    release_engine,
    release_store,
    set_limits,
    set_total_limits,
)
from fusee.engine.runtime.table import grow_table, write_element
from fusee.engine.translate.buffers import keep_translator
from fusee.engine.translate.function import translate_for_listing
from fusee.engine.validate.module import validate_module
from fusee.engine.validate.shared import code_bytes, help_to_validate, validate_shared
from fusee.kernel.build import Program

ENTRIES: Final = (
    open_engine,
    release_engine,
    new_store,
    release_store,
    set_limits,
    set_total_limits,
    decode_module,
    validate_module,
    code_bytes,
    validate_shared,
    help_to_validate,
    close_module,
    install_interpreter,
    uninstall_interpreter,
    invoke_keeping,
    advance_keeping,
    park,
    drop_parked,
    translate_for_listing,
    keep_translator,
    backtrace,
    tag_name,
    instantiate,
    new_memory,
    grow_memory,
    new_table,
    grow_table,
    write_element,
    new_global,
    new_host_func,
    new_tag,
    make_kept_exn,
    throw_exn,
    func_matches,
    install_native,
    install_tiered,
    install_resume,
    give_natives,
    is_of_type,
    kind_of_object,
    keep,
    collect_for,
    collect_all_for,
    collect_hosts,
    end_objects,
    count_fields,
    field_type,
    get_field,
    set_field,
    type_of_object,
    make_object,
    fill_object,
    install_embedder,
    install_places,
    return_place,
    invoke_from_python,
    advance_from_python,
    close_if_free,
    begin_waiting,
    end_waiting,
    watch_main_thread,
    stop_watching,
    interrupt_main_thread,
    interrupt_running,
    interrupt_interpreted,
    interrupt_soon,
    interrupt_store,
    forget_running,
)

_SELDOM_RUN: Final = (
    "fusee.engine.backtrace",
    "fusee.engine.capi",
    "fusee.engine.decode.imports",
    "fusee.engine.natives.linked",
    "fusee.engine.runtime.heads",
    "fusee.engine.runtime.link",
    "fusee.engine.runtime.names",
    "fusee.engine.runtime.positions",
    "fusee.engine.runtime.shared",
    "fusee.engine.translate.aggregate",
    "fusee.engine.translate.atomic",
    "fusee.engine.translate.buffers",
    "fusee.engine.translate.casts",
    "fusee.engine.translate.exception",
    "fusee.engine.translate.metering",
    "fusee.engine.translate.payments",
    "fusee.engine.translate.reference",
    "fusee.engine.translate.shuffle",
    "fusee.engine.validate.aggregate",
    "fusee.engine.validate.exception",
    "fusee.engine.validate.legacy",
    "fusee.engine.validate.reference",
    "fusee.engine.validate.table",
)
"""What a module has little of, and what runs once for it, is compiled for size."""

PROGRAM: Final = Program("fusee", ENTRIES, shards(), compact=_SELDOM_RUN, first=EXECUTED_MOST, home=__name__)

DEVICE_PROGRAM: Final = Program("fusee-device", EXPORTS, shards(), compact=_SELDOM_RUN, home=__name__)
"""The device library: the C API is the only way in."""
