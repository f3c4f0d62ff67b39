// Exact covers by Knuth's dancing links: sudokus are lists of lists of objects, n of them are solved, each made from the
// same one by another renaming of its digits, rows and columns.

const DIGITS: i32 = 9;
const CELLS: i32 = 81;
const CONSTRAINTS: i32 = 4 * CELLS;
const PUZZLE = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79";

class Node {
  left: Node = this;
  right: Node = this;
  up: Node = this;
  down: Node = this;
  size: i32 = 0;

  // A header has no header of its own; `choice` is the cell and the digit.
  constructor(public header: Node | null, public choice: i32) {}

  insertBefore(other: Node): void {
    this.left = other.left;
    this.right = other;
    other.left.right = this;
    other.left = this;
  }

  hang(header: Node): void {
    this.up = header.up;
    this.down = header;
    header.up.down = this;
    header.up = this;
    header.size++;
  }

  cover(): void {
    this.right.left = this.left;
    this.left.right = this.right;
    for (let row = this.down; row != this; row = row.down) {
      for (let node = row.right; node != row; node = node.right) {
        node.down.up = node.up;
        node.up.down = node.down;
        node.header!.size--;
      }
    }
  }

  uncover(): void {
    for (let row = this.up; row != this; row = row.up) {
      for (let node = row.left; node != row; node = node.left) {
        node.header!.size++;
        node.down.up = node;
        node.up.down = node;
      }
    }
    this.right.left = this;
    this.left.right = this;
  }
}

class Solver {
  root: Node = new Node(null, -1);
  rows: Array<Node> = new Array<Node>();
  solution: StaticArray<i32> = new StaticArray<i32>(CELLS);
  steps: u32 = 0;

  constructor() {
    const headers = new Array<Node>();
    for (let i = 0; i < CONSTRAINTS; i++) {
      const header = new Node(null, -1);
      header.insertBefore(this.root);
      headers.push(header);
    }
    for (let choice = 0; choice < CELLS * DIGITS; choice++) {
      const cell = choice / DIGITS, digit = choice % DIGITS, row = cell / 9, column = cell % 9;
      const box = (row / 3) * 3 + column / 3;
      const met = [cell, CELLS + row * 9 + digit, 2 * CELLS + column * 9 + digit, 3 * CELLS + box * 9 + digit];
      const first = new Node(headers[met[0]], choice);
      first.hang(headers[met[0]]);
      for (let i = 1; i < 4; i++) {
        const node = new Node(headers[met[i]], choice);
        node.hang(headers[met[i]]);
        node.insertBefore(first);
      }
      this.rows.push(first);
    }
  }

  take(row: Node): void {
    this.solution[row.choice / DIGITS] = row.choice % DIGITS;
    for (let node = row.right; node != row; node = node.right) node.header!.cover();
  }

  giveBack(row: Node): void {
    for (let node = row.left; node != row; node = node.left) node.header!.uncover();
  }

  narrowest(): Node {
    let best = this.root.right;
    for (let header = best.right; header != this.root; header = header.right) {
      if (header.size < best.size) best = header;
    }
    return best;
  }

  solve(): bool {
    if (this.root.right == this.root) return true;
    const header = this.narrowest();
    let found = false;
    header.cover();
    for (let row = header.down; row != header && !found; row = row.down) {
      this.steps++;
      this.take(row);
      found = this.solve();
      this.giveBack(row);
    }
    header.uncover();
    return found;
  }

  // With the clues taken; all links are as before afterwards.
  solveWith(clues: Array<i32>): bool {
    for (let i = 0; i < clues.length; i++) {
      this.rows[clues[i]].header!.cover();
      this.take(this.rows[clues[i]]);
    }
    const found = this.solve();
    for (let i = clues.length - 1; i >= 0; i--) {
      this.giveBack(this.rows[clues[i]]);
      this.rows[clues[i]].header!.uncover();
    }
    return found;
  }
}

// Bands and stacks change places, and digits their names; every third puzzle lacks a clue.
function cluesOf(round: u32): Array<i32> {
  const clues = new Array<i32>();
  for (let cell = 0; cell < CELLS; cell++) {
    const clue = PUZZLE.charCodeAt(cell);
    if (clue == 46 || (round % 3 == 2 && <u32>cell == round % 81)) continue;
    const row = (cell / 9 + 3 * <i32>(round % 3)) % 9, column = (cell % 9 + 3 * <i32>(round / 3 % 3)) % 9;
    clues.push((row * 9 + column) * DIGITS + (clue - 49 + <i32>(round % 9)) % 9);
  }
  return clues;
}

export function run(n: u32): u32 {
  const solver = new Solver();
  let sum: u32 = 0;
  for (let round: u32 = 0; round < n; round++) {
    if (!solver.solveWith(cluesOf(round))) continue;
    for (let i = 0; i < CELLS; i++) sum = sum * 31 + solver.solution[i];
    sum += solver.steps;
  }
  return sum;
}
