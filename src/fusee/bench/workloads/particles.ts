// A fountain of particles as objects with virtual methods, garbage included, n steps of 1/64 second.

const STEP: f64 = 1.0 / 64.0;
const GRAVITY: f64 = -9.5;
const MOST: i32 = 512;

let state: u32 = 2463534242;

function random(): f64 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return <f64>(state >> 8) / 16777216.0;
}

class Vector {
  constructor(public x: f64, public y: f64) {}

  plus(other: Vector, times: f64): Vector {
    return new Vector(this.x + other.x * times, this.y + other.y * times);
  }
}

abstract class Particle {
  age: f64 = 0;

  constructor(public position: Vector, public velocity: Vector) {}

  abstract force(): Vector;
  abstract lives(): bool;

  move(): void {
    this.velocity = this.velocity.plus(this.force(), STEP);
    this.position = this.position.plus(this.velocity, STEP);
    this.age += STEP;
  }
}

class Drop extends Particle {
  force(): Vector {
    return new Vector(0, GRAVITY);
  }

  lives(): bool {
    return this.position.y > 0;
  }
}

class Smoke extends Particle {
  force(): Vector {
    return new Vector(-0.5 * this.velocity.x, 1.5 - 0.25 * this.velocity.y);
  }

  lives(): bool {
    return this.age < 3;
  }
}

function emit(): Particle {
  const velocity = new Vector(random() - 0.5, 6 + 4 * random());
  const place = new Vector(0, 0.125);
  if (random() < 0.75) return new Drop(place, velocity);
  return new Smoke(place, velocity);
}

function step(particles: Array<Particle>): Array<Particle> {
  const living = new Array<Particle>();
  for (let i = 0; i < particles.length; i++) {
    particles[i].move();
    if (particles[i].lives()) living.push(particles[i]);
  }
  for (let i = 0; i < 4 && living.length < MOST; i++) living.push(emit());
  return living;
}

export function run(n: u32): u32 {
  let particles = new Array<Particle>();
  state = 2463534242;
  for (let i: u32 = 0; i < n; i++) particles = step(particles);
  let sum: u32 = particles.length;
  for (let i = 0; i < particles.length; i++) {
    const bits = reinterpret<u64>(particles[i].position.x) ^ (reinterpret<u64>(particles[i].position.y) << 1);
    sum = sum * 31 + (<u32>bits ^ <u32>(bits >> 32));
  }
  return sum;
}
