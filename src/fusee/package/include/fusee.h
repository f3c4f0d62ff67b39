/* fusee.h: what Fusee's device library has beside wasm.h: the platform it runs on, limits, and WASI. */

#ifndef FUSEE_H
#define FUSEE_H

#include "wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The platform: all that the library asks of the system. `allocate` and `release` must be there; they are
 * `calloc` and `free`: zeroed memory, aligned to 16 bytes, or NULL; releasing NULL does nothing. Any other may
 * be NULL. An errno is WASI's; 0 is success. */

typedef struct fusee_platform_t {
    void *(*allocate)(size_t count, size_t size);
    void (*release)(void *memory);
    void *(*reserve)(size_t size); /* address space that reads as zero and costs nothing until it is written */
    void (*unreserve)(void *base, size_t size);
    uint64_t (*clock)(uint32_t clock); /* nanoseconds: 0 since 1970, 1 monotonic, 2 and 3 of the processor */
    uint32_t (*random)(uint8_t *into, size_t size); /* gives an errno */
    uint32_t (*read)(uint32_t descriptor, uint8_t *into, size_t size, size_t *count); /* gives an errno */
    uint32_t (*write)(uint32_t descriptor, const uint8_t *data, size_t size); /* all of it; gives an errno */
    uint32_t (*wait)(const uint32_t *word, uint32_t expected, uint64_t nanoseconds); /* gives an errno */
    void (*wake)(const uint32_t *word);
    uint32_t (*after)(uint64_t nanoseconds, void (*call)(void *argument), void *argument); /* gives an errno */
} fusee_platform_t;

/* `wait` and `wake` let threads sleep; without one of them nobody waits for words of shared memories. `wait` returns if the
 * word is not what is expected, and else sleeps until another thread calls `wake` for the same word, or for so long, which
 * the errno 73 tells; UINT64_MAX has no end. It may return 0 earlier, for no reason. The library changes a word before it
 * calls `wake`; whoever looks at the word, and then sleeps, must not miss that. Where nothing like a futex is at hand, one
 * mutex and one condition for all words do. `wake` is not to read the word, whose memory may have been released. */

/* `after` has `call(argument)` called once, so long from now or later, in another thread: that is how guests are stopped
 * at a deadline, if their engine is neither metered nor interruptible. On Apple's systems it is `dispatch_after_f`. It need not
 * be taken back: the store may have been deleted by then. What it calls may call `clock`, `release`, `wait` and `wake` there. */

/* The table is copied. The platform given last also serves for vectors and types, which belong to no engine, and for
 * `wasm_engine_new`. It is to be given before there are threads. */

wasm_engine_t *fusee_engine_new(const fusee_platform_t *platform);
wasm_engine_t *fusee_engine_new_with_config(const fusee_platform_t *platform, wasm_config_t *config); /* which it owns */

wasm_config_t *fusee_config_new(const fusee_platform_t *platform);
void fusee_config_set_metered(wasm_config_t *config, bool metered); /* count fuel, look for deadlines and interrupts */
void fusee_config_set_interruptible(wasm_config_t *config, bool interruptible); /* look for the two without counting fuel */
void fusee_config_set_stack(wasm_config_t *config, uint64_t bytes); /* of the guests' own stack, in each store */
void fusee_config_set_nesting(wasm_config_t *config, uint32_t most); /* of calls from host to guest to host and so on */
void fusee_config_set_relaxed_simd_deterministic(wasm_config_t *config, bool deterministic); /* else the machine's answers */

/* Fills in what serves before a platform was given, in a table of NULLs. The library's own is the C library: its memory,
 * clocks, random numbers and standard streams; where there is none it gives false. An app's function of this name takes
 * its place. */

bool fusee_default_platform(fusee_platform_t *out);

/* What went wrong last in a store, in words. */

void fusee_store_error(const wasm_store_t *store, wasm_message_t *out);

/* Limits. Guests that they stop trap. Fuel needs a metered engine. Deadlines and interrupts stop guests of any engine, also in
 * endless loops and recursions, and until there is another deadline, or no interrupt, calls of guests trap at once. If the
 * engine is metered or interruptible, guests look themselves, and it is their thread that looks at the clock. Else they look
 * at nothing, and pay nothing: another thread replaces cells of their code, which is data. That is whoever calls
 * `fusee_store_interrupt`, and for deadlines who is called by the platform's `after`; without it there are none. */

bool fusee_store_set_fuel(wasm_store_t *store, uint64_t fuel); /* about so many instructions */
uint64_t fusee_store_fuel(const wasm_store_t *store);
bool fusee_store_set_deadline(wasm_store_t *store, uint64_t nanoseconds); /* from now; 0: none; false: nobody can notice */
void fusee_store_interrupt( /* from any thread, at any time that the store lives; ends waits, too */
    wasm_store_t *store, bool interrupted);
void fusee_store_set_limits(
    wasm_store_t *store, uint64_t memory_bytes, uint64_t table_elements, uint64_t instances); /* UINT64_MAX: none */
void fusee_store_set_total_limits( /* all memories together, and all tables; at first 64 GiB and 2^25 elements */
    wasm_store_t *store, uint64_t memory_bytes, uint64_t table_elements);
void fusee_store_set_heap_limit(wasm_store_t *store, uint64_t heap_bytes); /* structs, arrays and exceptions */
bool fusee_store_end( /* frees all of them before the store is deleted, for so long; true if none is left */
    wasm_store_t *store, uint64_t nanoseconds);
bool fusee_store_collect( /* frees what guests hold no more, for so long; true if a search is complete */
    wasm_store_t *store, uint64_t nanoseconds);

/* From the first `fusee_store_end` on, which does nothing while a guest runs, calls of the store's functions trap, handles of
 * objects are as those of null, and handles and the store are to be deleted. */

/* Shared memories: of several stores of an engine, whose guests may run in a thread each. A handle may be used in any
 * thread; the memory lives as long as a handle does, or a store that has it. It never moves. The type of one has a maximum,
 * and memory for all of that is asked of the platform at once, as far as the limits of the store go that makes it; if it
 * has not got it, the memory does not grow so far. A store's own memory of such a type can be shared, and a shared one is
 * an extern of each store that obtains it: the same one that the other stores have. */

typedef struct fusee_sharedmemory_t fusee_sharedmemory_t;

wasm_memorytype_t *fusee_memorytype_new_shared(const wasm_limits_t *limits); /* NULL without a maximum */
bool fusee_memorytype_is_shared(const wasm_memorytype_t *type);

fusee_sharedmemory_t *fusee_sharedmemory_new(wasm_engine_t *engine, const wasm_memorytype_t *type);
fusee_sharedmemory_t *fusee_sharedmemory_clone(fusee_sharedmemory_t *memory);
void fusee_sharedmemory_delete(fusee_sharedmemory_t *memory);
wasm_memorytype_t *fusee_sharedmemory_type(const fusee_sharedmemory_t *memory); /* the minimum is the size now */
uint8_t *fusee_sharedmemory_data(const fusee_sharedmemory_t *memory);
size_t fusee_sharedmemory_data_size(const fusee_sharedmemory_t *memory);
uint64_t fusee_sharedmemory_size(const fusee_sharedmemory_t *memory); /* in pages */
bool fusee_sharedmemory_grow(fusee_sharedmemory_t *memory, uint64_t delta, uint64_t *before); /* in pages */

fusee_sharedmemory_t *fusee_memory_share(const wasm_memory_t *memory); /* NULL if its type is not shared */
wasm_memory_t *fusee_sharedmemory_obtain( /* NULL in a store of another engine */
    wasm_store_t *store, fusee_sharedmemory_t *memory);

/* Exceptions. A call that ends in one that no guest has caught gives a trap, of which `fusee_trap_exn` gives the
 * exception; of any other trap it gives NULL. A callback throws by returning `fusee_exn_throw`, or a trap that it has got:
 * the guest that has called it may catch that, by its tag, and if no guest does, it arrives, the same trap, where the host
 * has called. Other traps no guest catches. Exceptions are references of the kind WASM_EXNREF; they have no host info,
 * and are no externrefs. They end when neither a handle nor a guest refers to them. */

typedef struct fusee_exn_t fusee_exn_t;

/* Values of the tag's types, which stay the caller's. NULL if they are not that, or without memory. */

fusee_exn_t *fusee_exn_new(wasm_store_t *store, const wasm_tag_t *tag, const wasm_val_vec_t *values);
fusee_exn_t *fusee_exn_copy(const fusee_exn_t *exn);
void fusee_exn_delete(fusee_exn_t *exn);
bool fusee_exn_same(const fusee_exn_t *a, const fusee_exn_t *b);
wasm_tag_t *fusee_exn_tag(const fusee_exn_t *exn); /* a handle of the caller's own */
size_t fusee_exn_field_count(const fusee_exn_t *exn);
bool fusee_exn_field(const fusee_exn_t *exn, size_t index, wasm_val_t *out); /* a value of the caller's own */

wasm_trap_t *fusee_exn_throw(wasm_store_t *store, fusee_exn_t *exn); /* which it owns; NULL: a trap that says why */
fusee_exn_t *fusee_trap_exn(const wasm_trap_t *trap);                /* a handle of the caller's own */

wasm_ref_t *fusee_exn_as_ref(fusee_exn_t *exn); /* the same handle */
fusee_exn_t *fusee_ref_as_exn(wasm_ref_t *ref); /* NULL if it is something else */

/* Objects of guests: structures, arrays and numbers of 31 bits. Values whose type is in the hierarchy of `anyref` have the
 * kind FUSEE_ANYREF, whatever the type. They are handles of this kind, or what the host gave as an externref and a guest has
 * converted; the other way round an externref may be a handle of this kind. A handle keeps what it refers to. It has no host
 * info. Objects end when neither a handle nor a guest refers to them; cycles do, too. */

typedef struct fusee_any_t fusee_any_t;
typedef uint8_t fusee_any_kind_t;
enum { FUSEE_I31 = 0, FUSEE_STRUCT = 1, FUSEE_ARRAY = 2 };

/* The type of structures or arrays: a number, which holds in its store. Two types that are equal have the same. A module's
 * types have numbers there from 0 on, in the order in which they are defined; modules of nothing but types are fine. */

typedef uint32_t fusee_type_t;
#define FUSEE_NO_TYPE UINT32_MAX

typedef struct fusee_field_t {
    uint8_t kind; /* of its values; or FUSEE_I8 or FUSEE_I16, whose values are of the kind WASM_I32 */
    bool is_mutable;
    fusee_type_t type; /* of what it refers to, if that is one of these types; else FUSEE_NO_TYPE */
} fusee_field_t;

enum { FUSEE_I16 = 0x77, FUSEE_I8 = 0x78 };

fusee_any_t *fusee_any_copy(const fusee_any_t *any);
void fusee_any_delete(fusee_any_t *any);
bool fusee_any_same(const fusee_any_t *a, const fusee_any_t *b); /* as `ref.eq` */
wasm_ref_t *fusee_any_as_ref(fusee_any_t *any);                 /* the same handle */
fusee_any_t *fusee_ref_as_any(wasm_ref_t *ref);                 /* NULL if it is something else */
fusee_any_kind_t fusee_any_kind(const fusee_any_t *any);
fusee_type_t fusee_any_type(const fusee_any_t *any); /* FUSEE_NO_TYPE of a number */

fusee_any_t *fusee_i31_new(wasm_store_t *store, int32_t value); /* its lower 31 bits */
int32_t fusee_i31_get(const fusee_any_t *any);                  /* with its sign; 0 of an object */

/* Fields of structures and elements of arrays, by their numbers from 0 on. Small integers are read without a sign, of
 * values only the lower bits are written. Values stay the caller's, and those that are got are the caller's own. False is
 * for what guests' instructions trap for or are invalid for: a number beyond the end, a value of another type, what is immutable. */

size_t fusee_object_size(const fusee_any_t *any); /* how many there are */
bool fusee_object_get(const fusee_any_t *any, size_t index, wasm_val_t *out);
bool fusee_object_set(fusee_any_t *any, size_t index, const wasm_val_t *value);

/* New ones: with these fields or elements, or for NULL a structure of zeros and nulls; and an array of that many elements
 * that are all the same, zero or null for NULL. NULL if they are not of the type, or where the heap's limit or the
 * memory is at its end. */

fusee_any_t *fusee_object_new(wasm_store_t *store, fusee_type_t type, const wasm_val_vec_t *values);
fusee_any_t *fusee_array_new(wasm_store_t *store, fusee_type_t type, uint32_t size, const wasm_val_t *value);

fusee_type_t fusee_instance_type(const wasm_instance_t *instance, uint32_t index); /* FUSEE_NO_TYPE of functions' types */
fusee_any_kind_t fusee_type_kind(const wasm_store_t *store, fusee_type_t type);
size_t fusee_type_size(const wasm_store_t *store, fusee_type_t type); /* of a structure its fields; 1 of an array */
bool fusee_type_field(const wasm_store_t *store, fusee_type_t type, size_t index, fusee_field_t *out);
bool fusee_type_is_subtype(const wasm_store_t *store, fusee_type_t type, fusee_type_t of); /* also if they are the same */

/* WASI preview 1. A configuration is made, filled and given to a store, which then owns it. Strings are copied. */

typedef struct fusee_wasi_t fusee_wasi_t;

typedef struct fusee_streams_t { /* in the place of the platform's `read` and `write`; descriptors 0, 1 and 2 */
    void *environment;
    uint32_t (*read)(void *environment, uint32_t descriptor, uint8_t *into, size_t size, size_t *count);
    uint32_t (*write)(void *environment, uint32_t descriptor, const uint8_t *data, size_t size);
} fusee_streams_t;

typedef struct fusee_filestat_t {
    uint64_t device;
    uint64_t inode;
    uint32_t filetype; /* 3: directory, 4: file, 7: symbolic link */
    uint64_t links;
    uint64_t size;
    uint64_t accessed; /* nanoseconds since 1970 */
    uint64_t modified;
    uint64_t changed;
} fusee_filestat_t;

/* The app's files. Directories that were added have the handles 0, 1 and so on; `open` chooses numbers above those.
 * Paths are relative to a directory, are not zero-terminated, and never lead out of it by `..`; that links do
 * not either is the app's care. An offset of UINT64_MAX means where the file stands; all others are below INT64_MAX.
 * Any function may be NULL.
 *
 * An app that gives `symlink` has to expect links that its guest has made wherever a path is given, in its middle, too, and
 * that lead anywhere: the library refuses targets that begin with `/`, and no others, since where a link leads to
 * depends on where it is by then. `open("a/b")` of the system follows `a` out of the directory. So such an app either
 * follows no link at all, or it expands links itself, name by name from the directory on, and gives the errno 76 for what is
 * absolute or leads above it, 32 after 40 links. Links themselves are what `link`, `read_link`, `link_stat`, `rename`,
 * `remove_file` and `remove_directory` are about, if one is what a path ends in, and `open` and `path_set_times` with FUSEE_NOFOLLOW. */

enum { FUSEE_NOFOLLOW = 16 }; /* beside WASI's flags: a link at the path's end is not followed */

typedef struct fusee_files_t {
    void *environment;
    uint32_t (*open)(void *environment, uint32_t directory, const char *path, size_t size, uint32_t open_flags,
        uint32_t descriptor_flags, uint64_t rights, uint32_t *handle); /* `open_flags` may have FUSEE_NOFOLLOW */
    uint32_t (*close)(void *environment, uint32_t handle);
    uint32_t (*read)(
        void *environment, uint32_t handle, uint8_t *into, size_t size, uint64_t offset, size_t *count);
    uint32_t (*write)(
        void *environment, uint32_t handle, const uint8_t *data, size_t size, uint64_t offset, size_t *count);
    uint32_t (*seek)(void *environment, uint32_t handle, int64_t offset, uint32_t whence, uint64_t *position);
    uint32_t (*stat)(void *environment, uint32_t handle, fusee_filestat_t *out);
    uint32_t (*path_stat)(
        void *environment, uint32_t directory, const char *path, size_t size, fusee_filestat_t *out);
    uint32_t (*read_directory)( /* writes WASI's `dirent` records */
        void *environment, uint32_t handle, uint64_t cookie, uint8_t *into, size_t size, size_t *used);
    uint32_t (*make_directory)(void *environment, uint32_t directory, const char *path, size_t size);
    uint32_t (*remove_directory)(void *environment, uint32_t directory, const char *path, size_t size);
    uint32_t (*remove_file)(void *environment, uint32_t directory, const char *path, size_t size);
    uint32_t (*rename)(void *environment, uint32_t directory, const char *path, size_t size, uint32_t to_directory,
        const char *to_path, size_t to_size);
    uint32_t (*set_size)(void *environment, uint32_t handle, uint64_t size);
    uint32_t (*set_times)( /* in nanoseconds since 1970; `flags` are WASI's `fstflags` */
        void *environment, uint32_t handle, uint64_t accessed, uint64_t modified, uint32_t flags);
    uint32_t (*path_set_times)(void *environment, uint32_t directory, const char *path, size_t size,
        uint64_t accessed, uint64_t modified, uint32_t flags); /* which may have FUSEE_NOFOLLOW */
    uint32_t (*link_stat)( /* `path_stat` of a link itself, 7; NULL: `path_stat` is asked */
        void *environment, uint32_t directory, const char *path, size_t size, fusee_filestat_t *out);
    uint32_t (*link)(void *environment, uint32_t directory, const char *path, size_t size, uint32_t to_directory,
        const char *to_path, size_t to_size); /* a further name; of a symbolic link itself, if the path is one */
    uint32_t (*symlink)(void *environment, const char *target, size_t target_size, uint32_t directory,
        const char *path, size_t size); /* the target is kept as it is */
    uint32_t (*read_link)(void *environment, uint32_t directory, const char *path, size_t size, uint8_t *into,
        size_t room, size_t *used); /* the target, or as much of it as there is room for */
    uint32_t (*allocate)(void *environment, uint32_t handle, uint64_t offset, uint64_t size); /* as `posix_fallocate` */
} fusee_files_t;

fusee_wasi_t *fusee_wasi_new(void); /* after an engine or a configuration was made */
void fusee_wasi_delete(fusee_wasi_t *wasi);
bool fusee_wasi_add_argument(fusee_wasi_t *wasi, const char *text, size_t size);
bool fusee_wasi_add_environment(fusee_wasi_t *wasi, const char *text, size_t size); /* NAME=value */
bool fusee_wasi_add_directory(fusee_wasi_t *wasi, const char *name, size_t size); /* what the guest calls it */
void fusee_wasi_set_streams(fusee_wasi_t *wasi, const fusee_streams_t *streams);
void fusee_wasi_set_files(fusee_wasi_t *wasi, const fusee_files_t *files);
void fusee_store_set_wasi(wasm_store_t *store, fusee_wasi_t *wasi); /* a call of WASI's at work keeps the one before */

/* Put WASI's functions into those places of `imports` that are NULL and that the module imports from
 * `wasi_snapshot_preview1` or, as programs of 2019 do, `wasi_unstable`. They work on the memory that the calling
 * instance exports as "memory", and trap where there is none. False if there is no memory. */

bool fusee_wasi_imports(wasm_store_t *store, const wasm_module_t *module, wasm_extern_vec_t *imports);

/* Run `_start`: the exit status, 0 to 125. If the program trapped, or exits with another, 1, and the trap in `*trap`. */

uint32_t fusee_wasi_start(const wasm_instance_t *instance, wasm_trap_t **trap);
bool fusee_trap_exit_status(const wasm_trap_t *trap, uint32_t *status); /* whether the trap is the program's exit */

#ifdef __cplusplus
}
#endif

#endif
