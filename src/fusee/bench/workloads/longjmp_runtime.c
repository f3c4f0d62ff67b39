/* What clang's lowering of setjmp and longjmp to WebAssembly's exceptions calls, and the tag that it throws: a C library has
   these. A file of its own, since what the lowering sees it would lower.
   https://github.com/llvm/llvm-project/blob/main/llvm/lib/Target/WebAssembly/WebAssemblyLowerEmscriptenEHSjLj.cpp */
#include <stdint.h>

__asm__(".tagtype __c_longjmp i32\n.globl __c_longjmp\n__c_longjmp:\n");

struct place {
    void *frame;
    uint32_t label;
    struct {
        void *place;
        int value;
    } thrown;
};

void __wasm_setjmp(struct place *place, uint32_t label, void *frame) {
    place->frame = frame;
    place->label = label;
}

uint32_t __wasm_setjmp_test(struct place *place, void *frame) { return place->frame == frame ? place->label : 0; }

void __wasm_longjmp(struct place *place, int value) {
    place->thrown.place = place;
    place->thrown.value = value ? value : 1;
    __builtin_wasm_throw(1, &place->thrown);
}
