// Eigenvectors of symmetric matrices in JavaScript: reflections to a tridiagonal matrix, then rotations.

/**
 * Writes all eigenvalues, largest first, and the first eigenvectors, `[count, size]`; the upper triangle is read.
 * Source: EISPACK's tred2 and tql2.
 */
export function decomposeSymmetric(
  given: Float64Array,
  size: number,
  count: number,
  values: Float64Array,
  vectors: Float64Array,
): void {
  const largest = given.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const exponent =
    largest > 0 ? Math.min(1000, Math.max(-1000, Math.floor(Math.log2(largest)))) : 0;
  // A power of two changes no digit, and squares neither overflow nor vanish.
  const matrix = given.map((value) => value * 2 ** -exponent);
  const [diagonal, beside, factors] = [0, 1, 2].map(() => new Float64Array(size));
  tridiagonalize(matrix, size, diagonal, beside, factors);
  const rotated = new Float64Array(size * size);
  for (let i = 0; i < size; i++) rotated[i * (size + 1)] = 1;
  rotate(diagonal, beside, rotated);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b] - diagonal[a]);
  order.forEach((from, k) => {
    values[k] = diagonal[from] * 2 ** exponent;
    if (k < count) vectors.set(rotated.subarray(from * size, (from + 1) * size), k * size);
  });
  for (let j = size - 3; j >= 0; j--) {
    for (let k = 0; k < count; k++)
      reflect(matrix, j * size, vectors, k * size, j + 1, size, factors[j]);
  }
}

/**
 * Turns the upper triangle of S into `Q T Q^T`: T has `diagonal` and `beside`, and Q is a product of reflections
 * `I - factor v v^T`, of which v stands in row j from column j + 1 on.
 */
function tridiagonalize(
  matrix: Float64Array,
  size: number,
  diagonal: Float64Array,
  beside: Float64Array,
  factors: Float64Array,
): void {
  const image = new Float64Array(size);
  for (let j = 0; j < size - 2; j++) {
    const v = j * size;
    diagonal[j] = matrix[v + j];
    const first = matrix[v + j + 1];
    let rest = 0;
    for (let k = j + 2; k < size; k++) rest += matrix[v + k] ** 2;
    beside[j] = first;
    matrix[v + j + 1] = 1;
    if (rest === 0) continue;
    beside[j] = (first > 0 ? -1 : 1) * Math.sqrt(first * first + rest);
    factors[j] = (beside[j] - first) / beside[j];
    for (let k = j + 2; k < size; k++) matrix[v + k] /= first - beside[j];
    image.fill(0);
    for (let i = j + 1; i < size; i++) {
      const row = i * size;
      let sum = matrix[row + i] * matrix[v + i];
      for (let k = i + 1; k < size; k++) {
        sum += matrix[row + k] * matrix[v + k];
        image[k] += matrix[row + k] * matrix[v + i];
      }
      image[i] += sum;
    }
    let along = 0;
    for (let k = j + 1; k < size; k++) along += image[k] * matrix[v + k];
    for (let k = j + 1; k < size; k++) {
      image[k] = factors[j] * (image[k] - 0.5 * factors[j] * along * matrix[v + k]);
    }
    for (let i = j + 1; i < size; i++) {
      const row = i * size;
      const [a, b] = [matrix[v + i], image[i]];
      for (let k = i; k < size; k++) matrix[row + k] -= a * image[k] + b * matrix[v + k];
    }
  }
  if (size > 1) {
    diagonal[size - 2] = matrix[(size - 1) * size - 2];
    beside[size - 2] = matrix[(size - 1) * size - 1];
  }
  diagonal[size - 1] = matrix[size * size - 1];
}

/** Applies `I - factor v v^T` to one row, of which the columns `[from, size)` change. */
function reflect(
  matrix: Float64Array,
  v: number,
  vectors: Float64Array,
  row: number,
  from: number,
  size: number,
  factor: number,
): void {
  let along = 0;
  for (let k = from; k < size; k++) along += matrix[v + k] * vectors[row + k];
  along *= factor;
  for (let k = from; k < size; k++) vectors[row + k] -= along * matrix[v + k];
}

/** Implicit QL: writes the eigenvalues over the diagonal, and applies each rotation to two rows. */
function rotate(diagonal: Float64Array, beside: Float64Array, rows: Float64Array): void {
  const size = diagonal.length;
  beside[size - 1] = 0;
  for (let l = 0; l < size; l++) {
    for (;;) {
      let m = l;
      while (m < size - 1 && !isNegligible(m)) m++;
      if (m === l) break;
      let g = (diagonal[l + 1] - diagonal[l]) / (2 * beside[l]);
      g = diagonal[m] - diagonal[l] + beside[l] / (g + (g < 0 ? -1 : 1) * Math.hypot(g, 1));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * beside[i];
        const b = c * beside[i];
        const r = Math.hypot(f, g);
        beside[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1] -= p;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1] - p;
        const t = (diagonal[i] - g) * s + 2 * c * b;
        p = s * t;
        diagonal[i + 1] = g + p;
        g = c * t - b;
        turn(rows, i * size, size, c, s);
      }
      beside[m] = 0;
      if (i >= l) continue;
      diagonal[l] -= p;
      beside[l] = g;
    }
  }

  function isNegligible(i: number): boolean {
    const around = Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1]);
    return Math.abs(beside[i]) <= (Number.EPSILON / 2) * around;
  }
}

/** Rotates a row and the one below it. */
function turn(rows: Float64Array, from: number, size: number, c: number, s: number): void {
  for (let k = from; k < from + size; k++) {
    const [x, y] = [rows[k], rows[k + size]];
    rows[k] = c * x - s * y;
    rows[k + size] = s * x + c * y;
  }
}
