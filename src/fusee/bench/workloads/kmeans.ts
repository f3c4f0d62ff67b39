// The palette of a picture: its colours are gathered around so many means, in f32, and painted with whole numbers again.
// n rounds, with a new picture and new means every eighth.

const WIDTH: i32 = 32;
const PIXELS: i32 = 12 * WIDTH;
const COLOURS: i32 = 12;
const CHANNELS: i32 = 3;

let state: u32 = 0;

function random(): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state >> 7;
}

class Palette {
  means: Float32Array = new Float32Array(COLOURS * CHANNELS);
  sums: Float32Array = new Float32Array(COLOURS * CHANNELS);
  counts: Int32Array = new Int32Array(COLOURS);

  distance(colour: i32, pixels: Uint8Array, at: i32): f32 {
    let sum: f32 = 0;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const difference = <f32>pixels[at + channel] - this.means[colour * CHANNELS + channel];
      sum += difference * difference;
    }
    return sum;
  }

  nearest(pixels: Uint8Array, at: i32): i32 {
    let best = 0, least = f32.MAX_VALUE;
    for (let colour = 0; colour < COLOURS; colour++) {
      const distance = this.distance(colour, pixels, at);
      if (distance < least) {
        least = distance;
        best = colour;
      }
    }
    return best;
  }

  add(colour: i32, pixels: Uint8Array, at: i32): void {
    this.counts[colour]++;
    for (let channel = 0; channel < CHANNELS; channel++) this.sums[colour * CHANNELS + channel] += <f32>pixels[at + channel];
  }

  // Every mean goes to the middle of its pixels; one that has none goes anywhere. How far they went is the result.
  settle(): f32 {
    let way: f32 = 0;
    for (let i = 0; i < COLOURS * CHANNELS; i++) {
      const count = this.counts[i / CHANNELS];
      const mean = count > 0 ? this.sums[i] / <f32>count : <f32>(random() & 255);
      way = max(way, abs(mean - this.means[i]));
      this.means[i] = mean;
    }
    return way;
  }

  rounded(colour: i32): u32 {
    let number: u32 = 0;
    for (let channel = 0; channel < CHANNELS; channel++) {
      number = (number << 8) | <u32>nearest<f32>(this.means[colour * CHANNELS + channel]);
    }
    return number;
  }
}

// Gradients, with some noise.
function paint(pixels: Uint8Array): void {
  const angle: f32 = <f32>(random() & 127) / 128;
  for (let i = 0; i < PIXELS; i++) {
    const x: f32 = <f32>(i % WIDTH) / <f32>WIDTH, y: f32 = <f32>i / <f32>PIXELS;
    const light: f32 = x * angle + y * (1 - angle);
    pixels[i * CHANNELS] = <u8>(light * 200 + <f32>(random() & 31));
    pixels[i * CHANNELS + 1] = <u8>(sqrt<f32>(x * y) * 220 + <f32>(random() & 15));
    pixels[i * CHANNELS + 2] = <u8>((1 - light) * 180 + <f32>(random() & 63));
  }
}

export function run(n: u32): u32 {
  const pixels = new Uint8Array(PIXELS * CHANNELS);
  const palette = new Palette();
  let sum: u32 = 0;
  state = 521288629;
  for (let round: u32 = 0; round < n; round++) {
    if (round % 8 == 0) {
      paint(pixels);
      for (let i = 0; i < COLOURS * CHANNELS; i++) palette.means[i] = <f32>(random() & 255);
    }
    palette.sums.fill(0);
    palette.counts.fill(0);
    for (let at = 0; at < PIXELS * CHANNELS; at += CHANNELS) {
      const colour = palette.nearest(pixels, at);
      palette.add(colour, pixels, at);
      sum = sum * 31 + <u32>colour;
    }
    sum = sum * 31 + <u32>(palette.settle() * 16);
    for (let colour = 0; colour < COLOURS; colour++) sum = sum * 31 + palette.rounded(colour);
  }
  return sum;
}
