/* An app that gives a component of WASI 0.2 files, and lets it sleep: what the guest does is told function by function. */

#include "files.h" /* the component, as bytes */
#include "guest.h"

/* One directory with one file, `f`, whose handle is 9. */

static uint8_t content[64];
static size_t size_of_file;
static bool is_there;
static long open_files;

static uint32_t open_file(void *environment, uint32_t directory, const char *path, size_t size, uint32_t open_flags,
    uint32_t descriptor_flags, uint64_t rights, uint32_t *handle) {
    (void)environment, (void)descriptor_flags, (void)rights;
    if (directory != 0 || size != 1 || path[0] != 'f') return 44;
    if (!is_there && !(open_flags & 1)) return 44;
    is_there = true;
    open_files++;
    *handle = 9;
    return 0;
}

static uint32_t close_file(void *environment, uint32_t handle) {
    (void)environment;
    open_files--;
    return handle == 9 ? 0 : 8;
}

static uint32_t read_file(void *environment, uint32_t handle, uint8_t *into, size_t size, uint64_t offset, size_t *count) {
    (void)environment, (void)handle;
    *count = 0;
    while (*count < size && offset + *count < size_of_file) {
        into[*count] = content[offset + *count];
        (*count)++;
    }
    return 0;
}

static uint32_t write_file(
    void *environment, uint32_t handle, const uint8_t *data, size_t size, uint64_t offset, size_t *count) {
    (void)environment, (void)handle;
    if (offset + size > sizeof content) return 51;
    for (size_t i = 0; i < size; i++) content[offset + i] = data[i];
    if (offset + size > size_of_file) size_of_file = (size_t)offset + size;
    *count = size;
    return 0;
}

static uint32_t stat_file(void *environment, uint32_t handle, fusee_filestat_t *out) {
    (void)environment;
    out->filetype = handle == 9 ? 4 : 3;
    out->inode = handle + 1;
    out->size = size_of_file;
    return 0;
}

static uint32_t resize_file(void *environment, uint32_t handle, uint64_t size) {
    (void)environment;
    if (handle != 9 || size > sizeof content) return 8;
    while (size_of_file < size) content[size_of_file++] = 0;
    size_of_file = (size_t)size;
    return 0;
}

static uint64_t accessed_at, modified_at;
static uint32_t time_flags;

static uint32_t time_file(void *environment, uint32_t handle, uint64_t accessed, uint64_t modified, uint32_t flags) {
    (void)environment;
    accessed_at = accessed, modified_at = modified, time_flags = flags;
    return handle == 9 ? 0 : 8;
}

static uint32_t time_path(void *environment, uint32_t directory, const char *path, size_t size, uint64_t accessed,
    uint64_t modified, uint32_t flags) {
    if (directory != 0 || size != 1 || path[0] != 'f') return 44;
    return time_file(environment, 9, accessed, modified, flags);
}

static uint32_t read_folder(void *environment, uint32_t handle, uint64_t cookie, uint8_t *into, size_t size, size_t *used) {
    (void)environment, (void)size;
    *used = 0;
    if (handle != 0 || cookie != 0) return 0;
    static const uint8_t entry[25] = {1, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 'f'};
    for (; *used < sizeof entry; (*used)++) into[*used] = entry[*used];
    return 0;
}

static char led_to[8]; /* by `l` */
static size_t led_to_size;

static uint32_t make_link(void *environment, const char *target, size_t target_size, uint32_t directory,
    const char *path, size_t size) {
    (void)environment;
    if (directory != 0 || size != 1 || path[0] != 'l' || target_size > sizeof led_to) return 28;
    for (led_to_size = 0; led_to_size < target_size; led_to_size++) led_to[led_to_size] = target[led_to_size];
    return 0;
}

static uint32_t read_link(void *environment, uint32_t directory, const char *path, size_t size, uint8_t *into,
    size_t room, size_t *used) {
    (void)environment;
    if (directory != 0 || size != 1 || path[0] != 'l') return 44;
    for (*used = 0; *used < room && *used < led_to_size; (*used)++) into[*used] = (uint8_t)led_to[*used];
    return 0;
}

static uint32_t link_file(void *environment, uint32_t directory, const char *path, size_t size, uint32_t to_directory,
    const char *to_path, size_t to_size) {
    (void)environment;
    bool is_right = directory == 0 && to_directory == 0 && size == 1 && to_size == 1;
    return is_right && path[0] == 'f' && to_path[0] == 'g' ? 0 : 44;
}

static uint32_t stat_link(void *environment, uint32_t directory, const char *path, size_t size, fusee_filestat_t *out) {
    (void)environment;
    out->filetype = 7;
    return directory == 0 && size == 1 && path[0] == 'l' ? 0 : 44;
}

#define DESCRIPTOR "filesystem-types-descriptor-"

static void write_and_read(fusee_component_instance_t *instance, uint32_t folder) {
    fusee_value_t result, opening[] = {handle(folder), flags(1), path("f", 1), flags(1), flags(3)};
    const fusee_value_t *found = call(instance, DESCRIPTOR "open-at", opening, 5, &result);
    if (found == NULL) return;
    fusee_value_t file = handle(found->of.u32);
    fusee_value_delete(&result);
    fusee_value_t writing[] = {file, bytes("hello", 5), number(1)};
    if (call(instance, DESCRIPTOR "write", writing, 3, &result) != NULL) fusee_value_delete(&result);
    found = call(instance, DESCRIPTOR "append-via-stream", &file, 1, &result);
    if (found != NULL) {
        fusee_value_t appending[] = {handle(found->of.u32), bytes("!!", 2)};
        fusee_value_delete(&result);
        if (call(instance, "io-streams-output-stream-write", appending, 2, &result) != NULL) fusee_value_delete(&result);
        call(instance, "end-output-stream", appending, 1, &result);
    }
    fusee_value_t reading[] = {file, number(100), number(2)};
    found = call(instance, DESCRIPTOR "read", reading, 3, &result);
    if (found != NULL) {
        const fusee_value_t *pair = found->of.record.data;
        check(pair[0].of.numbers.size == 6 || starved, "all of it");
        check(((char *)pair[0].of.numbers.data)[5] == '!' || starved, "to the end");
        fusee_value_delete(&result);
    }
    call(instance, "end-descriptor", &file, 1, &result);
}

static void change(fusee_component_instance_t *instance, uint32_t folder) {
    fusee_value_t result, opening[] = {handle(folder), flags(1), path("f", 1), flags(1), flags(3)};
    const fusee_value_t *found = call(instance, DESCRIPTOR "open-at", opening, 5, &result);
    if (found == NULL) return;
    fusee_value_t file = handle(found->of.u32);
    fusee_value_delete(&result);
    fusee_value_t sizing[] = {file, number(7)};
    if (call(instance, DESCRIPTOR "set-size", sizing, 2, &result) != NULL) {
        check(size_of_file == 7, "the size is the new one");
        fusee_value_delete(&result);
    }
    fusee_value_t moment[] = {number(3), {.kind = FUSEE_U32, .of.u32 = 5}};
    fusee_value_t record = {.kind = FUSEE_RECORD, .of.record = {2, moment}};
    fusee_value_t then = {.kind = FUSEE_VARIANT, .which = 2, .of.payload = {1, &record}};
    fusee_value_t now = {.kind = FUSEE_VARIANT, .which = 1}, no_change = {.kind = FUSEE_VARIANT, .which = 0};
    fusee_value_t timing[] = {file, then, now};
    if (call(instance, DESCRIPTOR "set-times", timing, 3, &result) != NULL) {
        check(accessed_at == 3000000005 && time_flags == (1 | 8), "one time is given, the other one is now");
        fusee_value_delete(&result);
    }
    fusee_value_t timing_at[] = {handle(folder), flags(0), path("f", 1), no_change, then};
    if (call(instance, DESCRIPTOR "set-times-at", timing_at, 5, &result) != NULL) {
        check(modified_at == 3000000005 && time_flags == (4 | FUSEE_NOFOLLOW), "one time is changed, of a link itself");
        fusee_value_delete(&result);
    }
    call(instance, "end-descriptor", &file, 1, &result);
}

static void have_links(fusee_component_instance_t *instance, uint32_t folder) {
    fusee_value_t result, making[] = {handle(folder), path("../f", 4), path("l", 1)};
    if (call(instance, DESCRIPTOR "symlink-at", making, 3, &result) != NULL) fusee_value_delete(&result);
    fusee_value_t reading[] = {handle(folder), path("l", 1)};
    const fusee_value_t *found = call(instance, DESCRIPTOR "readlink-at", reading, 2, &result);
    if (found != NULL) {
        check(found->of.string.size == 4 && found->of.string.data[3] == 'f', "where the link leads to");
        fusee_value_delete(&result);
    }
    fusee_value_t looking[] = {handle(folder), flags(0), path("l", 1)};
    found = call(instance, DESCRIPTOR "stat-at", looking, 3, &result);
    if (found != NULL) {
        check(found->of.record.data[0].which == 5, "it is a link");
        fusee_value_delete(&result);
    }
    fusee_value_t linking[] = {handle(folder), flags(0), path("f", 1), handle(folder), path("g", 1)};
    if (call(instance, DESCRIPTOR "link-at", linking, 5, &result) != NULL) fusee_value_delete(&result);
}

static void list(fusee_component_instance_t *instance, uint32_t folder) {
    fusee_value_t result, given = handle(folder);
    const fusee_value_t *found = call(instance, DESCRIPTOR "read-directory", &given, 1, &result);
    if (found == NULL) return;
    fusee_value_t entries = handle(found->of.u32);
    fusee_value_delete(&result);
    const char *next = "filesystem-types-directory-entry-stream-read-directory-entry";
    found = call(instance, next, &entries, 1, &result);
    if (found != NULL) {
        check(found->which == FUSEE_SOME, "there is a file");
        fusee_value_delete(&result);
    }
    found = call(instance, next, &entries, 1, &result);
    if (found != NULL) {
        check(found->which == FUSEE_NONE || starved, "and no other");
        fusee_value_delete(&result);
    }
    call(instance, "end-directory-entry-stream", &entries, 1, &result);
}

static void sleep_a_little(fusee_component_instance_t *instance) {
    fusee_value_t result, given = number(1000);
    const fusee_value_t *found = call(instance, "clocks-monotonic-clock-subscribe-duration", &given, 1, &result);
    if (found == NULL) return;
    fusee_value_t pollable = handle(found->of.u32);
    call(instance, "io-poll-pollable-block", &pollable, 1, &result);
    found = call(instance, "io-poll-pollable-ready", &pollable, 1, &result);
    check(starved || found->of.boolean, "the time is over");
    call(instance, "end-pollable", &pollable, 1, &result);
}

static fusee_component_instance_t *instance_in(wasm_store_t *store) {
    wasm_byte_vec_t binary = {sizeof FILES, (wasm_byte_t *)FILES};
    fusee_component_t *component = fusee_component_new(store, &binary, NULL);
    fusee_component_use_wasi(component);
    fusee_component_instance_t *instance = fusee_component_instance_new(component, NULL);
    fusee_component_delete(component);
    return instance;
}

/* A timer that is over after centuries, and a deadline. */
static void is_stopped(void) {
    wasm_config_t *config = fusee_config_new(platform());
    fusee_config_set_interruptible(config, true);
    wasm_engine_t *engine = fusee_engine_new_with_config(platform(), config);
    wasm_store_t *store = wasm_store_new(engine);
    fusee_component_instance_t *instance = instance_in(store);
    fusee_value_t result, given = number(UINT64_MAX);
    const fusee_value_t *found = call(instance, "clocks-monotonic-clock-subscribe-duration", &given, 1, &result);
    fusee_value_t pollable = handle(found == NULL ? 0 : found->of.u32);
    check(fusee_store_set_deadline(store, 1000000), "there is a deadline");
    fusee_component_func_t *block = fusee_component_instance_func(instance, NULL, "io-poll-pollable-block");
    wasm_trap_t *trap = fusee_component_call(block, &pollable, 1, &result);
    check(trap != NULL, "it has come");
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    static const char expected[] = "interrupt";
    check(message.size == sizeof expected, "which the trap says");
    for (size_t i = 0; i < message.size && i < sizeof expected; i++)
        check(message.data[i] == expected[i], "letter by letter");
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
    fusee_component_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
}

static void live(wasm_engine_t *engine) {
    static const fusee_files_t files = {.open = open_file, .close = close_file, .read = read_file,
        .write = write_file, .stat = stat_file, .read_directory = read_folder,
        .set_size = resize_file, .set_times = time_file, .path_set_times = time_path, .link_stat = stat_link,
        .link = link_file, .symlink = make_link, .read_link = read_link};
    is_there = false;
    size_of_file = 0;
    open_files = 0;
    wasm_store_t *store = wasm_store_new(engine);
    fusee_wasi_t *wasi = fusee_wasi_new();
    if (store != NULL && wasi != NULL) {
        fusee_wasi_add_directory(wasi, "/", 1);
        fusee_wasi_set_files(wasi, &files);
        fusee_store_set_wasi(store, wasi);
    } else fusee_wasi_delete(wasi);
    fusee_component_instance_t *instance = instance_in(store);
    fusee_value_t result;
    const fusee_value_t *found = call(instance, "filesystem-preopens-get-directories", NULL, 0, &result);
    if (found != NULL && found->of.list.size == 1) {
        uint32_t folder = found->of.list.data[0].of.record.data[0].of.u32;
        write_and_read(instance, folder);
        change(instance, folder);
        have_links(instance, folder);
        list(instance, folder);
        sleep_a_little(instance);
        check(open_files == 0 || starved, "the file was closed");
    } else check(starved, "there is a directory");
    if (found != NULL) fusee_value_delete(&result);
    fusee_component_instance_delete(instance);
    wasm_store_delete(store);
}

int use_files(void) {
    starved = false;
    wasm_engine_t *engine = fusee_engine_new(platform());
    live(engine);
    wasm_engine_delete(engine);
    is_stopped();
    starved = true;
    live_without_memory(live, 40);
    return failures;
}
