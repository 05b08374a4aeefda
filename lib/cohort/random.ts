// Seeded random numbers: a fast generator for weights and dropout, and NumPy's legacy generator for the paper's split.

/** The whole state of a generator, as whole numbers in [0, 2^32). */
export type RandomState = readonly [number, number, number, number];

/** A repeatable source of random numbers: the same seed and stream give the same numbers on every machine. */
export interface Random {
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** Fills an array with the results of repeated calls of `uint32`, several times as fast. */
  fillUint32(out: Uint32Array): void;
  /** A number in [0, 1), with 32 random bits. */
  uniform(): number;
  /** A uniformly distributed whole number in [0, bound). @throws RangeError unless bound is whole, in [1, 2^32]. */
  integer(bound: number): number;
  /** A standard-normal number. */
  normal(): number;
  /** The state that determines all further numbers; `restoreRandom` continues from it. */
  state(): RandomState;
  /** Continues from a state. */
  moveTo(state: RandomState): void;
}

/**
 * Makes a generator from a seed; generators of different streams are independent.
 * Source: sfc32 of PractRand (Doty-Humphrey), seeded through SplitMix32; the name is hashed with FNV-1a.
 * @throws RangeError if the seed is not a whole number in [0, 2^32).
 */
export function createRandom(seed: number, stream = ""): Random {
  checkSeed("createRandom", seed);
  let hash = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
  let mix = seed ^ hash;
  const splitMix = () => {
    mix = (mix + 0x9e3779b9) | 0;
    let t = mix ^ (mix >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
  return restoreRandom([splitMix(), splitMix(), splitMix(), seed]);
}

/** Makes a generator that continues from a state. */
export function restoreRandom([a, b, c, counter]: RandomState): Random {
  const uint32 = () => {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out >>> 0;
  };
  const fillUint32 = (out: Uint32Array) => {
    // Locals stay in registers.
    let [w, x, y, z] = [a, b, c, counter];
    for (let i = 0; i < out.length; i++) {
      const next = (((w + x) | 0) + z) | 0;
      z = (z + 1) | 0;
      w = x ^ (x >>> 9);
      x = (y + (y << 3)) | 0;
      y = (((y << 21) | (y >>> 11)) + next) | 0;
      out[i] = next;
    }
    [a, b, c, counter] = [w, x, y, z];
  };
  const uniform = () => uint32() / 0x100000000;
  return {
    uint32,
    fillUint32,
    uniform,
    integer: (bound) => {
      if (!Number.isInteger(bound) || bound < 1 || bound > 0x100000000) {
        throw new RangeError(`integer: expected a whole bound in [1, 2^32], got ${bound}`);
      }
      return Math.floor(uniform() * bound);
    },
    // Box-Muller, one of each pair: half the speed, but no hidden state to save.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    state: () => [a >>> 0, b >>> 0, c >>> 0, counter >>> 0],
    moveTo: (state) => {
      [a, b, c, counter] = state;
    },
  };
}

/** Returns the items in random order (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

/**
 * Returns `numpy.random.RandomState(seed).permutation(size)`.
 * Source: Matsumoto and Nishimura 1998, MT19937; NumPy's legacy shuffle draws each swap by masked rejection.
 * @throws RangeError if the seed is not a whole number in [0, 2^32).
 */
export function numpyPermutation(size: number, seed: number): number[] {
  checkSeed("numpyPermutation", seed);
  const next = mersenneTwister(seed);
  const out = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const mask = 0xffffffff >>> Math.clz32(i);
    let j = (next() & mask) >>> 0;
    while (j > i) j = (next() & mask) >>> 0;
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

function checkSeed(where: string, seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`${where}: expected a whole seed in [0, 2^32), got ${seed}`);
  }
}

function mersenneTwister(seed: number): () => number {
  const n = 624;
  const m = 397;
  const state = new Uint32Array(n);
  state[0] = seed;
  for (let i = 1; i < n; i++) {
    state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  }
  let position = n;
  const refill = () => {
    for (let i = 0; i < n; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % n] & 0x7fffffff);
      state[i] = state[(i + m) % n] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    position = 0;
  };
  return () => {
    if (position === n) refill();
    let y = state[position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}
