// Threads that an addon's kernels share their work among.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

/// Threads that wait for work; the caller is one of them.
class Pool {
 public:
  void resize(int count) {
    stop();
    quit = false;
    for (int i = 1; i < count; i++) threads.emplace_back([this, i, seen = round] { serve(i, seen); });
  }
  int size() const { return static_cast<int>(threads.size()) + 1; }

  /// Runs work(0) to work(size - 1), each on its thread, and waits for all.
  void run(const std::function<void(int)>& work) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      task = &work;
      left = static_cast<int>(threads.size());
      round++;
    }
    wake.notify_all();
    work(0);
    while (left.load(std::memory_order_acquire) > 0) std::this_thread::yield();
  }
  ~Pool() { stop(); }

 private:
  void serve(int index, uint64_t seen) {
    for (;;) {
      {
        std::unique_lock<std::mutex> lock(mutex);
        wake.wait(lock, [&] { return quit || round != seen; });
        if (quit) return;
        seen = round;
      }
      (*task)(index);
      left.fetch_sub(1, std::memory_order_release);
    }
  }
  void stop() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      quit = true;
    }
    wake.notify_all();
    for (auto& thread : threads) thread.join();
    threads.clear();
  }
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable wake;
  const std::function<void(int)>* task = nullptr;
  std::atomic<int> left{0};
  uint64_t round = 0;
  bool quit = false;
};

Pool pool;

/// Calls work(begin, end, thread) on shares of [0, count) whose borders are multiples of grain. What is done sooner than
/// the threads wake up is done on this one.
template <class Work>
void share(int64_t count, int64_t grain, Work work, bool isSmall = false) {
  if (isSmall) return work(0, count, 0);
  const int64_t grains = (count + grain - 1) / grain;
  const int threads = pool.size();
  pool.run([&](int i) {
    const int64_t begin = grains * i / threads * grain;
    const int64_t end = std::min(count, grains * (i + 1) / threads * grain);
    if (begin < end) work(begin, end, i);
  });
}

}  // namespace
