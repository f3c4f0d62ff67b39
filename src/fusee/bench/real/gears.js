// Gear trains of watches: found, written down, read again, sorted and counted. What is printed is text made of whole
// numbers and of decimals that are rounded here, so that all engines for JavaScript agree.
"use strict";

let seed = 20260417;
function random(below) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed >>> 8) % below;
}

function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}

// Exact arithmetic: a ratio is one of whole numbers.
class Ratio {
  constructor(over, under) {
    const by = divisor(over, under);
    this.over = over / by;
    this.under = under / by;
  }

  times(other) {
    return new Ratio(this.over * other.over, this.under * other.under);
  }

  get value() {
    return this.over / this.under;
  }

  toString() {
    return this.under === 1 ? `${this.over}` : `${this.over}/${this.under}`;
  }
}

class Part {
  constructor(name, metal) {
    this.name = name;
    this.metal = metal;
  }

  describe() {
    return `${this.name} of ${this.metal}`;
  }
}

class Wheel extends Part {
  #teeth;

  constructor(name, metal, teeth, leaves) {
    super(name, metal);
    this.#teeth = teeth;
    this.leaves = leaves;
  }

  get ratio() {
    return new Ratio(this.#teeth, this.leaves);
  }

  describe() {
    return `${super.describe()}, ${this.#teeth}:${this.leaves}`;
  }
}

class Spring extends Part {
  describe() {
    return `${super.describe()}, wound`;
  }
}

// All trains of so many wheels that have a ratio: recursion over choices that are cut off early.
function* trains(wanted, wheels, smallest = 60) {
  if (wheels === 0) {
    if (wanted.over === 1 && wanted.under === 1) yield [];
    return;
  }
  for (let teeth = smallest; teeth <= 90; teeth += 3) {
    for (const leaves of [6, 8, 10, 12]) {
      const rest = wanted.times(new Ratio(leaves, teeth));
      if (rest.value < 5 ** (wheels - 1) || rest.value > 15 ** (wheels - 1)) continue;
      for (const others of trains(rest, wheels - 1, teeth)) yield [[teeth, leaves], ...others];
    }
  }
}

function findTrains() {
  for (const [wanted, wheels] of [[new Ratio(125, 2), 2], [new Ratio(600, 1), 3]]) {
    const found = [...trains(wanted, wheels)];
    const [first, last] = [found[0], found.at(-1)].map((train) => train.map((pair) => pair.join(":")).join(" "));
    console.log(`trains of ${wanted}: ${found.length}, from ${first} to ${last}`);
  }
}

const METALS = ["brass", "steel", "gold", "nickel"];

function makeParts(count) {
  const parts = [];
  for (let i = 0; i < count; i++) {
    const metal = METALS[random(METALS.length)];
    const isWheel = random(5) > 0;
    parts.push(isWheel ? new Wheel(`wheel ${i}`, metal, 60 + random(31), 6 + random(7)) : new Spring(`spring ${i}`, metal));
  }
  return parts;
}

function groupParts(parts) {
  const byMetal = new Map();
  for (const part of parts) {
    if (!byMetal.has(part.metal)) byMetal.set(part.metal, []);
    byMetal.get(part.metal).push(part);
  }
  for (const [metal, group] of [...byMetal].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const wheels = group.filter((part) => part instanceof Wheel);
    const sum = wheels.reduce((total, wheel) => total + wheel.ratio.value, 0);
    console.log(`${metal}: ${group.length} parts, ${wheels.length} wheels, mean ratio ${(sum / wheels.length).toFixed(4)}`);
  }
  return byMetal;
}

// The catalogue as text, taken apart by regular expressions.
function readCatalogue(parts) {
  const text = parts.map((part) => part.describe()).join("\n");
  const line = /^(?<kind>wheel|spring) (?<number>\d+) of (?<metal>[a-z]+), (?:(?<teeth>\d+):(?<leaves>\d+)|wound)$/gm;
  const tally = { wheel: 0, spring: 0 };
  let teeth = 0;
  for (const { groups } of text.matchAll(line)) {
    tally[groups.kind]++;
    teeth += Number(groups.teeth ?? 0);
  }
  const shouted = text.replace(/\b(brass|gold)\b/g, (metal) => metal.toUpperCase());
  console.log(`catalogue: ${text.length} characters, ${JSON.stringify(tally)}, ${teeth} teeth`);
  console.log(`in capitals: ${shouted.match(/[A-Z]+/g).length}, twice the same digit: ${text.match(/(\d)\1/g).length}`);
}

// There and back through JSON; sets and objects compare what comes back.
function keepRecords(byMetal) {
  const records = [...byMetal].map(([metal, group]) => ({
    metal,
    parts: group.map((part, at) => ({ name: part.name, at, tags: [metal.slice(0, 2), `n${at % 10}`], old: at % 3 === 0 })),
  }));
  const text = JSON.stringify(records);
  const again = JSON.parse(text, (key, value) => (key === "at" ? value * 2 : value));
  const names = new Set(again.flatMap(({ parts }) => parts.filter(({ old }) => old).map(({ name }) => name)));
  const places = again.reduce((total, { parts }) => parts.reduce((sum, { at }) => sum + at, total), 0);
  console.log(`records: ${text.length} characters, ${names.size} old parts, places ${places}`);
}

function sortParts(parts) {
  const wheels = parts.filter((part) => part instanceof Wheel);
  const sorted = wheels
    .map((wheel) => [wheel.ratio.value, wheel.name])
    .sort(([a, x], [b, y]) => b - a || (x < y ? -1 : 1));
  console.log(`steepest: ${sorted.slice(0, 3).map(([value, name]) => `${name} ${value.toFixed(3)}`).join(", ")}`);
  const numbers = Float64Array.from(sorted, ([value]) => value).sort();
  console.log(`median: ${numbers[numbers.length >> 1].toFixed(6)}`);
}

// The words of all names that a dial has room for, counted without building them.
function countDials(room, memo = new Map()) {
  if (room === 0) return 1n;
  if (!memo.has(room)) {
    let count = 0n;
    for (let size = 1; size <= Math.min(room, 5); size++) count += BigInt(size) * countDials(room - size, memo);
    memo.set(room, count);
  }
  return memo.get(room);
}

// Jewels on a plate of n by n, no two in one line: the eight queens.
function placeJewels(n, row = 0, columns = 0, left = 0, right = 0) {
  if (row === n) return 1;
  let count = 0;
  for (let free = ~(columns | left | right) & ((1 << n) - 1); free; free &= free - 1) {
    const bit = free & -free;
    count += placeJewels(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

// A balance with its spring: numbers with decimals, and closures.
function swing(steps) {
  const spring = (stiffness) => (angle) => -stiffness * angle;
  const force = spring(2.5);
  let [angle, speed, turns] = [1, 0, 0];
  for (let i = 0; i < steps; i++) {
    const before = angle;
    speed += 0.01 * (force(angle) - 0.02 * speed);
    angle += 0.01 * speed;
    if (before < 0 !== angle < 0) turns++;
  }
  console.log(`balance: ${turns} turns, at ${angle.toFixed(6)}`);
}

function fail() {
  const failures = [];
  for (const broken of ["{", "[1,]", '{"a": nul}']) {
    try {
      JSON.parse(broken);
    } catch (error) {
      failures.push(error.name);
    } finally {
      failures.push(broken.length);
    }
  }
  console.log(`failures: ${failures.join(" ")}`);
}

findTrains();
const parts = makeParts(2000);
const byMetal = groupParts(parts);
readCatalogue(parts);
keepRecords(byMetal);
sortParts(parts);
console.log(`dials: ${countDials(100)}`);
console.log(`jewels: ${placeJewels(8)}`);
swing(30000);
fail();
