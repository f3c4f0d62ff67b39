//! Bits are packed by an adaptive range coder, as LZMA has one: a generated text goes through it letter by letter, each in
//! the context of the one before, is unpacked again and compared, n times.

const LENGTH = 1024;
const HALF = 1024; // of probabilities, which have 11 bits
const RATE = 4;
const TOP = 1 << 24;

/// How likely a zero is, for each beginning of a letter after each letter before it.
const Model = struct {
    zeros: [32][256]u16,

    fn reset(model: *Model) void {
        for (&model.zeros) |*context| @memset(context, HALF);
    }

    fn learn(zero: *u16, bit: u1) void {
        if (bit == 0) zero.* += (2 * HALF - zero.*) >> RATE else zero.* -= zero.* >> RATE;
    }
};

const Encoder = struct {
    bytes: []u8,
    size: usize = 0,
    low: u64 = 0,
    range: u32 = 0xffffffff,
    pending: usize = 1, // bytes that a carry may still change
    cached: u8 = 0,

    fn shift(encoder: *Encoder) void {
        if (encoder.low < 0xff000000 or encoder.low > 0xffffffff) {
            const carry: u8 = @intCast(encoder.low >> 32);
            var byte = encoder.cached;
            while (encoder.pending > 0) : (encoder.pending -= 1) {
                encoder.bytes[encoder.size] = byte +% carry;
                encoder.size += 1;
                byte = 0xff;
            }
            encoder.cached = @truncate(encoder.low >> 24);
        }
        encoder.pending += 1;
        encoder.low = (encoder.low & 0x00ffffff) << 8;
    }

    fn encode(encoder: *Encoder, zero: *u16, bit: u1) void {
        const bound = (encoder.range >> 11) * zero.*;
        if (bit == 0) {
            encoder.range = bound;
        } else {
            encoder.low += bound;
            encoder.range -= bound;
        }
        Model.learn(zero, bit);
        while (encoder.range < TOP) {
            encoder.range <<= 8;
            encoder.shift();
        }
    }

    fn finish(encoder: *Encoder) []const u8 {
        for (0..5) |_| encoder.shift();
        return encoder.bytes[0..encoder.size];
    }
};

const Decoder = struct {
    bytes: []const u8,
    at: usize = 5,
    range: u32 = 0xffffffff,
    code: u32,

    /// The first byte is always zero.
    fn init(bytes: []const u8) Decoder {
        var code: u32 = 0;
        for (bytes[1..5]) |byte| code = code << 8 | byte;
        return .{ .bytes = bytes, .code = code };
    }

    fn decode(decoder: *Decoder, zero: *u16) u1 {
        const bound = (decoder.range >> 11) * zero.*;
        const bit: u1 = if (decoder.code < bound) 0 else 1;
        if (bit == 0) {
            decoder.range = bound;
        } else {
            decoder.code -= bound;
            decoder.range -= bound;
        }
        Model.learn(zero, bit);
        while (decoder.range < TOP) : (decoder.at += 1) {
            decoder.range <<= 8;
            decoder.code = decoder.code << 8 | decoder.bytes[decoder.at];
        }
        return bit;
    }
};

var letters: Model = undefined;
var text: [LENGTH]u8 = undefined;
var packed_text: [2 * LENGTH]u8 = undefined;

fn pack() []const u8 {
    var encoder = Encoder{ .bytes = &packed_text };
    var before: u8 = 0;
    letters.reset();
    for (text) |letter| {
        const context = &letters.zeros[before & 31];
        var node: usize = 1;
        for (0..8) |i| {
            const bit: u1 = @truncate(letter >> @intCast(7 - i));
            encoder.encode(&context[node], bit);
            node = node << 1 | bit;
        }
        before = letter;
    }
    return encoder.finish();
}

/// Whether it is the text again.
fn unpacksTo(bytes: []const u8) bool {
    var decoder = Decoder.init(bytes);
    var before: u8 = 0;
    letters.reset();
    for (text) |letter| {
        const context = &letters.zeros[before & 31];
        var node: usize = 1;
        while (node < 256) node = node << 1 | decoder.decode(&context[node]);
        before = @truncate(node);
        if (before != letter) return false;
    }
    return true;
}

fn writeText(state: *u32) void {
    const words = [_][]const u8{ "the ", "a ", "fusee ", "turns, ", "chain", "ed ", "spring ", "to ", "wheel", "s.\n" };
    var size: usize = 0;
    while (size < LENGTH) {
        state.* ^= state.* << 13;
        state.* ^= state.* >> 17;
        state.* ^= state.* << 5;
        const word = words[(state.* >> 9) % words.len];
        const length = @min(word.len, LENGTH - size);
        @memcpy(text[size..][0..length], word[0..length]);
        size += length;
    }
}

export fn run(n: u32) u32 {
    var state: u32 = 2463534242;
    var sum: u32 = 0;
    for (0..n) |_| {
        writeText(&state);
        const bytes = pack();
        for (bytes) |byte| sum = sum *% 31 +% byte;
        if (!unpacksTo(bytes)) return 0;
    }
    return sum;
}
