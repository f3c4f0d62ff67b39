// Every game of Reversi up to a depth, from the beginning and from middles of games: boards are two words of 64 bits,
// and moves are found for all fields at once. The numbers of games are known (OEIS A124004).
#include "workload.h"

namespace {

using Bits = uint64_t;

constexpr Bits NOT_FIRST_COLUMN = 0xfefefefefefefefe;
constexpr Bits NOT_LAST_COLUMN = 0x7f7f7f7f7f7f7f7f;
constexpr int DIRECTIONS = 8;
constexpr int MOST_TURNED = 6; // discs between two of the other colour

// One field further; what leaves the board vanishes.
Bits shifted(Bits fields, int direction) {
    switch (direction) {
    case 0: return fields << 8;
    case 1: return fields >> 8;
    case 2: return fields << 1 & NOT_FIRST_COLUMN;
    case 3: return fields >> 1 & NOT_LAST_COLUMN;
    case 4: return fields << 9 & NOT_FIRST_COLUMN;
    case 5: return fields >> 9 & NOT_LAST_COLUMN;
    case 6: return fields << 7 & NOT_LAST_COLUMN;
    default: return fields >> 7 & NOT_FIRST_COLUMN;
    }
}

class Board {
  public:
    Board(Bits own, Bits other) : own(own), other(other) {}

    Bits moves() const {
        Bits found = 0, empty = ~(own | other);
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            Bits line = shifted(own, direction) & other;
            for (int i = 1; i < MOST_TURNED; i++) line |= shifted(line, direction) & other;
            found |= shifted(line, direction) & empty;
        }
        return found;
    }

    // What the opponent sees after this move.
    Board after(Bits move) const {
        Bits turned = 0;
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            Bits line = 0, field = shifted(move, direction);
            for (; field & other; field = shifted(field, direction)) line |= field;
            if (field & own) turned |= line;
        }
        return {other & ~turned, own | turned | move};
    }

    Board passed() const { return {other, own}; }

    int discs() const { return __builtin_popcountll(own | other); }

    uint32_t digest() const {
        Bits mixed = (own * 0x9e3779b97f4a7c15 ^ other) * 0xbf58476d1ce4e5b9;
        return static_cast<uint32_t>(mixed >> 32);
    }

  private:
    Bits own, other;
};

const Board BEGINNING(0x0000000810000000, 0x0000001008000000);

// How many games of so many moves there are; passing is a move, and a game that is over counts once.
uint32_t count_games(const Board &board, int depth) {
    if (depth == 0) return 1;
    Bits moves = board.moves();
    if (!moves) {
        Board passed = board.passed();
        return passed.moves() ? count_games(passed, depth - 1) : 1;
    }
    uint32_t games = 0;
    for (; moves; moves &= moves - 1) games += count_games(board.after(moves & -moves), depth - 1);
    return games;
}

// A game of random moves, so far.
Board play(uint32_t &state, int discs) {
    Board board = BEGINNING;
    while (board.discs() < discs) {
        Bits moves = board.moves();
        if (!moves) {
            board = board.passed();
            if (!board.moves()) return board;
            continue;
        }
        for (uint32_t skip = next_random(&state) % static_cast<uint32_t>(__builtin_popcountll(moves)); skip; skip--)
            moves &= moves - 1;
        board = board.after(moves & -moves);
    }
    return board;
}

} // namespace

extern "C" WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 88675123, sum = count_games(BEGINNING, 5);
    for (uint32_t i = 0; i < n; i++) {
        Board board = play(state, 10 + static_cast<int>(i % 53));
        sum = sum * 31 + count_games(board, 3) + board.digest();
    }
    return sum;
}
