"""Shows what functions are translated to: bytecode beside the WebAssembly that it comes from."""
