#!/usr/bin/env bash
# Porffor compiles JavaScript's bitwise operators to a saturating conversion: `x | 0` of a variable above 2³¹ is 2147483647.
#
# Version:   porffor 0.61.13 (npm), an ahead-of-time compiler of JavaScript to WebAssembly; Node.js, which runs it.
# Behaviour: ECMA-262 takes numbers modulo 2³² (ToInt32). Variables are converted by `i32.trunc_sat_f64_s`, which has a limit
#            instead, and the results of `>>>` are signed. Operands that are constants are folded by the compiler and taken
#            modulo 2³², so the same expression has two values. What a program hashes with `| 0` stays at the limit from its
#            first overflow on.
# Seen:      3000000000 | 0 = -1294967296, x | 0 = 2147483647, and a hash of 20 steps is 2147483647 for 1804121098
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund porffor@0.61.13
cat > bits.js <<'JAVASCRIPT'
let x = 3000000000;
console.log("constant", 3000000000 | 0, 3000000000 >>> 0);
console.log("variable", x | 0, x >>> 0, x & 4294967295, x ^ 0, ~x);
let h = 0;
for (let i = 0; i < 20; i++) h = (h * 31 + i) | 0;
console.log("hash", h);
JAVASCRIPT
plain() { sed 's/\x1b\[[0-9;]*m//g'; }
{
  echo "Node.js"
  node bits.js | plain
  echo "Porffor"
  node node_modules/porffor/runtime/index.js bits.js | plain
} | tee seen
diff seen - <<'SEEN'
Node.js
constant -1294967296 3000000000
variable -1294967296 3000000000 -1294967296 -1294967296 1294967295
hash 1804121098
Porffor
constant -1294967296 -1294967296
variable 2147483647 2147483647 2147483647 2147483647 -2147483648
hash 2147483647
SEEN
echo "as described"
