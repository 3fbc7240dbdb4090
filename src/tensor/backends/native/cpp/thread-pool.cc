#include "thread-pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__) && !defined(__ANDROID__)
#define PATCHLENS_HAS_AFFINITY
#include <pthread.h>
#include <sched.h>
#endif

namespace patchlens {
namespace {

/** How often a thread looks for work before it sleeps: half a millisecond, in which JavaScript comes to the next kernel. */
constexpr int SPINS = 20000;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class ThreadPool {
 public:
  void resize(size_t count) {
    std::lock_guard<std::mutex> turn(turn_);
    if (count == workers_.size() + 1) return;
    stop();
    try {
      for (size_t i = 1; i < count; i++) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // The system allows no more threads: those that there are do the work.
    }
    size_.store(workers_.size() + 1, std::memory_order_relaxed);
    owner_ = std::this_thread::get_id();
    apartFrom_ = -1;
  }

  size_t size() const { return size_.load(std::memory_order_relaxed); }

  void run(size_t count, void (*body)(void*, size_t), void* context) {
    std::lock_guard<std::mutex> turn(turn_);
    keepApart();
    open(count, body, context);
    drain();
    close();
  }

 private:
  /**
   * Keeps the workers off the processor that their owner runs on. Left to itself Linux wakes a worker there where it takes the
   * others for busy, as those of a virtual machine seem to be that have slept, and needs milliseconds to move it away.
   */
  void keepApart() {
#if defined(PATCHLENS_HAS_AFFINITY)
    if (std::this_thread::get_id() != owner_) return;
    const int processor = sched_getcpu();
    if (processor < 0 || processor == apartFrom_ || processor >= CPU_SETSIZE) return;
    apartFrom_ = processor;
    cpu_set_t others;
    if (sched_getaffinity(0, sizeof others, &others) != 0) return;
    CPU_CLR(size_t(processor), &others);
    if (CPU_COUNT(&others) == 0) return;
    for (std::thread& worker : workers_) pthread_setaffinity_np(worker.native_handle(), sizeof others, &others);
#endif
  }

  void open(size_t count, void (*body)(void*, size_t), void* context) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      count_ = count;
      body_ = body;
      context_ = context;
      next_.store(0, std::memory_order_relaxed);
      isOpen_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
  }

  void drain() {
    for (;;) {
      const size_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= count_) return;
      body_(context_, index);
    }
  }

  /** Lets no further worker join, and waits for those that have. */
  void close() {
    std::unique_lock<std::mutex> lock(mutex_);
    isOpen_ = false;
    if (active_.load(std::memory_order_acquire) == 0) return;
    lock.unlock();
    for (int i = 0; i < SPINS; i++) {
      if (active_.load(std::memory_order_acquire) == 0) return;
      pause();
    }
    lock.lock();
    done_.wait(lock, [this] { return active_.load(std::memory_order_acquire) == 0; });
  }

  void work() {
    uint32_t seen = generation_.load(std::memory_order_acquire);
    for (;;) {
      for (int i = 0; i < SPINS && generation_.load(std::memory_order_acquire) == seen; i++) pause();
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return isStopping_ || generation_.load(std::memory_order_relaxed) != seen; });
      if (isStopping_) return;
      seen = generation_.load(std::memory_order_relaxed);
      // Too late: the others have done it all.
      if (!isOpen_) continue;
      active_.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      drain();
      lock.lock();
      if (active_.fetch_sub(1, std::memory_order_release) == 1) done_.notify_one();
    }
  }

  void stop() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      isStopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    isStopping_ = false;
  }

  /** Held while one caller's kernel runs. */
  std::mutex turn_;
  std::vector<std::thread> workers_;
  std::atomic<size_t> size_{1};
  /** The thread that asked for the workers; others that compute now and then leave them where they are. */
  std::thread::id owner_;
  /** The owner's processor when the workers were last kept off it; −1 before the first time. */
  [[maybe_unused]] int apartFrom_ = -1;

  /** Guards everything below that is not atomic. */
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::atomic<uint32_t> generation_{0};
  std::atomic<size_t> next_{0};
  std::atomic<size_t> active_{0};
  bool isOpen_ = false;
  bool isStopping_ = false;
  size_t count_ = 0;
  void (*body_)(void*, size_t) = nullptr;
  void* context_ = nullptr;
};

/** Never destroyed: its threads may still wait in it while the process ends. */
ThreadPool& pool() {
  static ThreadPool* const instance = new ThreadPool();
  return *instance;
}

}  // namespace

void setThreads(size_t count) { pool().resize(count < 1 ? 1 : count); }

size_t threads() { return pool().size(); }

void parallelFor(size_t count, void (*body)(void* context, size_t index), void* context) {
  if (count > 1 && threads() > 1) return pool().run(count, body, context);
  for (size_t i = 0; i < count; i++) body(context, i);
}

}  // namespace patchlens
