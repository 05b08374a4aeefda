// The native engine's kernels: the products of dense layers, each fused with what follows it, and small operations.
//
// Callers see row-major tensors `[rows, units]` and PyTorch's weights `[outputs, inputs]`, whose rows are `stride`
// numbers apart. Inside, activations and slopes have one column per sample, `[units, lanes]`: the rows of a batch,
// padded with zeros to whole vectors. The factor whose vectors are multiplied is cut into strips,
// `[strips, length, STRIP]`, so that it is read from one end to the other. Every product is one microkernel: broadcast
// numbers of one factor times vectors of the other, summed in registers. A gradient never reaches memory: a tile of it
// is summed in registers and applied to its weights there (AdamW). Work is cut by weight rows, and no sum depends on the
// number of threads or the length of a vector, so every processor with fused multiply-add gives the same bits.
#include <node_api.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "call.h"
#include "threads.h"
#include "tiles.h"

#ifdef _WIN32
#include <malloc.h>
#else
#include <sys/mman.h>
#endif

namespace {

// ---------------------------------------------------------------- vectors

#if defined(__AVX512F__)
constexpr int L = 16;
constexpr int TILE = 12;  // rows of a tile two vectors wide: 24 sums of 32 registers
constexpr int LOW = 8;    // of one beside which AdamW has registers, too
constexpr int WIDE = 5;   // vectors of the widest tile
#elif defined(__AVX__)
constexpr int L = 8;
constexpr int TILE = 6;  // 12 sums of 16 registers
constexpr int LOW = TILE;
constexpr int WIDE = 2;
#else
constexpr int L = 4;
constexpr int TILE = 6;
constexpr int LOW = TILE;
constexpr int WIDE = 2;
#endif
constexpr int STRIP = 2 * L;  // columns of a tile
typedef float V __attribute__((vector_size(L * sizeof(float)), aligned(4), may_alias));
typedef int32_t VI __attribute__((vector_size(L * sizeof(int32_t)), aligned(4), may_alias));

inline V load(const float* p) { return *reinterpret_cast<const V*>(p); }
inline void store(float* p, V v) { *reinterpret_cast<V*>(p) = v; }
inline V all(float x) { return x - V{}; }

/// The square root of each number.
inline V root(V v) {
  for (int i = 0; i < L; i++) v[i] = std::sqrt(v[i]);
  return v;
}

/// a b + c, rounded once. Of a sum of two products, the compiler may fuse either; this says which.
inline V fused(V a, V b, V c) {
#if defined(__FMA__) || defined(__aarch64__)
  for (int i = 0; i < L; i++) a[i] = std::fma(a[i], b[i], c[i]);
  return a;
#else
  return a * b + c;
#endif
}

/// e^-t for t >= 0, to 2 units in the last place: 2^n times a polynomial (Cephes expf, S. Moshier).
inline V expMinus(V t) {
  V x = -(t > 87.0f ? all(87.0f) : t);
  VI n = __builtin_convertvector(x * 1.44269504f - 0.5f, VI);
  V k = __builtin_convertvector(n, V);
  V r = x - k * 0.693359375f + k * 2.12194440e-4f;
  V p = all(1.9875691500e-4f);
  for (float c : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
    p = p * r + c;
  V scale = reinterpret_cast<V>((n + 127) << 23);
  return (p * r * r + r + 1.0f) * scale;
}

/// log(1 + e) for e in [0, 1], also where e is tiny: 2 artanh(e / (2 + e)).
inline V log1pUnit(V e) {
  V s = e / (e + 2.0f), q = s * s, p = all(1.0f / 19);
  for (int odd = 17; odd > 0; odd -= 2) p = p * q + 1.0f / odd;
  return 2.0f * s * p;
}

/// A sum in double precision, in an order that the length of a vector does not change: number i goes to part i % 8.
struct Sum {
  typedef float Half __attribute__((vector_size(L * 2), aligned(4), may_alias));  // L / 2 numbers
  typedef double Parts __attribute__((vector_size(L * 4)));                      // as many sums
  static constexpr int COUNT = 16 / L;
  Parts parts[COUNT] = {};
  void add(V v, int64_t from) {
    const Half* halves = reinterpret_cast<const Half*>(&v);
    for (int i = 0; i < 2; i++) parts[(2 * from / L + i) % COUNT] += __builtin_convertvector(halves[i], Parts);
  }
  double total() const {
    double p[8];
    std::memcpy(p, parts, sizeof p);
    return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
  }
};

// ---------------------------------------------------------------- the product

/// sums[i][j] += a[i, k] b[k, j] over k, for NI rows and NV vectors; everything else is made of this.
template <int NI, int NV>
inline __attribute__((always_inline)) void multiply(const float* a, int64_t aRow, int64_t aStep,
                                                    const float* b, int64_t bStep, int64_t count,
                                                    V (&sums)[NI][NV]) {
#pragma GCC unroll 4
  for (int64_t k = 0; k < count; k++, a += aStep, b += bStep) {
    V vectors[NV];
    for (int j = 0; j < NV; j++) vectors[j] = load(b + j * L);
    for (int i = 0; i < NI; i++) {
      const V number = all(a[i * aRow]);
      for (int j = 0; j < NV; j++)
        if constexpr (NI * NV == 1) sums[i][j] = fused(number, vectors[j], sums[i][j]);  // of a single sum, GCC may not
        else sums[i][j] += number * vectors[j];
    }
  }
}

using Scratch = Numbers<float>;

/// Rounded up to whole strips.
inline int64_t whole(int64_t count) { return (count + STRIP - 1) / STRIP * STRIP; }

// ---------------------------------------------------------------- small work

// What one thread finishes before another would wake up: numbers to read or write, and multiplications.
constexpr int64_t SMALL = 1 << 14;

/// Whether a product of `[rows, inputs]` and `[inputs, outputs]` is done on one thread.
inline bool isSmall(int64_t rows, int64_t outputs, int64_t inputs) { return rows * outputs * inputs < 32 * SMALL; }

/// Calls work(begin, end) on ranges of [0, count) whose borders are multiples of grain; all are about as long, and there
/// are more than threads, for one that is slower. What is small is done on this thread.
template <class Work>
void share(int64_t count, int64_t grain, Work work, bool small = false) {
  if (small) return work(0, count);
  const int64_t grains = (count + grain - 1) / grain, ranges = std::min<int64_t>(grains, 4 * pool.size());
  spread(ranges, [&](int64_t i) {
    work(grains * i / ranges * grain, std::min(count, grains * (i + 1) / ranges * grain));
  });
}

// ---------------------------------------------------------------- forward

constexpr int64_t PANEL = 256;  // inputs at a time: their activations stay in the second-level cache,
constexpr int64_t GROUP = 256;  // and so do the sums of as many weight rows

/// Vectors that hold as many numbers.
inline int64_t vectorsOf(int64_t count) { return (count + L - 1) / L; }

/// Calls f(lane, vectors) for each run of lanes that is multiplied at a time, up to WIDE vectors; all are about as wide.
template <class F>
inline void eachRun(int64_t samples, F f) {
  const int64_t vectors = vectorsOf(samples), runs = (vectors + WIDE - 1) / WIDE;
  for (int64_t j = 0; j < runs; j++) {
    const int64_t begin = vectors * j / runs, end = vectors * (j + 1) / runs;
    f(begin * L, static_cast<int>(end - begin));
  }
}

/// Adds a tile of NV vectors: to[n, :] += weight[n, :] below, for NI rows.
template <int NI, int NV>
inline __attribute__((always_inline)) void forwardTile(const float* weight, int64_t stride, const float* below,
                                                       int64_t count, float* to, int64_t lanes) {
  V sums[NI][NV];
  for (int n = 0; n < NI; n++)
    for (int j = 0; j < NV; j++) sums[n][j] = load(to + n * lanes + j * L);
  multiply<NI, NV>(weight, stride, 1, below, NV * L, count, sums);
  for (int n = 0; n < NI; n++)
    for (int j = 0; j < NV; j++) store(to + n * lanes + j * L, sums[n][j]);
}

/// out[i, :] = weight[i, :] below for weight rows [first, last); below run by run, `[inputs, vectors * L]`, out
/// `[outputs, lanes]`, of which `samples` lanes are used.
void forwardRows(const float* weight, int64_t stride, int64_t inputs, const float* below, int64_t samples,
                 int64_t lanes, float* out, int64_t first, int64_t last) {
  for (int64_t group = first; group < last; group += GROUP) {
    const int64_t end = std::min(last, group + GROUP);
    std::memset(out + group * lanes, 0, (end - group) * lanes * sizeof(float));
    for (int64_t k = 0; k < inputs; k += PANEL) {
      const int64_t count = std::min(PANEL, inputs - k);
      eachRun(samples, [&](int64_t lane, int vectors) {
        constant<WIDE>(vectors, [&](auto wide) {
          constexpr int nv = decltype(wide)::value, most = std::min(TILE, 2 * TILE / nv);
          const float* run = below + lane * inputs + k * nv * L;
          for (int64_t i = group; i < end; i += most) {
            const float* rows = weight + i * stride + k;
            const int high = static_cast<int>(std::min<int64_t>(most, end - i));
            if (lane == 0)  // the next panel of these rows, which the processor does not foresee: to the second level
              for (int n = 0; n < high; n++)
                for (int64_t ahead = count; ahead < 2 * count; ahead += 16)
                  __builtin_prefetch(rows + n * stride + ahead, 0, 2);
            constant<most>(high, [&](auto tall) {
              forwardTile<decltype(tall)::value, nv>(rows, stride, run, count, out + i * lanes + lane, lanes);
            });
          }
        });
      });
    }
  }
}

/// out[r, i] = weight[i, :] x[r, :] + bias[i] for outputs [first, last); x in runs, out `[rows, outputs]`.
void forwardTransposed(const float* weight, int64_t stride, int64_t inputs, const float* bias, const float* runs,
                       int64_t rows, int64_t lanes, float* out, int64_t outputs, int64_t first, int64_t last,
                       Scratch& scratch) {
  float* sums = scratch.of(GROUP * lanes);
  for (int64_t group = first; group < last; group += GROUP) {
    const int64_t count = std::min(last - group, GROUP);
    forwardRows(weight + group * stride, stride, inputs, runs, rows, lanes, sums, 0, count);
    for (int64_t left = 0; left < count; left += 16)
      for (int64_t r = 0; r < rows; r++)
        for (int64_t i = left; i < std::min(left + 16, count); i++)
          out[r * outputs + group + i] = sums[i * lanes + r] + bias[group + i];
  }
}

enum Activation { LINEAR, RELU, SOFTPLUS };

/// NaN stays NaN.
inline V relu(V x) { return x <= 0.0f ? V{} : x; }

/// Softplus and, in `slope`, its derivative.
inline V softplus(V x, V& slope) {
  const V e = expMinus(x < 0.0f ? -x : x);
  slope = (x > 0.0f ? all(1.0f) : e) / (e + 1.0f);
  return relu(x) + log1pUnit(e);
}

// ---------------------------------------------------------------- backward

constexpr int64_t AHEAD = 4;  // strips that are copied at a time, a few cache lines of each row

/// below[r, :] += slope[i, r] weight[i, :] over weight rows [first, last) for the used lanes r < `samples`; below in
/// strips, `[strips, lanes, STRIP]`.
void backwardRows(const float* weight, int64_t stride, int64_t inputs, const float* slope, int64_t samples,
                  int64_t lanes, float* below, int64_t first, int64_t last, Scratch& scratch) {
  const int64_t count = last - first;
  float* copies = scratch.of(AHEAD * count * STRIP);
  for (int64_t column = 0; column < inputs; column += AHEAD * STRIP) {
    const int64_t strips = std::min(AHEAD, (inputs - column + STRIP - 1) / STRIP);
    for (int64_t i = 0; i < count; i++)
      for (int64_t s = 0; s < strips; s++) {
        const float* from = weight + (first + i) * stride + column + s * STRIP;
        float* to = copies + (s * count + i) * STRIP;
        const int64_t width = inputs - column - s * STRIP;
        if (width >= STRIP) {
          for (int j = 0; j < 2; j++) store(to + j * L, load(from + j * L));
        } else {
          std::fill(std::copy(from, from + width, to), to + STRIP, 0.0f);
        }
      }
    for (int64_t s = 0; s < strips; s++) {
      float* strip = below + (column / STRIP + s) * lanes * STRIP;
      for (int64_t r = 0; r < samples; r += TILE) {
        constant<TILE>(static_cast<int>(std::min<int64_t>(TILE, samples - r)), [&](auto tall) {
          constexpr int ni = decltype(tall)::value;
          V sums[ni][2];
          float* to = strip + r * STRIP;
          for (int n = 0; n < ni; n++)
            for (int j = 0; j < 2; j++) sums[n][j] = load(to + n * STRIP + j * L);
          multiply<ni, 2>(slope + first * lanes + r, 1, lanes, copies + s * count * STRIP, STRIP, count,
                          sums);
          for (int n = 0; n < ni; n++)
            for (int j = 0; j < 2; j++) store(to + n * STRIP + j * L, sums[n][j]);
        });
      }
    }
  }
}

// ---------------------------------------------------------------- update

/// AdamW on a vector by its gradient, to which a weight that is penalized adds `l2 weight`. The decay is decoupled, the
/// corrections of the moments are in rate and root.
struct Adam {
  float keep, rate, root, beta1, gain1, beta2, gain2, epsilon, l2;
  inline void apply(V gradient, V& weight, V& first, V& second) const {
    first = fused(first, all(beta1), gradient * gain1);
    second = fused(second, all(beta2), gradient * gradient * gain2);
    weight = weight * keep - first * rate / (::root(second) * root + epsilon);
  }
  inline V penalized(V gradient, V weight) const { return l2 == 0 ? gradient : fused(weight, all(l2), gradient); }
  static Adam from(const double* numbers) {
    Adam adam;
    float* fields[] = {&adam.keep,  &adam.rate,  &adam.root,    &adam.beta1, &adam.gain1,
                       &adam.beta2, &adam.gain2, &adam.epsilon, &adam.l2};
    for (int i = 0; i < 9; i++) *fields[i] = static_cast<float>(numbers[i]);
    return adam;
  }
};

/// A parameter with Adam's moments. Without moments, `value` takes the gradient itself.
struct Trained {
  float *value, *first, *second;
};

/// Packs columns [0, columns) of `[rows, stride]` into strips `[strips, rows, STRIP]`, padded with zeros.
void packStrips(const float* from, int64_t stride, int64_t columns, int64_t rows, float* to) {
  share((columns + STRIP - 1) / STRIP, 1, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; s++) {
      const int64_t width = std::min<int64_t>(STRIP, columns - s * STRIP);
      for (int64_t r = 0; r < rows; r++) {
        float* row = to + (s * rows + r) * STRIP;
        std::memcpy(row, from + r * stride + s * STRIP, width * sizeof(float));
        std::fill(row + width, row + STRIP, 0.0f);
      }
    }
  }, rows * columns < SMALL);
}

constexpr int64_t BAND = 48;     // weight rows and
constexpr int64_t STRIPS = 64;   // strips at a time: what is packed of them stays in the second-level cache
constexpr bool AT_ONCE = LOW < TILE;         // whether AdamW works on one tile during the sums of the next,
constexpr int64_t SHORT = AT_ONCE ? 8 : 12;  // each row after the products of as many samples

/// AdamW by the gradient `scale sums` on a strip of a weight row from `at` on.
inline __attribute__((always_inline)) void settleStrip(const Trained& weight, int64_t at, const V (&sums)[2],
                                                       float scale, const Adam& adam) {
  float *value = weight.value + at, *first = weight.first + at, *second = weight.second + at;
#pragma GCC unroll 2
  for (int j = 0; j < 2; j++, value += L, first += L, second += L) {
    V w = load(value), m = load(first), v = load(second);
    adam.apply(adam.penalized(sums[j] * scale, w), w, m, v);
    store(value, w), store(first, m), store(second, v);
  }
}

/// The same at the end of a row, where less than a strip is left, and for a gradient that is handed out.
__attribute__((noinline)) void settlePart(const Trained& weight, int64_t at, int64_t width, const V (&sums)[2],
                                          float scale, const Adam& adam) {
  float part[3][STRIP] = {};
  float* arrays[] = {weight.value, weight.first, weight.second};
  const int count = weight.first ? 3 : 1;
  for (int k = 0; k < count; k++) std::memcpy(part[k], arrays[k] + at, width * sizeof(float));
  for (int j = 0; j < 2; j++) {
    V w = load(part[0] + j * L), m = load(part[1] + j * L), v = load(part[2] + j * L);
    if (weight.first) adam.apply(adam.penalized(sums[j] * scale, w), w, m, v);
    else w = sums[j] * scale;
    store(part[0] + j * L, w), store(part[1] + j * L, m), store(part[2] + j * L, v);
  }
  for (int k = 0; k < count; k++) std::memcpy(arrays[k] + at, part[k], width * sizeof(float));
}

/// A tile of the gradient that has been summed and not yet applied: whole strips of a weight with moments.
struct Summed {
  V sums[LOW][2];
  int64_t at;  // its first number in the weight
  int height = 0;
};

/// Sums a tile of the gradient, `slope^T below` over `rows` samples. Between a few products and the next it applies a row
/// of the tile before: the processor works on both at once, and what a tile changes is fetched during its sums.
template <int NI>
inline void updateTile(const Trained& weight, int64_t stride, const float* slope, const float* below, int64_t rows,
                       float scale, const Adam& adam, int64_t at, int64_t width, Summed& tile) {
  V sums[NI][2] = {};
  int n = 0;
  int64_t r = 0;
  for (; r + SHORT <= rows; r += SHORT, n++) {
    if (n < NI)
      for (const float* array : {weight.value, weight.first, weight.second})
        for (int j = 1; j <= 2; j++) __builtin_prefetch(array + at + n * stride + j * L - 1, 1);
    multiply<NI, 2>(slope + r * LOW, 1, LOW, below + r * STRIP, STRIP, SHORT, sums);
    if (AT_ONCE && n < tile.height) settleStrip(weight, tile.at + n * stride, tile.sums[n], scale, adam);
  }
  if (r < rows) multiply<NI, 2>(slope + r * LOW, 1, LOW, below + r * STRIP, STRIP, rows - r, sums);
  for (int i = AT_ONCE ? n : 0; i < tile.height; i++)
    settleStrip(weight, tile.at + i * stride, tile.sums[i], scale, adam);
  for (int i = 0; i < NI; i++)
    for (int j = 0; j < 2; j++) tile.sums[i][j] = sums[i][j];
  tile.at = at, tile.height = NI;
  if (width == STRIP && weight.first) return;
  for (int i = 0; i < NI; i++) settlePart(weight, at + i * stride, width, tile.sums[i], scale, adam);
  tile.height = 0;
}

/// Applies the gradient `scale slope^T below` to weight rows [first, last); number (r, i) of the slope, `[rows, outputs]`,
/// is slope[r * sample + i * unit], and below lies in strips `[strips, rows, STRIP]`.
void updateRows(const Trained& weight, int64_t stride, int64_t inputs, const float* slope, int64_t sample,
                int64_t unit, const float* below, int64_t rows, float scale, const Adam& adam, int64_t first,
                int64_t last, Scratch& scratch) {
  const int64_t strips = (inputs + STRIP - 1) / STRIP;
  float* slopes = scratch.of(BAND * rows);  // [BAND / LOW, rows, LOW]
  Summed tile;
  for (int64_t left = 0; left < strips; left += STRIPS)
    for (int64_t band = first; band < last; band += BAND) {
      const int64_t end = std::min(last, band + BAND), right = std::min(strips, left + STRIPS);
      for (int64_t i = band; i < end; i += LOW)
        for (int64_t r = 0; r < rows; r++)
          for (int64_t n = 0; n < std::min<int64_t>(LOW, end - i); n++)
            slopes[(i - band) * rows + r * LOW + n] = slope[r * sample + (i + n) * unit];
      for (int64_t s = left; s < right; s++)
        for (int64_t i = band; i < end; i += LOW)
          constant<LOW>(static_cast<int>(std::min<int64_t>(LOW, end - i)), [&](auto tall) {
            updateTile<decltype(tall)::value>(weight, stride, slopes + (i - band) * rows, below + s * rows * STRIP,
                                              rows, scale, adam, i * stride + s * STRIP,
                                              std::min<int64_t>(STRIP, inputs - s * STRIP), tile);
          });
    }
  for (int n = 0; n < tile.height; n++) settleStrip(weight, tile.at + n * stride, tile.sums[n], scale, adam);
}

/// The same for the bias: its gradient is the sum of the slope over the samples. It is not penalized.
void updateBias(const Trained& bias, const float* slope, int64_t samples, int64_t lanes, float scale,
                const Adam& adam, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; i++) {
    Sum over;
    for (int64_t j = 0; j < samples; j += L) over.add(load(slope + i * lanes + j), j);
    const float sum = static_cast<float>(over.total());
    if (!bias.first) {
      bias.value[i] = sum * scale;
      continue;
    }
    V w = all(bias.value[i]), m = all(bias.first[i]), v = all(bias.second[i]);
    adam.apply(all(sum * scale), w, m, v);
    bias.value[i] = w[0], bias.first[i] = m[0], bias.second[i] = v[0];
  }
}

// ---------------------------------------------------------------- many rows of few units

// Where the weights of a layer stay near the core, transposing its rows would take longer than multiplying them: they
// are read and written as they lie.

constexpr int64_t FEW = 64;

inline bool isTall(int64_t rows, int64_t outputs, int64_t inputs) {
  return outputs <= FEW && inputs <= FEW && rows >= 4 * FEW;
}

/// out[r, :] = x[r, :] factor + bias for rows [first, last); the factor in strips `[columns / STRIP, inner, STRIP]`, the
/// bias padded to whole strips.
void multiplyTall(const float* x, int64_t inner, const float* strips, const float* bias, int64_t columns,
                  float* out, int64_t first, int64_t last) {
  for (int64_t r = first; r < last; r += TILE)
    constant<TILE>(static_cast<int>(std::min<int64_t>(TILE, last - r)), [&](auto tall) {
      constexpr int ni = decltype(tall)::value;
      for (int64_t left = 0; left < columns; left += STRIP) {
        V sums[ni][2];
        for (int n = 0; n < ni; n++)
          for (int j = 0; j < 2; j++) sums[n][j] = load(bias + left + j * L);
        multiply<ni, 2>(x + r * inner, inner, 1, strips + left * inner, STRIP, inner, sums);
        const int64_t width = std::min<int64_t>(STRIP, columns - left);
        for (int n = 0; n < ni; n++) {
          float part[STRIP];
          float* to = out + (r + n) * columns + left;
          float* strip = width == STRIP ? to : part;
          for (int j = 0; j < 2; j++) store(strip + j * L, sums[n][j]);
          if (strip == part) std::memcpy(to, part, width * sizeof(float));
        }
      }
    });
}

/// Applies the gradient slope^T x to weight rows [first, last); x and slope row-major.
void updateTall(const Trained& weight, int64_t stride, int64_t inputs, const float* slope, int64_t outputs,
                const float* x, int64_t rows, const Adam& adam, int64_t first, int64_t last) {
  for (int64_t s = 0; s * STRIP < inputs; s++) {
    const float* from = x + s * STRIP;
    // A vector may reach into the next row, but not beyond the last one: rows from where it would are copied.
    const int64_t safe = (rows * inputs - (s + 1) * STRIP) / inputs + 1;
    const int64_t width = std::min<int64_t>(STRIP, inputs - s * STRIP);
    std::vector<float> copies((rows - safe) * STRIP, 0.0f);
    for (int64_t r = safe; r < rows; r++)
      std::memcpy(copies.data() + (r - safe) * STRIP, from + r * inputs, width * sizeof(float));
    for (int64_t i = first; i < last; i += TILE)
      constant<TILE>(static_cast<int>(std::min<int64_t>(TILE, last - i)), [&](auto tall) {
        constexpr int ni = decltype(tall)::value;
        V sums[ni][2] = {};
        multiply<ni, 2>(slope + i, 1, outputs, from, inputs, safe, sums);
        multiply<ni, 2>(slope + safe * outputs + i, 1, outputs, copies.data(), STRIP, rows - safe, sums);
        for (int n = 0; n < ni; n++) {
          if (width == STRIP && weight.first) settleStrip(weight, (i + n) * stride + s * STRIP, sums[n], 1, adam);
          else settlePart(weight, (i + n) * stride + s * STRIP, width, sums[n], 1, adam);
        }
      });
  }
}

/// Packs a weight for `x weight^T`: strips `[outputs / STRIP, inputs, STRIP]`, padded with zeros.
void packOutputs(const float* weight, int64_t stride, int64_t outputs, int64_t inputs, float* to) {
  std::fill(to, to + whole(outputs) * inputs, 0.0f);
  for (int64_t o = 0; o < outputs; o++)
    for (int64_t k = 0; k < inputs; k++)
      to[(o / STRIP * inputs + k) * STRIP + o % STRIP] = weight[o * stride + k];
}

/// Packs a weight for `slope weight`: strips `[inputs / STRIP, outputs, STRIP]`, padded with zeros.
void packInputs(const float* weight, int64_t stride, int64_t outputs, int64_t inputs, float* to) {
  std::fill(to, to + whole(inputs) * outputs, 0.0f);
  for (int64_t o = 0; o < outputs; o++)
    for (int64_t k = 0; k < inputs; k++)
      to[(k / STRIP * outputs + o) * STRIP + k % STRIP] = weight[o * stride + k];
}

// ---------------------------------------------------------------- transposition

/// to[column, row] = from[row, column] for columns [first, last) of `[rows, stride]`; lanes past the rows become 0.
template <class T>
void transpose(const T* from, int64_t stride, int64_t rows, int64_t first, int64_t last, float* to,
               int64_t lanes) {
  constexpr int64_t SIDE = 16;
  for (int64_t left = first; left < last; left += SIDE) {
    const int64_t wide = std::min(SIDE, last - left);
    float* columns = to + (left - first) * lanes;
    for (int64_t row = 0; row < rows; row++) {
      const T* numbers = from + row * stride + left;
      __builtin_prefetch(numbers + 2 * SIDE);  // the rows are too many for the processor to foresee
      for (int64_t i = 0; i < wide; i++) columns[i * lanes + row] = static_cast<float>(numbers[i]);
    }
    for (int64_t i = 0; i < wide; i++) std::fill(columns + i * lanes + rows, columns + (i + 1) * lanes, 0.0f);
  }
}

// ---------------------------------------------------------------- the head

constexpr int64_t BLOCK = 48;  // outputs at a time: their weights stay near the core from first to last use

/// Parts of the outputs, each with sums of its own. They are added in order, so that threads do not change a number.
inline int64_t partsOf(int64_t outputs) { return std::clamp<int64_t>(outputs / BLOCK / 4, 1, 48); }

enum Loss { HUBER, SQUARED };

struct Head {
  const float* runs;       // of the input: for each, [inputs, vectors * L]
  const float* packed;     // the same the other way: [inputs / STRIP, rows, STRIP]
  Trained weight, bias;    // the moments null: no update
  int64_t outputs, inputs, stride, rows, lanes;
  const float* values;     // [rows, outputs]
  const uint8_t* observed; // [rows, outputs]
  Activation activation;
  Loss loss;
  float scale;
  Adam adam;
  float* below;            // [parts, strips, lanes, STRIP], the unscaled slope of the input; null: forward only
  float* gradient;         // the weight's, [outputs, stride], and
  float* biasGradient;     // the bias's, instead of an update; null otherwise
  double* sums;            // [parts, 2]: Huber loss and squared error over the observed entries
};

/// Loss and its slope in one go: linear becomes the slope of the summed loss.
void lossSlope(const Head& o, float* linear, const float* values, const float* marks, int64_t count,
               Sum& huber, Sum& squared) {
  for (int64_t f = 0; f < count; f++) {
    for (int64_t lane = 0; lane < o.rows; lane += L) {
      const int64_t j = f * o.lanes + lane;
      const V x = load(linear + j);
      V y = x, derivative = all(1.0f);
      if (o.activation == SOFTPLUS) {
        y = softplus(x, derivative);
      } else if (o.activation == RELU) {
        y = relu(x);
        derivative = x > 0.0f ? all(1.0f) : V{};
      }
      const V d = (y - load(values + j)) * load(marks + j);
      V clipped = d > 1.0f ? all(1.0f) : d;
      clipped = clipped < -1.0f ? all(-1.0f) : clipped;
      huber.add(clipped * (d - 0.5f * clipped), lane);
      squared.add(d * d, lane);
      store(linear + j, (o.loss == HUBER ? clipped : 2.0f * d) * derivative);
    }
  }
}

/// Forward, loss, and, where asked for, backward and update, block by block of outputs.
void runHead(const Head& o) {
  const int64_t blocks = (o.outputs + BLOCK - 1) / BLOCK, parts = partsOf(o.outputs);
  const int64_t size = whole(o.inputs) * o.lanes;
  const auto runPart = [&](int64_t number) {
    Scratch scratch[4];
    float* linear = scratch[0].of(BLOCK * o.lanes);
    float* values = scratch[1].of(BLOCK * o.lanes);
    float* marks = scratch[2].of(BLOCK * o.lanes);
    float* below = o.below ? o.below + number * size : nullptr;
    if (below) std::memset(below, 0, size * sizeof(float));
    Sum huber, squared;
    const int64_t end = std::min(o.outputs, blocks * (number + 1) / parts * BLOCK);
    for (int64_t at = blocks * number / parts * BLOCK; at < end; at += BLOCK) {
      const int64_t count = std::min(BLOCK, end - at);
      const float* weight = o.weight.value + at * o.stride;
      for (int64_t r = 0; r < o.rows; r++)  // the next block's targets, which lie rows apart
        for (int64_t i = r * o.outputs + at + BLOCK + L - 1; i < r * o.outputs + at + 2 * BLOCK; i += L) {
          __builtin_prefetch(o.values + i);
          __builtin_prefetch(o.observed + i);
        }
      forwardRows(weight, o.stride, o.inputs, o.runs, o.rows, o.lanes, linear, 0, count);
      for (int64_t i = 0; i < count; i++)
        for (int64_t j = i * o.lanes; j < (i + 1) * o.lanes; j++) linear[j] += o.bias.value[at + i];
      transpose(o.values, o.outputs, o.rows, at, at + count, values, o.lanes);
      transpose(o.observed, o.outputs, o.rows, at, at + count, marks, o.lanes);
      lossSlope(o, linear, values, marks, count, huber, squared);
      if (!below) continue;
      backwardRows(weight, o.stride, o.inputs, linear, o.rows, o.lanes, below, 0, count, scratch[3]);
      const auto part = [&](const Trained& t, float* gradient, int64_t width) -> Trained {
        if (gradient) return {gradient + at * width, nullptr, nullptr};
        return {t.value + at * width, t.first + at * width, t.second + at * width};
      };
      updateRows(part(o.weight, o.gradient, o.stride), o.stride, o.inputs, linear, 1, o.lanes, o.packed, o.rows,
                 o.scale, o.adam, 0, count, scratch[3]);
      updateBias(part(o.bias, o.biasGradient, 1), linear, o.rows, o.lanes, o.scale, o.adam, 0, count);
    }
    o.sums[2 * number] = huber.total();
    o.sums[2 * number + 1] = squared.total();
  };
  if (isSmall(o.rows, o.outputs, o.inputs)) {
    for (int64_t number = 0; number < parts; number++) runPart(number);
  } else {
    spread(parts, runPart);
  }
}

// ---------------------------------------------------------------- element by element

/// out[i] = f(a[i], b[i]), vector by vector.
template <class F>
void zip(const float* a, const float* b, float* out, int64_t count, F f) {
  share(count, 1024, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + L <= end; i += L) store(out + i, f(load(a + i), load(b + i)));
    if (i == end) return;
    float part[2][L] = {};
    std::copy(a + i, a + end, part[0]);
    std::copy(b + i, b + end, part[1]);
    store(part[0], f(load(part[0]), load(part[1])));
    std::copy(part[0], part[0] + (end - i), out + i);
  }, count < SMALL);
}

enum Operation { ADD, SUBTRACT, MULTIPLY, SCALE, EXP, RSQRT, LEAKY, SOFT, SIGMOID, CLIP, GATE };

/// Applies one operation; x and y are its numbers.
void apply(Operation operation, const float* a, const float* b, float x, float y, float* out, int64_t count) {
  switch (operation) {
    case ADD: return zip(a, b, out, count, [](V p, V q) { return p + q; });
    case SUBTRACT: return zip(a, b, out, count, [](V p, V q) { return p - q; });
    case MULTIPLY: return zip(a, b, out, count, [](V p, V q) { return p * q; });
    case SCALE: return zip(a, a, out, count, [=](V p, V) { return p * x + y; });
    case EXP:
      return zip(a, a, out, count, [](V p, V) {
        for (int i = 0; i < L; i++) p[i] = std::exp(p[i]);
        return p;
      });
    case RSQRT: return zip(a, a, out, count, [=](V p, V) { return 1.0f / root(p + x); });
    case LEAKY: return zip(a, a, out, count, [=](V p, V) { return p <= 0.0f ? p * x : p; });
    case SOFT: return zip(a, a, out, count, [](V p, V) { V slope; return softplus(p, slope); });
    case SIGMOID: return zip(a, a, out, count, [](V p, V) { V slope; softplus(p, slope); return slope; });
    case CLIP:
      return zip(a, a, out, count, [=](V p, V) {
        p = p < x ? all(x) : p;
        return p > y ? all(y) : p;
      });
    case GATE: return zip(a, b, out, count, [=](V p, V q) { return q > 0.0f ? p : p * x; });
  }
}

// ---------------------------------------------------------------- Node

/// Arguments among which parameters come with their moments.
struct Arguments : Call {
  using Call::Call;
  /// A parameter `{value, first, second}`, from a number of its own on.
  Trained trained(const char* name, int64_t from) {
    Call in = inside(name);
    Trained out = {in.array<float>("value"), in.array<float>("first"), in.array<float>("second")};
    for (float** part : {&out.value, &out.first, &out.second})
      if (*part) *part += from;
    return out;
  }
};

/// A tensor `[rows, units]` for a product forward: for each run of its rows, `[units, vectors * L]`.
float* runsOf(Scratch& scratch, const float* x, int64_t rows, int64_t units) {
  float* to = scratch.of(vectorsOf(rows) * L * units);
  share(units, 16, [&](int64_t begin, int64_t end) {
    eachRun(rows, [&](int64_t row, int vectors) {
      const int64_t wide = vectors * L;
      transpose(x + row * units, units, std::min(wide, rows - row), begin, end, to + row * units + begin * wide, wide);
    });
  }, rows * units < SMALL);
  return to;
}

/// The same for a gradient, `[units / STRIP, rows, STRIP]`.
float* packedOf(Scratch& scratch, const float* x, int64_t rows, int64_t units) {
  float* to = scratch.of(whole(units) * rows);
  packStrips(x, units, units, rows, to);
  return to;
}

/// A tensor `[rows, units]` with one column per sample, `[units, lanes]`.
float* lanesOf(Scratch& scratch, const float* x, int64_t rows, int64_t units) {
  const int64_t lanes = vectorsOf(rows) * L;
  float* to = scratch.of(units * lanes);
  share(units, 16, [&](int64_t begin, int64_t end) {
    transpose(x, units, rows, begin, end, to + begin * lanes, lanes);
  }, units * lanes < SMALL);
  return to;
}

/// From strips `[strips, lanes, STRIP]` of units [left, left + count) to rows of `[rows, units]`.
void unstrip(const float* strips, int64_t rows, int64_t lanes, int64_t count, float* to, int64_t units) {
  for (int64_t s = 0; s < count; s += STRIP)
    for (int64_t r = 0; r < rows; r++)
      std::memcpy(to + r * units + s, strips + s * lanes + r * STRIP,
                  std::min<int64_t>(STRIP, count - s) * sizeof(float));
}

thread_local Scratch work[3];  // layouts of one call, kept for the next

/// setThreads({count})
napi_value setThreads(napi_env env, napi_callback_info info) {
  useThreads(Arguments(env, info).integer("count"));
  return nullptr;
}

/// allocate({length}): a Float32Array of zeros on a cache line's border, outside of JavaScript's heap. What is not
/// touched of it takes no memory. Arrays begin at different places in a page: a weight and its two moments, with rows
/// of a power of two, would otherwise drive each other out of the same sets of the cache.
napi_value allocate(napi_env env, napi_callback_info info) {
  constexpr size_t PAGE = 4096, APART = 13 * 64;  // an odd number of cache lines
  static std::atomic<size_t> turn{0};
  const size_t length = static_cast<size_t>(Arguments(env, info).integer("length"));
  const size_t offset = turn++ % 4 * APART;
  const size_t bytes = std::max<size_t>(length, 1) * sizeof(float) + offset;
  napi_value buffer = nullptr, array = nullptr;
#ifdef _WIN32
  char* base = static_cast<char*>(_aligned_malloc(bytes, PAGE));
  if (base) std::memset(base, 0, bytes);
  const auto release = [](napi_env, void* data, void*) {
    _aligned_free(reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(data) / PAGE * PAGE));
  };
#else
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* base = mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
  const auto release = [](napi_env, void* data, void* size) {
    munmap(reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(data) / PAGE * PAGE),
           reinterpret_cast<size_t>(size));
  };
#endif
  if (!base) {
    napi_throw_range_error(env, nullptr, "allocate: expected enough memory for the model, got too little");
    return nullptr;
  }
#ifdef __linux__
  madvise(base, bytes, MADV_HUGEPAGE);
#endif
  void* data = base + offset;
  void* size = reinterpret_cast<void*>(bytes);
  if (napi_create_external_arraybuffer(env, data, length * sizeof(float), release, size, &buffer) != napi_ok) {
    release(env, data, size);
    napi_throw_error(env, nullptr, "allocate: expected a runtime that takes an addon's memory, got another");
    return nullptr;
  }
  napi_create_typedarray(env, napi_float32_array, length, buffer, 0, &array);
  return array;
}

/// inspect({values, marks, out}): whether all values are finite, and how many marks are 1
napi_value inspect(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  int64_t length = 0, count = 0;
  const float* values = in.array<float>("values", &length);
  const uint8_t* marks = in.array<uint8_t>("marks", &count);
  double* out = in.array<double>("out");
  std::atomic<bool> finite{true};
  std::atomic<int64_t> sum{0};
  share(length, L, [&](int64_t begin, int64_t end) {
    V differences = {};  // of each value with itself: NaN for NaN and for infinities
    int64_t i = begin;
    for (; i + L <= end; i += L) differences += load(values + i) - load(values + i);
    for (; i < end; i++) differences[0] += values[i] - values[i];
    for (int j = 0; j < L; j++)
      if (differences[j] != 0) finite = false;
  }, length < SMALL);
  share(count, L, [&](int64_t begin, int64_t end) {
    int64_t part = 0;
    for (int64_t i = begin; i < end; i++) part += marks[i];
    sum += part;
  }, count < SMALL);
  out[0] = finite ? 1 : 0;
  out[1] = static_cast<double>(sum);
  return nullptr;
}

/// forward({weight, start, stride, outputs, inputs, bias, x, rows, out}): out = x weight^T + bias, `[rows, outputs]`
napi_value forward(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const float* weight = in.array<float>("weight") + in.integer("start");
  const int64_t stride = in.integer("stride"), outputs = in.integer("outputs"), inputs = in.integer("inputs");
  const float* bias = in.array<float>("bias");
  const int64_t rows = in.integer("rows");
  float* out = in.array<float>("out");
  if (isTall(rows, outputs, inputs)) {
    const float* x = in.array<float>("x");
    float factor[FEW * FEW], shift[FEW] = {};
    packOutputs(weight, stride, outputs, inputs, factor);
    std::copy(bias, bias + outputs, shift);
    share(rows, TILE, [&](int64_t begin, int64_t end) {
      multiplyTall(x, inputs, factor, shift, outputs, out, begin, end);
    }, isSmall(rows, outputs, inputs));
    return nullptr;
  }
  const float* runs = runsOf(work[0], in.array<float>("x"), rows, inputs);
  share(outputs, 4, [&](int64_t begin, int64_t end) {
    Scratch scratch;
    forwardTransposed(weight, stride, inputs, bias, runs, rows, vectorsOf(rows) * L, out, outputs, begin, end, scratch);
  }, isSmall(rows, outputs, inputs));
  return nullptr;
}

/// backward({weight, start, stride, outputs, inputs, slope, rows, out}): out = slope weight, `[rows, inputs]`
napi_value backward(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const float* weight = in.array<float>("weight") + in.integer("start");
  const int64_t stride = in.integer("stride"), outputs = in.integer("outputs"), inputs = in.integer("inputs");
  const int64_t rows = in.integer("rows"), lanes = vectorsOf(rows) * L;
  float* out = in.array<float>("out");
  if (isTall(rows, outputs, inputs)) {
    const float* slopes = in.array<float>("slope");
    float factor[FEW * FEW], none[FEW] = {};
    packInputs(weight, stride, outputs, inputs, factor);
    share(rows, TILE, [&](int64_t begin, int64_t end) {
      multiplyTall(slopes, outputs, factor, none, inputs, out, begin, end);
    }, isSmall(rows, outputs, inputs));
    return nullptr;
  }
  const float* slope = lanesOf(work[0], in.array<float>("slope"), rows, outputs);
  share(inputs, AHEAD * STRIP, [&](int64_t begin, int64_t end) {
    Scratch scratch[2];
    for (int64_t left = begin; left < end; left += AHEAD * STRIP) {
      const int64_t columns = std::min(AHEAD * STRIP, end - left);
      float* strips = scratch[0].of(whole(columns) * lanes);
      std::memset(strips, 0, whole(columns) * lanes * sizeof(float));
      for (int64_t at = 0; at < outputs; at += BLOCK)
        backwardRows(weight + left, stride, columns, slope, rows, lanes, strips, at, std::min(at + BLOCK, outputs),
                     scratch[1]);
      unstrip(strips, rows, lanes, columns, out + left, inputs);
    }
  }, isSmall(rows, outputs, inputs));
  return nullptr;
}

/// update({weight, start, stride, outputs, inputs, slope, x, rows, adam}): settles slope^T x in a weight
/// `{value, first, second}`
napi_value update(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const Trained weight = in.trained("weight", in.integer("start"));
  const int64_t stride = in.integer("stride"), outputs = in.integer("outputs"), inputs = in.integer("inputs");
  const int64_t rows = in.integer("rows");
  const Adam adam = Adam::from(in.array<double>("adam"));
  if (isTall(rows, outputs, inputs)) {
    const float *slopes = in.array<float>("slope"), *x = in.array<float>("x");
    share(outputs, 4, [&](int64_t begin, int64_t end) {
      updateTall(weight, stride, inputs, slopes, outputs, x, rows, adam, begin, end);
    }, isSmall(rows, outputs, inputs));
    return nullptr;
  }
  const float* slope = in.array<float>("slope");
  const float* packed = packedOf(work[1], in.array<float>("x"), rows, inputs);
  share(outputs, LOW, [&](int64_t begin, int64_t end) {
    Scratch scratch;
    updateRows(weight, stride, inputs, slope, outputs, 1, packed, rows, 1, adam, begin, end, scratch);
  }, isSmall(rows, outputs, inputs));
  return nullptr;
}

/// head({weight, start, stride, bias, outputs, inputs, x, rows, values, observed, activation, loss, scale, adam, gradient,
/// biasGradient, slope, sums}): a last layer forward; with a slope `[rows, inputs]` to fill also backward, and settled
napi_value head(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const int64_t start = in.integer("start");
  Head o;
  o.weight = in.trained("weight", start);
  o.bias = in.trained("bias", 0);
  o.outputs = in.integer("outputs"), o.inputs = in.integer("inputs"), o.stride = in.integer("stride");
  o.rows = in.integer("rows"), o.lanes = vectorsOf(o.rows) * L;
  o.values = in.array<float>("values");
  o.observed = in.array<uint8_t>("observed");
  o.activation = static_cast<Activation>(in.integer("activation"));
  o.loss = static_cast<Loss>(in.integer("loss"));
  o.scale = static_cast<float>(in.number("scale"));
  o.adam = Adam::from(in.array<double>("adam"));
  o.gradient = in.array<float>("gradient");
  if (o.gradient) o.gradient += start;
  o.biasGradient = in.array<float>("biasGradient");
  const int64_t parts = partsOf(o.outputs), size = whole(o.inputs) * o.lanes;
  std::vector<double> sums(2 * parts);
  o.sums = sums.data();
  float* slope = in.array<float>("slope");
  const float* x = in.array<float>("x");
  o.runs = runsOf(work[0], x, o.rows, o.inputs);
  o.packed = slope ? packedOf(work[1], x, o.rows, o.inputs) : nullptr;
  o.below = slope ? work[2].of(parts * size) : nullptr;
  runHead(o);
  double* out = in.array<double>("sums");
  for (int64_t part = 0; part < parts; part++)
    for (int i = 0; i < 2; i++) out[i] += sums[2 * part + i];
  if (!slope) return nullptr;
  share(size, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t part = 1; part < parts; part++)
      for (int64_t i = begin; i < end; i++) o.below[i] += o.below[part * size + i];
    for (int64_t i = begin; i < end; i++) o.below[i] *= o.scale;
  }, parts * size < SMALL);
  unstrip(o.below, o.rows, o.lanes, o.inputs, slope, o.inputs);
  return nullptr;
}

/// settle({parameter, start, gradient, adam}): one step of AdamW of a vector by its gradient
napi_value settle(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const Trained vector = in.trained("parameter", in.integer("start"));
  int64_t count = 0;
  const float* gradient = in.array<float>("gradient", &count);
  const Adam adam = Adam::from(in.array<double>("adam"));
  for (int64_t i = 0; i < count; i++) {
    V w = all(vector.value[i]), m = all(vector.first[i]), v = all(vector.second[i]);
    adam.apply(all(gradient[i]), w, m, v);
    vector.value[i] = w[0], vector.first[i] = m[0], vector.second[i] = v[0];
  }
  return nullptr;
}

/// map({operation, a, b, x, y, out})
napi_value map(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  int64_t count = 0;
  const float* a = in.array<float>("a", &count);
  apply(static_cast<Operation>(in.integer("operation")), a, in.array<float>("b"), static_cast<float>(in.number("x")),
        static_cast<float>(in.number("y")), in.array<float>("out"), count);
  return nullptr;
}

/// mapRows({operation, a, vector, out}): the same for each row of `[rows, units]` and a vector `[units]`
napi_value mapRows(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const Operation operation = static_cast<Operation>(in.integer("operation"));
  int64_t count = 0, units = 0;
  const float* a = in.array<float>("a", &count);
  const float* vector = in.array<float>("vector", &units);
  float* out = in.array<float>("out");
  for (int64_t from = 0; from < count; from += units) apply(operation, a + from, vector, 0, 0, out + from, units);
  return nullptr;
}

/// sumRows({a, rows, out}): out[j] = sum over rows of a[row, j], in double precision
napi_value sumRows(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const float* a = in.array<float>("a");
  const int64_t rows = in.integer("rows");
  int64_t units = 0;
  float* out = in.array<float>("out", &units);
  constexpr int64_t WIDTH = 64;
  share(units, WIDTH, [&](int64_t begin, int64_t end) {
    for (int64_t left = begin; left < end; left += WIDTH) {
      const int64_t width = std::min(WIDTH, end - left);
      double sums[WIDTH] = {};
      for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < width; j++) sums[j] += a[r * units + left + j];
      for (int64_t j = 0; j < width; j++) out[left + j] = static_cast<float>(sums[j]);
    }
  }, rows * units < SMALL);
  return nullptr;
}

/// mask({threshold, scale, state, out}): draws of random.ts (sfc32) below the threshold give 0, others the scale; the
/// state is left where they end
napi_value mask(napi_env env, napi_callback_info info) {
  Arguments in(env, info);
  const uint64_t least = static_cast<uint64_t>(std::ceil(in.number("threshold")));
  const float scale = static_cast<float>(in.number("scale"));
  uint32_t* state = in.array<uint32_t>("state");
  int64_t count = 0;
  float* out = in.array<float>("out", &count);
  uint32_t a = state[0], b = state[1], c = state[2], counter = state[3];
  constexpr int64_t MANY = 256;  // drawn one after the other, then compared all at once
  uint32_t draws[MANY];
  for (int64_t from = 0; from < count; from += MANY) {
    const int64_t many = std::min(MANY, count - from);
    for (int64_t i = 0; i < many; i++) {
      const uint32_t draw = a + b + counter++;
      a = b ^ (b >> 9);
      b = c + (c << 3);
      c = ((c << 21) | (c >> 11)) + draw;
      draws[i] = draw;
    }
    for (int64_t i = 0; i < many; i++) out[from + i] = draws[i] >= least ? scale : 0;
  }
  state[0] = a, state[1] = b, state[2] = c, state[3] = counter;
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  exportFunctions(env, exports, {
      {"setThreads", setThreads}, {"allocate", allocate}, {"inspect", inspect}, {"forward", forward},
      {"backward", backward},     {"update", update},     {"head", head},       {"settle", settle},
      {"map", map},               {"mapRows", mapRows},   {"sumRows", sumRows}, {"mask", mask},
  });
  napi_value number;
  napi_create_int32(env, L, &number);
  napi_set_named_property(env, exports, "vector", number);
  return exports;
}
