// Dense linear algebra in double precision: matrix products, Cholesky, symmetric eigenvectors, distances.
//
// Matrices are row-major. Every large part is a matrix product, and every product is one microkernel: broadcast numbers
// of one factor times vectors of the other, summed in registers, both packed in the order in which they are read.
// Neither the number of threads nor the length of a vector changes the order of a sum, so every processor with fused
// multiply-add gives the same bits.
#include <node_api.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <new>
#include <numeric>
#include <vector>

#include "call.h"
#include "threads.h"
#include "tiles.h"

namespace {

// ---------------------------------------------------------------- vectors

#if defined(__AVX512F__)
constexpr int L = 8;
constexpr int TILE = 12;  // rows of a tile two vectors wide: 24 sums of 32 registers
#elif defined(__AVX__)
constexpr int L = 4;
constexpr int TILE = 6;  // 12 sums of 16 registers
#else
constexpr int L = 2;
constexpr int TILE = 6;
#endif
constexpr int STRIP = 2 * L;  // columns of a tile
typedef double V __attribute__((vector_size(L * sizeof(double)), aligned(8), may_alias));

inline V load(const double* p) { return *reinterpret_cast<const V*>(p); }
inline void store(double* p, V v) { *reinterpret_cast<V*>(p) = v; }
inline V all(double x) { return x - V{}; }

constexpr int LANES = 8;  // sums that are added at the end, whatever the length of a vector
constexpr int PARTS = LANES / L;

/// The sum of a[i] b[i] over i < count, in an order that the length of a vector does not change.
inline double dot(const double* a, const double* b, int64_t count) {
  constexpr int TURNS = 4;  // so that no sum waits for the one before it
  V sums[TURNS][PARTS] = {};
  int64_t i = 0;
  for (; i + TURNS * LANES <= count; i += TURNS * LANES)
    for (int t = 0; t < TURNS; t++)
      for (int p = 0; p < PARTS; p++) {
        const int64_t at = i + t * LANES + p * L;
        sums[t][p] += load(a + at) * load(b + at);
      }
  for (; i + LANES <= count; i += LANES)
    for (int p = 0; p < PARTS; p++) sums[0][p] += load(a + i + p * L) * load(b + i + p * L);
  for (int p = 0; p < PARTS; p++) sums[0][p] = (sums[0][p] + sums[1][p]) + (sums[2][p] + sums[3][p]);
  double total = 0;
  for (int lane = 0; lane < LANES; lane++) total += sums[0][lane / L][lane % L];
  for (; i < count; i++) total += a[i] * b[i];
  return total;
}

/// to[i] += factor from[i] for i < count
inline void add(double factor, const double* from, int64_t count, double* to) {
  for (int64_t i = 0; i < count; i++) to[i] += factor * from[i];
}

/// values *= factor
inline void scale(double* values, int64_t count, double factor) {
  for (int64_t i = 0; i < count; i++) values[i] *= factor;
}

// ---------------------------------------------------------------- products

using Scratch = Numbers<double>;

/// A factor seen through strides: number (i, k) is data[i * row + k * inner], less center[k].
struct Factor {
  const void* data;
  bool single;  // float, else double
  int64_t row, inner;
  const double* center;

  /// The part that begins at number (i, k).
  Factor from(int64_t i, int64_t k) const {
    const int64_t at = i * row + k * inner;
    const void* here = single ? static_cast<const void*>(static_cast<const float*>(data) + at)
                              : static_cast<const void*>(static_cast<const double*>(data) + at);
    return {here, single, row, inner, center ? center + k : nullptr};
  }
};

/// A factor whose number (i, k) is data[i, k], `[rows, count]`, or data[k, i], `[count, rows]`.
inline Factor rowsOf(const double* data, int64_t stride) { return {data, false, stride, 1, nullptr}; }
inline Factor columnsOf(const double* data, int64_t stride) { return {data, false, 1, stride, nullptr}; }

/// Packs rows [0, rows) into panels `[panels, count, HIGH]`, padded with zeros.
template <int HIGH, class T>
void packPanels(const T* data, const Factor& f, int64_t rows, int64_t count, double* to) {
  for (int64_t i = 0; i < rows; i += HIGH, data += HIGH * f.row) {
    const int64_t high = std::min<int64_t>(HIGH, rows - i);
    if (f.row == 1) {
      for (int64_t k = 0; k < count; k++, to += HIGH) {
        const double center = f.center ? f.center[k] : 0;
        for (int64_t n = 0; n < high; n++) to[n] = data[k * f.inner + n] - center;
        for (int64_t n = high; n < HIGH; n++) to[n] = 0;
      }
      continue;
    }
    double part[HIGH][8] = {};  // a cache line of each row at a time
    for (int64_t k = 0; k < count; k += 8) {
      const int64_t wide = std::min<int64_t>(8, count - k);
      for (int64_t n = 0; n < high; n++) {
        const T* from = data + n * f.row + k * f.inner;
        if (f.inner == 1 && wide == 8) {
          for (int m = 0; m < 8; m++) part[n][m] = from[m];
        } else {
          for (int64_t m = 0; m < wide; m++) part[n][m] = from[m * f.inner];
        }
        if (f.center)
          for (int64_t m = 0; m < wide; m++) part[n][m] -= f.center[k + m];
      }
      for (int64_t m = 0; m < wide; m++, to += HIGH)
        for (int n = 0; n < HIGH; n++) to[n] = part[n][m];
    }
  }
}

/// The same of either precision.
template <int HIGH>
void pack(const Factor& f, int64_t rows, int64_t count, double* to) {
  if (f.single) packPanels<HIGH>(static_cast<const float*>(f.data), f, rows, count, to);
  else packPanels<HIGH>(static_cast<const double*>(f.data), f, rows, count, to);
}

/// out[i, j] = scale * sum over k of a[k, i] b[k, j], for NI rows and a strip that is `width` wide; or added to it.
template <int NI>
inline __attribute__((always_inline)) void tile(const double* a, const double* b, int64_t count,
                                                double scale, bool adding, double* out,
                                                int64_t stride, int64_t width) {
  V sums[NI][2] = {};
#pragma GCC unroll 4
  for (int64_t k = 0; k < count; k++, a += TILE, b += STRIP) {
    const V left = load(b), right = load(b + L);
    for (int i = 0; i < NI; i++) {
      const V number = all(a[i]);
      sums[i][0] += number * left;
      sums[i][1] += number * right;
    }
  }
  for (int i = 0; i < NI; i++, out += stride) {
    for (int j = 0; j < 2; j++) sums[i][j] *= scale;
    if (width == STRIP) {
      for (int j = 0; j < 2; j++) store(out + j * L, adding ? load(out + j * L) + sums[i][j] : sums[i][j]);
    } else {
      for (int64_t j = 0; j < width; j++) out[j] = (adding ? out[j] : 0) + sums[i][j / L][j % L];
    }
  }
}

enum Part { WHOLE, LOWER };  // of a product that is symmetric, what is needed

constexpr int64_t DEPTH = 256;          // of the sum at a time: a strip stays in the first-level cache,
constexpr int64_t BLOCK = 8 * TILE;     // as many rows of the first factor in the second-level,
constexpr int64_t PANEL = 128 * STRIP;  // and as many of the second one in the third-level
constexpr int64_t GROUP = 4;            // strips that are packed at a time, a few cache lines of each row

/// out = scale A B^T, `[rows, columns]` with the given stride, or added to what is there; the sum has `count` numbers.
void multiply(Factor a, Factor b, int64_t rows, int64_t columns, int64_t count, double scale,
              bool adding, double* out, int64_t stride, Part part = WHOLE) {
  static thread_local Scratch packed, block;
  if (count == 0 && !adding)
    for (int64_t i = 0; i < rows; i++) std::fill(out + i * stride, out + i * stride + columns, 0.0);
  const bool small = rows * columns * count < 1'000'000;  // done sooner than another thread wakes up
  const int64_t high = std::max<int64_t>(1, std::min(BLOCK, rows / (4 * pool.size())) / TILE) * TILE;
  for (int64_t left = 0; left < columns; left += PANEL) {
    const int64_t wide = std::min(PANEL, columns - left);
    const int64_t strips = (wide + STRIP - 1) / STRIP, groups = (strips + GROUP - 1) / GROUP;
    const int64_t top = part == LOWER ? left / TILE * TILE : 0;
    const int64_t most = PANEL / (strips * STRIP) * DEPTH;
    for (int64_t first = 0; first < count; first += most) {
      const int64_t last = std::min(count, first + most);
      double* second = packed.of(strips * STRIP * (last - first));
      const auto packGroup = [&](int64_t task) {
        const int64_t k = first + task / groups * DEPTH, deep = std::min(DEPTH, last - k);
        const int64_t s = task % groups * GROUP * STRIP;
        pack<STRIP>(b.from(left + s, k), std::min(GROUP * STRIP, wide - s), deep,
                    second + (k - first) * strips * STRIP + s * deep);
      };
      const auto multiplyBlock = [&](int64_t begin, int64_t end) {
        const int64_t to = part == LOWER ? std::min(strips, (end - left + STRIP - 1) / STRIP) : strips;
        for (int64_t k = first; k < last; k += DEPTH) {
          const int64_t deep = std::min(DEPTH, last - k);
          double* own = block.of(BLOCK * DEPTH);
          pack<TILE>(a.from(begin, k), end - begin, deep, own);
          for (int64_t s = 0; s < to; s++)
            for (int64_t i = begin; i < end; i += TILE)
              constant<TILE>(static_cast<int>(std::min<int64_t>(TILE, end - i)), [&](auto tall) {
                tile<decltype(tall)::value>(
                    own + (i - begin) * deep, second + ((k - first) * strips + s * deep) * STRIP, deep, scale,
                    adding || k > 0, out + i * stride + left + s * STRIP, stride,
                    std::min<int64_t>(STRIP, wide - s * STRIP));
              });
        }
      };
      const int64_t tasks = (last - first + DEPTH - 1) / DEPTH * groups;
      if (small) {
        for (int64_t task = 0; task < tasks; task++) packGroup(task);
        for (int64_t i = top; i < rows; i += BLOCK) multiplyBlock(i, std::min(rows, i + BLOCK));
      } else {
        spread(tasks, packGroup);
        spread(rows - top, high, [&](int64_t begin, int64_t end) { multiplyBlock(top + begin, top + end); });
      }
    }
  }
}

/// Copies the triangle below the diagonal of `[size, size]` over the one above it.
void mirror(double* matrix, int64_t size) {
  spread(size, 32, [&](int64_t begin, int64_t end) {
    for (int64_t left = 0; left < end; left += 32)
      for (int64_t i = begin; i < end; i++)
        for (int64_t j = left; j < std::min(left + 32, i); j++) matrix[j * size + i] = matrix[i * size + j];
  });
}

// ---------------------------------------------------------------- Cholesky

constexpr int64_t BASE = 48;  // what is small enough to be solved without further cutting
constexpr int64_t FEW = 4;    // right-hand sides at a time: while one is divided, the others go on

/// Cuts a size in two, at a multiple of the base.
inline int64_t half(int64_t size) { return (size / 2 + BASE - 1) / BASE * BASE; }

/// right = right L^-T, in place; L `[size, size]` lower triangular, right `[rows, size]`.
void solveForward(const double* factor, int64_t stride, int64_t size, double* right, int64_t rightStride, int64_t rows) {
  if (size > BASE) {
    const int64_t first = half(size);
    solveForward(factor, stride, first, right, rightStride, rows);
    multiply(rowsOf(right, rightStride), rowsOf(factor + first * stride, stride), rows, size - first, first, -1, true,
             right + first, rightStride);
    solveForward(factor + first * (stride + 1), stride, size - first, right + first, rightStride, rows);
    return;
  }
  double columns[BASE * BASE];  // L^T, so that what a number is subtracted from stands side by side
  for (int64_t i = 0; i < size; i++)
    for (int64_t j = 0; j < size; j++) columns[j * size + i] = j <= i ? factor[i * stride + j] : 0;
  spread(rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += FEW)
      for (int64_t j = 0; j < size; j++)
        for (double* x = right + i * rightStride; x < right + std::min(i + FEW, end) * rightStride; x += rightStride) {
          x[j] /= columns[j * size + j];
          add(-x[j], columns + j * size + j + 1, size - j - 1, x + j + 1);
        }
  });
}

/// right = right L^-1, in place; L `[size, size]` lower triangular, right `[rows, size]`.
void solveBackward(const double* factor, int64_t stride, int64_t size, double* right, int64_t rightStride, int64_t rows) {
  if (size > BASE) {
    const int64_t first = half(size);
    solveBackward(factor + first * (stride + 1), stride, size - first, right + first, rightStride, rows);
    multiply(rowsOf(right + first, rightStride), columnsOf(factor + first * stride, stride), rows, first, size - first,
             -1, true, right, rightStride);
    solveBackward(factor, stride, first, right, rightStride, rows);
    return;
  }
  spread(rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += FEW)
      for (int64_t j = size - 1; j >= 0; j--)
        for (double* x = right + i * rightStride; x < right + std::min(i + FEW, end) * rightStride; x += rightStride) {
          x[j] /= factor[j * stride + j];
          add(-x[j], factor + j * stride, j, x);
        }
  });
}

/// Turns the lower triangle into L of L L^T; returns the row whose pivot is not positive, or -1.
int64_t factorize(double* matrix, int64_t stride, int64_t size) {
  if (size > BASE) {
    const int64_t first = half(size), rest = size - first;
    const int64_t failed = factorize(matrix, stride, first);
    if (failed >= 0) return failed;
    double* below = matrix + first * stride;
    solveForward(matrix, stride, first, below, stride, rest);
    multiply(rowsOf(below, stride), rowsOf(below, stride), rest, rest, first, -1, true, below + first, stride, LOWER);
    const int64_t later = factorize(below + first, stride, rest);
    return later < 0 ? -1 : first + later;
  }
  for (int64_t i = 0; i < size; i++) {
    double* row = matrix + i * stride;
    for (int64_t j = 0; j < i; j++) {
      const double* other = matrix + j * stride;
      row[j] = (row[j] - dot(row, other, j)) / other[j];
    }
    const double pivot = row[i] - dot(row, row, i);
    if (!(pivot > 0)) return i;
    row[i] = std::sqrt(pivot);
  }
  return -1;
}

// ---------------------------------------------------------------- symmetric matrices to tridiagonal ones

/// Finds H = I - tau v v^T with H x = beta e_1, where v begins with 1 and is written over x.
double reflect(double* x, int64_t count, double& tau) {
  const double alpha = x[0], rest = dot(x + 1, x + 1, count - 1);
  x[0] = 1;
  if (rest == 0) {
    tau = 0;
    return alpha;
  }
  const double beta = -std::copysign(std::sqrt(alpha * alpha + rest), alpha);
  tau = (beta - alpha) / beta;
  scale(x + 1, count - 1, 1 / (alpha - beta));
  return beta;
}

/// Turns a symmetric matrix into Q T Q^T: T has `diagonal` and `beside`, and Q = H_0 H_1 ... is a product of reflections,
/// whose vectors come to stand in the rows: row j begins with j + 1 zeros.
/// Source: LAPACK's dsytrd and dlatrd; Dongarra, Hammarling and Sorensen 1989.
void tridiagonalize(double* matrix, int64_t size, double* diagonal, double* beside, double* taus) {
  constexpr int64_t TOGETHER = 32;  // reflections, which are then applied to the rest of the matrix in one product
  std::vector<double> panel(3 * TOGETHER * size);
  for (int64_t first = 0; first < size - 2; first += TOGETHER) {
    const int64_t count = std::min(TOGETHER, size - 2 - first), next = first + count;
    double* v = panel.data();        // [count, size]
    double* w = v + count * size;    // the rest becomes S - v^T w - w^T v
    double* again = w + count * size;
    for (int64_t p = 0; p < count; p++) {
      const int64_t j = first + p, after = j + 1, length = size - after;
      double* row = matrix + j * size;
      double* own = w + p * size;
      for (int64_t q = 0; q < p; q++) {
        add(-w[q * size + j], v + q * size + j, size - j, row + j);
        add(-v[q * size + j], w + q * size + j, size - j, row + j);
      }
      diagonal[j] = row[j];
      beside[j] = reflect(row + after, length, taus[j]);
      std::fill(row, row + after, 0.0);
      std::copy(row + first, row + size, v + p * size + first);
      spread(length, 64, [&](int64_t begin, int64_t end) {
        for (int64_t k = after + begin; k < after + end; k++)
          own[k] = dot(matrix + k * size + after, row + after, length);
      });
      for (int64_t q = 0; q < p; q++) {
        const double* vq = v + q * size + after;
        const double* wq = w + q * size + after;
        const double alongW = dot(wq, row + after, length), alongV = dot(vq, row + after, length);
        add(-alongW, vq, length, own + after);
        add(-alongV, wq, length, own + after);
      }
      scale(own + after, length, taus[j]);
      add(-0.5 * taus[j] * dot(own + after, row + after, length), row + after, length, own + after);
    }
    std::copy(v, v + count * size, again);
    multiply(columnsOf(v + next, size), columnsOf(w + next, size), size - next, size - next, 2 * count, -1, true,
             matrix + next * (size + 1), size);
  }
  if (size > 1) {
    diagonal[size - 2] = matrix[(size - 2) * size + size - 2];
    beside[size - 2] = matrix[(size - 2) * size + size - 1];
  }
  diagonal[size - 1] = matrix[size * size - 1];
}

/// Turns eigenvectors of T, a vector a row, into those of Q T Q^T.
void reflectBack(const double* reflections, int64_t size, const double* taus, double* vectors, int64_t rows) {
  constexpr int64_t TOGETHER = 8;  // vectors that stay in the first-level cache, while the reflections pass
  spread(rows, TOGETHER, [&](int64_t begin, int64_t end) {
    for (int64_t j = size - 3; j >= 0; j--) {
      const double* v = reflections + j * size + j + 1;
      for (int64_t i = begin; i < end; i++) {
        double* x = vectors + i * size + j + 1;
        add(-taus[j] * dot(v, x, size - j - 1), v, size - j - 1, x);
      }
    }
  });
}

// ---------------------------------------------------------------- tridiagonal matrices

/// Rotations of neighboring rows: (first + count - 1, first + count), then the pairs above, up to (first, first + 1).
struct Sweep {
  int64_t first, count;
};
struct Rotation {
  double c, s;
};

/// Writes the eigenvalues over the diagonal by implicit QL; the sweeps turn the identity's rows into the eigenvectors.
/// Source: EISPACK's tql2.
void rotate(int64_t size, double* values, double* off, std::vector<Sweep>& sweeps, std::vector<Rotation>& rotations) {
  off[size - 1] = 0;
  for (int64_t l = 0; l < size; l++) {
    for (int turn = 0; turn < 100; turn++) {
      int64_t m = l;
      while (m < size - 1 &&
             std::fabs(off[m]) > DBL_EPSILON / 2 * (std::fabs(values[m]) + std::fabs(values[m + 1])))
        m++;
      if (m == l) break;
      double g = (values[l + 1] - values[l]) / (2 * off[l]);
      g = values[m] - values[l] + off[l] / (g + std::copysign(std::hypot(g, 1), g));
      double s = 1, c = 1, p = 0;
      int64_t i = m - 1;
      for (; i >= l; i--) {
        const double f = s * off[i], b = c * off[i], r = std::hypot(f, g);
        off[i + 1] = r;
        if (r == 0) {
          values[i + 1] -= p;
          break;
        }
        s = f / r, c = g / r;
        g = values[i + 1] - p;
        const double t = (values[i] - g) * s + 2 * c * b;
        p = s * t;
        values[i + 1] = g + p;
        g = c * t - b;
        rotations.push_back({c, s});
      }
      sweeps.push_back({i + 1, m - 1 - i});
      off[m] = 0;
      if (i >= l) continue;
      values[l] -= p;
      off[l] = g;
    }
  }
}

/// Applies the sweeps to the identity `[size, size]`, and copies the rows that are asked for.
void applySweeps(const std::vector<Sweep>& sweeps, const std::vector<Rotation>& rotations, int64_t size,
                 const int64_t* wanted, int64_t count, double* out) {
  constexpr int64_t WIDE = 32;  // columns at a time: they stay in the second-level cache
  spread(size, WIDE, [&](int64_t begin, int64_t end) {
    static thread_local Scratch room;
    double* rows = room.of(size * WIDE);
    std::fill(rows, rows + size * WIDE, 0.0);
    for (int64_t k = begin; k < end; k++) rows[k * WIDE + k - begin] = 1;
    const Rotation* next = rotations.data();
    for (const Sweep& sweep : sweeps) {
      double* row = rows + (sweep.first + sweep.count) * WIDE;
      V lower[WIDE / L];
      for (int p = 0; p < WIDE / L; p++) lower[p] = load(row + p * L);
      for (const Rotation* last = next + sweep.count; next < last; next++, row -= WIDE)
        for (int p = 0; p < WIDE / L; p++) {
          const V upper = load(row - WIDE + p * L);
          store(row + p * L, next->c * lower[p] + next->s * upper);
          lower[p] = next->c * upper - next->s * lower[p];
        }
      for (int p = 0; p < WIDE / L; p++) store(row + p * L, lower[p]);
    }
    for (int64_t k = 0; k < count; k++) {
      const double* row = rows + wanted[k] * WIDE;
      std::copy(row, row + end - begin, out + k * size + begin);
    }
  });
}

/// Eigenvalues, largest first, and as many eigenvectors as are wanted, a vector a row; the upper triangle is read.
void decompose(const double* given, int64_t size, int64_t wanted, double* values, double* vectors) {
  std::vector<double> matrix(given, given + size * size), d(size), e(size), taus(size);
  double largest = 0;
  for (const double value : matrix) largest = std::max(largest, std::fabs(value));
  int exponent = 0;
  std::frexp(largest, &exponent);
  exponent = std::max(-1000, std::min(exponent, 1000));
  // A power of two changes no digit, and squares neither overflow nor vanish.
  scale(matrix.data(), size * size, std::ldexp(1, -exponent));
  for (int64_t i = 0; i < size; i++)
    for (int64_t j = 0; j < i; j++) matrix[i * size + j] = matrix[j * size + i];
  tridiagonalize(matrix.data(), size, d.data(), e.data(), taus.data());
  std::vector<Sweep> sweeps;
  std::vector<Rotation> rotations;
  rotate(size, d.data(), e.data(), sweeps, rotations);
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) { return d[i] > d[j]; });
  for (int64_t i = 0; i < size; i++) values[i] = std::ldexp(d[order[i]], exponent);
  applySweeps(sweeps, rotations, size, order.data(), wanted, vectors);
  reflectBack(matrix.data(), size, taus.data(), vectors, wanted);
}

// ---------------------------------------------------------------- distances

// Sums in an order of their own, and products rounded before they are added: the same to the bit on every processor, and
// in JavaScript. What is built on neighbors, such as a map, may hang on the last digit.
#pragma GCC push_options
#ifndef __clang__
#pragma GCC optimize("fp-contract=off")
#endif

constexpr int64_t CHUNK = 2048;  // columns at a time: they stay in the second-level cache
constexpr int SIDE = PARTS == 1 ? 4 : 2;
typedef float F __attribute__((vector_size(L * sizeof(float)), aligned(4), may_alias));

/// Loads a vector of either precision.
inline V widen(const double* p) { return *reinterpret_cast<const V*>(p); }
inline V widen(const float* p) { return __builtin_convertvector(*reinterpret_cast<const F*>(p), V); }

/// Squared distances of NI rows from NJ others, of up to CHUNK columns; or added to what is there.
template <int NI, int NJ, class A, class B>
void distanceTile(const A* a, const B* b, int64_t columns, int64_t count, bool adding, double* out, int64_t stride) {
#ifdef __clang__
#pragma clang fp contract(off)
#endif
  V sums[NI][NJ][PARTS] = {};
  int64_t k = 0;
  for (; k + LANES <= count; k += LANES)
    for (int p = 0; p < PARTS; p++) {
      V others[NJ];
      for (int m = 0; m < NJ; m++) others[m] = widen(b + m * columns + k + p * L);
      for (int n = 0; n < NI; n++) {
        const V own = widen(a + n * columns + k + p * L);
        for (int m = 0; m < NJ; m++) {
          const V difference = own - others[m];
          sums[n][m][p] += difference * difference;
        }
      }
    }
  for (int n = 0; n < NI; n++)
    for (int m = 0; m < NJ; m++) {
      double s[LANES];
      for (int i = 0; i < LANES; i++) s[i] = sums[n][m][i / L][i % L];
      double total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
      for (int64_t c = k; c < count; c++) {
        const double difference = static_cast<double>(a[n * columns + c]) - static_cast<double>(b[m * columns + c]);
        total += difference * difference;
      }
      out[n * stride + m] = adding ? out[n * stride + m] + total : total;
    }
}

#pragma GCC pop_options

/// out[i, j] = the squared distance of row i of a from row j of b
template <class A, class B>
void squaredDistances(const A* a, const B* b, int64_t rows, int64_t others, int64_t columns, double* out) {
  spread(rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t k = 0; k == 0 || k < columns; k += CHUNK)
      for (int64_t j = 0; j < others; j += SIDE)
        for (int64_t i = begin; i < end; i += SIDE)
          constant<SIDE>(static_cast<int>(std::min<int64_t>(SIDE, end - i)), [&](auto high) {
            constant<SIDE>(static_cast<int>(std::min<int64_t>(SIDE, others - j)), [&](auto wide) {
              distanceTile<decltype(high)::value, decltype(wide)::value>(
                  a + i * columns + k, b + j * columns + k, columns, std::min(CHUNK, columns - k), k > 0,
                  out + i * others + j, others);
            });
          });
  });
}

// ---------------------------------------------------------------- gathering

/// out(i) = source(rows(i)), `width` numbers each, of rows `stride` numbers apart on either side. Rows come in any order,
/// so the memory of those to come is asked for ahead.
void gather(const float* source, int64_t stride, const int32_t* rows, int64_t count, int64_t width, float* out,
            int64_t outStride) {
  constexpr int64_t AHEAD = 16, LINE = 16;  // numbers of a cache line
  spread(count, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      if (i + AHEAD < end)
        for (int64_t k = 0; k < width + LINE; k += LINE)
          __builtin_prefetch(source + rows[i + AHEAD] * stride + std::min(k, width - 1));
      const float* from = source + rows[i] * stride;
      for (int64_t k = 0; k < width; k++) out[i * outStride + k] = from[k];
    }
  });
}

// ---------------------------------------------------------------- Node

/// A factor `{values, row, inner, center}`: an array of either precision and the strides to read it with.
Factor factorOf(Call in) {
  napi_typedarray_type type = napi_float64_array;
  const void* data = in.memory("values", &type, nullptr);
  return {data, type == napi_float32_array, in.integer("row"), in.integer("inner"), in.array<double>("center")};
}

/// Runs a function that may ask for more memory than there is.
template <class Work>
napi_value guard(napi_env env, Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    napi_throw_range_error(env, nullptr, "linear algebra: expected enough memory for matrices of this size, got too little");
    return nullptr;
  }
}

/// A number for JavaScript.
napi_value integer(napi_env env, int64_t number) {
  napi_value value;
  napi_create_int64(env, number, &value);
  return value;
}

/// setThreads({count})
napi_value setThreads(napi_env env, napi_callback_info info) {
  useThreads(Call(env, info).integer("count"));
  return nullptr;
}

/// multiply({a, b, rows, columns, count, symmetric, out})
napi_value multiplyFactors(napi_env env, napi_callback_info info) {
  return guard(env, [&]() -> napi_value {
    Call in(env, info);
    const Factor a = factorOf(in.inside("a")), b = factorOf(in.inside("b"));
    const int64_t rows = in.integer("rows"), columns = in.integer("columns"), count = in.integer("count");
    const bool symmetric = in.integer("symmetric") != 0;
    double* out = in.array<double>("out");
    multiply(a, b, rows, columns, count, 1, false, out, columns, symmetric ? LOWER : WHOLE);
    if (symmetric) mirror(out, rows);
    return nullptr;
  });
}

/// factorCholesky({matrix, size}): in place, in the lower triangle; the row where it fails, or -1
napi_value factorCholesky(napi_env env, napi_callback_info info) {
  return guard(env, [&] {
    Call in(env, info);
    const int64_t size = in.integer("size");
    return integer(env, factorize(in.array<double>("matrix"), size, size));
  });
}

/// solveCholesky({factor, size, right, rows}): in place, a right-hand side a row
napi_value solveCholesky(napi_env env, napi_callback_info info) {
  return guard(env, [&]() -> napi_value {
    Call in(env, info);
    const double* factor = in.array<double>("factor");
    double* right = in.array<double>("right");
    const int64_t size = in.integer("size"), rows = in.integer("rows");
    solveForward(factor, size, size, right, size, rows);
    solveBackward(factor, size, size, right, size, rows);
    return nullptr;
  });
}

/// decomposeSymmetric({matrix, size, wanted, values, vectors})
napi_value decomposeSymmetric(napi_env env, napi_callback_info info) {
  return guard(env, [&]() -> napi_value {
    Call in(env, info);
    decompose(in.array<double>("matrix"), in.integer("size"), in.integer("wanted"), in.array<double>("values"),
              in.array<double>("vectors"));
    return nullptr;
  });
}

/// squaredDistances({a, b, rows, others, columns, out})
napi_value squaredDistancesOf(napi_env env, napi_callback_info info) {
  Call in(env, info);
  napi_typedarray_type types[2] = {};
  const void* a = in.memory("a", &types[0], nullptr);
  const void* b = in.memory("b", &types[1], nullptr);
  const int64_t rows = in.integer("rows"), others = in.integer("others"), columns = in.integer("columns");
  double* out = in.array<double>("out");
  const auto with = [&](auto* first) {
    if (types[1] == napi_float32_array) squaredDistances(first, static_cast<const float*>(b), rows, others, columns, out);
    else squaredDistances(first, static_cast<const double*>(b), rows, others, columns, out);
  };
  if (types[0] == napi_float32_array) with(static_cast<const float*>(a));
  else with(static_cast<const double*>(a));
  return nullptr;
}

/// gather({source, from, stride, rows, width, out, to, outStride}): `from` and `to` are the first numbers on either side
napi_value gatherOf(napi_env env, napi_callback_info info) {
  Call in(env, info);
  int64_t count = 0;
  const int32_t* rows = in.array<int32_t>("rows", &count);
  gather(in.array<float>("source") + in.integer("from"), in.integer("stride"), rows, count, in.integer("width"),
         in.array<float>("out") + in.integer("to"), in.integer("outStride"));
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  exportFunctions(env, exports, {
      {"setThreads", setThreads},
      {"multiply", multiplyFactors},
      {"factorCholesky", factorCholesky},
      {"solveCholesky", solveCholesky},
      {"decomposeSymmetric", decomposeSymmetric},
      {"squaredDistances", squaredDistancesOf},
      {"gather", gatherOf},
  });
  return exports;
}
