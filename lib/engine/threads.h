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
    for (int i = 1; i < count; i++) threads.emplace_back([this, seen = round.load()] { serve(seen); });
  }
  int size() const { return static_cast<int>(threads.size()) + 1; }

  /// Calls work here and on each thread that comes before this call is done with it. A thread that another process keeps
  /// from running is not waited for, so work must take its parts one by one until none is left.
  void run(const std::function<void()>& work) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      task = &work;
      round.fetch_add(1, std::memory_order_relaxed);
    }
    wake.notify_all();
    work();
    {
      std::lock_guard<std::mutex> lock(mutex);
      task = nullptr;
    }
    while (working.load(std::memory_order_acquire) > 0) std::this_thread::yield();
  }
  ~Pool() { stop(); }

 private:
  void serve(uint64_t seen) {
    for (;;) {
      const std::function<void()>* work;
      // Going to sleep and being woken takes longer than a small product, and the next one often follows at once.
      for (int i = 0; i < TURNS && round.load(std::memory_order_relaxed) == seen; i++) std::this_thread::yield();
      {
        std::unique_lock<std::mutex> lock(mutex);
        wake.wait(lock, [&] { return quit || (task && round != seen); });
        if (quit) return;
        seen = round;
        work = task;
        working++;
      }
      (*work)();
      working.fetch_sub(1, std::memory_order_release);
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
  const std::function<void()>* task = nullptr;
  static constexpr int TURNS = 200;  // about 50 microseconds, unless others want the processor
  std::atomic<int> working{0};  // threads beside the caller
  std::atomic<uint64_t> round{0};
  bool quit = false;
};

Pool pool;

thread_local bool busy = false;  // on a thread that has its part of the work already

/// Sets how many threads calls from this thread of JavaScript share their work among. Only one of them may have the pool:
/// the others work alone.
void useThreads(int64_t count) {
  busy = count == 1;
  if (!busy) pool.resize(static_cast<int>(count));
}

/// Calls work(index) for each index below the count; a thread that is done takes the next one.
template <class Work>
void spread(int64_t count, Work work) {
  if (busy || count <= 1 || pool.size() == 1) {
    for (int64_t i = 0; i < count; i++) work(i);
    return;
  }
  std::atomic<int64_t> next{0};
  pool.run([&] {
    busy = true;
    for (int64_t i = next++; i < count; i = next++) work(i);
    busy = false;
  });
}

/// The same on ranges [begin, end) of the given size.
template <class Work>
void spread(int64_t count, int64_t size, Work work) {
  spread((count + size - 1) / size, [&](int64_t i) { work(i * size, std::min(count, (i + 1) * size)); });
}

}  // namespace
