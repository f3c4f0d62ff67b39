"""The C API of the device library: `wasm.h` and `fusee.h`, in the kernel language, one file per concept."""
