// What the matrix products of both addons are made with: memory for packed factors, and tiles whose height is a constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace {

/// Numbers that start on a cache line, since a vector that crosses one is loaded twice. What they were is lost when more
/// are asked for.
template <class T>
class Numbers {
 public:
  T* of(int64_t length) {
    const size_t needed = static_cast<size_t>(length) + 64 / sizeof(T);
    if (numbers.size() < needed) numbers = std::vector<T>(needed);
    return numbers.data() + (64 - reinterpret_cast<uintptr_t>(numbers.data()) % 64) % 64 / sizeof(T);
  }

 private:
  std::vector<T> numbers;
};

/// Calls f with the number as a constant, `std::integral_constant<int, n>`; 1 <= n <= N.
template <int N, class F>
inline void constant(int n, F f) {
  if constexpr (N > 0) {
    if (n == N) return f(std::integral_constant<int, N>());
    constant<N - 1>(n, f);
  }
}

}  // namespace
