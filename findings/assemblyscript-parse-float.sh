#!/usr/bin/env bash
# AssemblyScript's parseFloat loses the exponent of large numbers: 1.4863740788969542e+51 is read as 1.4863740788969542e+38.
#
# Version:   assemblyscript 0.28.20 (npm).
# Behaviour: a number that has all of a double's 17 digits and an exponent from 39 to 53 comes out up to fifteen powers of
#            ten too small, without an error. With 16 digits or fewer, or outside of these exponents, it is right, to the
#            last place or next to it. So what a program prints itself it may not be able to read, and whatever parses
#            JSON with this function gets wrong numbers. Its documentation mentions no such limit, as far as we found.
# Seen:      17 digits: exponents 39 to 53 are wrong    16 digits: none
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund --no-save assemblyscript@0.28.20

cat > read.ts <<'TS'
export function read(text: string): f64 { return parseFloat(text); }
TS
node_modules/.bin/asc read.ts -O --exportRuntime --bindings esm -o read.wasm
cat > compare.js <<'JS'
import { read } from "./read.js";

console.log("1.4863740788969542e+51 is read as", read("1.4863740788969542e+51"));
for (const digits of ["1.4863740788969542", "1.486374078896954"]) {
  const wrong = [];
  for (let exponent = -300; exponent <= 300; exponent++) {
    const expected = Number(`${digits}e${exponent}`);
    if (Math.abs(read(`${digits}e${exponent}`) / expected - 1) > 1e-10) wrong.push(exponent);
  }
  console.log(digits.length - 1, "digits:", wrong.length ? `${wrong[0]} to ${wrong.at(-1)}, ${wrong.length} exponents` : "none");
}
JS
node compare.js | tee seen
diff seen - <<'SEEN'
1.4863740788969542e+51 is read as 1.4863740788969542e+38
17 digits: 39 to 53, 15 exponents
16 digits: none
SEEN
echo "as described"
