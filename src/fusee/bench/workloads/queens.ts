// The eight queens, n times with other seeds: all solutions by backtracking, kept as objects and strings.

const SIZE: i32 = 8;

class Board {
  columns: StaticArray<i32> = new StaticArray<i32>(SIZE);

  isFree(row: i32, column: i32): bool {
    for (let above = 0; above < row; above++) {
      const other = this.columns[above];
      if (other == column || abs(other - column) == row - above) return false;
    }
    return true;
  }

  toString(): string {
    let text = "";
    for (let row = 0; row < SIZE; row++) text += String.fromCharCode(97 + this.columns[row]);
    return text;
  }
}

class Search {
  solutions: Array<string> = [];
  tried: u32 = 0;

  constructor(private board: Board, private first: i32) {}

  place(row: i32): void {
    if (row == SIZE) {
      this.solutions.push(this.board.toString());
      return;
    }
    for (let i = 0; i < SIZE; i++) {
      const column = (i + this.first) % SIZE;
      this.tried++;
      if (!this.board.isFree(row, column)) continue;
      this.board.columns[row] = column;
      this.place(row + 1);
    }
  }
}

function checksum(texts: Array<string>): u32 {
  let sum: u32 = 0;
  for (let i = 0; i < texts.length; i++) {
    for (let k = 0; k < texts[i].length; k++) sum = sum * 31 + texts[i].charCodeAt(k);
  }
  return sum;
}

export function run(n: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const search = new Search(new Board(), i % SIZE);
    search.place(0);
    sum = sum * 31 + checksum(search.solutions) + search.tried;
  }
  return sum;
}
