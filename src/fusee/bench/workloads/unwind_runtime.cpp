/* What C++'s exceptions need beside LLVM's libraries of them: their tag, memory to be thrown, and ends that print nothing.
   https://github.com/llvm/llvm-project/blob/main/libunwind/src/Unwind-wasm.c */
#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
__asm__(".tagtype __cpp_exception i32\n.globl __cpp_exception\n__cpp_exception:\n");
#endif

static void end() { __builtin_trap(); }

/* Blocks of one size, which is enough for what is thrown, in a list of those that are free. */
union block {
    block *next;
    alignas(16) unsigned char bytes[256];
};
static block blocks[64], *unused;
static size_t used;

extern "C" {
void (*__cxa_terminate_handler)() = end;
void (*__cxa_unexpected_handler)() = end;
void (*__cxa_new_handler)() = nullptr;
[[noreturn]] void __abort_message(const char *, ...) { __builtin_trap(); }
[[noreturn]] void abort() { __builtin_trap(); }

int strcmp(const char *one, const char *other) {
    while (*one != 0 && *one == *other) one++, other++;
    return (unsigned char)*one - (unsigned char)*other;
}
}

namespace __cxxabiv1 {
void *__aligned_malloc_with_fallback(size_t size) {
    if (size > sizeof(block)) return nullptr;
    block *found = unused;
    if (found == nullptr) return used < sizeof blocks / sizeof *blocks ? &blocks[used++] : nullptr;
    unused = found->next;
    return found;
}
void __aligned_free_with_fallback(void *pointer) {
    block *freed = static_cast<block *>(pointer);
    freed->next = unused;
    unused = freed;
}
void *__calloc_with_fallback(size_t, size_t) { return nullptr; } /* for exceptions that depend on others */
void __free_with_fallback(void *) { end(); }
}

void operator delete(void *, size_t) noexcept { end(); } /* nothing is made by `new` */
