#!/usr/bin/env bash
# AssemblyScript prints 0.1 + 0.2 as 0.30000000000000007, and 1e23 as 9.999999999999999e+22: its numbers are not printed as
# JavaScript prints them.
#
# Version:   assemblyscript 0.28.20 (npm).
# Behaviour: `f64.toString` gives digits that are read back as the same number, but often others than the nearest ones,
#            which JavaScript prescribes, and sometimes more digits than needed. It is so for a third of numbers with many digits.
#            (Whole numbers end in ".0" besides.) Nobody notices before texts are compared: a test with values from
#            JavaScript fails in the last digit, a digest of some JSON is another one on each side.
#            Its documentation does not say so, as far as we found.
# Seen:      0.30000000000000007, 9.999999999999999e+22, 8.409999999999999e+21; other digits in 7654 of 20000
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund --no-save assemblyscript@0.28.20

cat > print.ts <<'TS'
export function print(number: f64): string { return number.toString(); }
TS
node_modules/.bin/asc print.ts -O --exportRuntime --bindings esm -o print.wasm
cat > compare.js <<'JS'
import { print } from "./print.js";

for (const number of [0.1 + 0.2, 1e23, 8.41e21]) console.log(String(number), "is printed as", print(number));
let others = 0, different = 0;
for (let index = 1, state = 1; index <= 20000; index++) {
  state = (state * 48271) % 0x7fffffff;
  const number = state / 7000;
  const text = print(number).replace(/\.0$/, "");
  if (text !== String(number)) others++;
  if (Number(text) !== number) different++;
}
console.log(`other digits in ${others} of 20000, another number in ${different}`);
JS
node compare.js | tee seen
diff seen - <<'SEEN'
0.30000000000000004 is printed as 0.30000000000000007
1e+23 is printed as 9.999999999999999e+22
8.41e+21 is printed as 8.409999999999999e+21
other digits in 7654 of 20000, another number in 0
SEEN
echo "as described"
