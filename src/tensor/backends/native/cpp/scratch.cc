#include "scratch.h"

#include <cstdio>
#include <cstdlib>
#include <new>

namespace patchlens {
namespace {

/** A request above this is given back when a smaller one follows: one huge image should not hold its memory for good. */
constexpr size_t KEPT_FLOATS = size_t{16} << 20;

class Block {
 public:
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { release(); }

  float* atLeast(size_t floats) {
    if (floats > size_ || (size_ > KEPT_FLOATS && floats <= KEPT_FLOATS)) replace(floats);
    return data_;
  }

 private:
  void replace(size_t floats) {
    release();
    const size_t bytes = (floats * sizeof(float) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    // Not aligned_alloc, which Windows has not.
    data_ = static_cast<float*>(::operator new(bytes, std::align_val_t{CACHE_LINE}, std::nothrow));
    size_ = bytes / sizeof(float);
    if (data_ != nullptr) return;
    // As V8 does when its heap is full: a worker has nobody to report to.
    std::fprintf(stderr, "patchlens: out of memory: a kernel asked for %zu bytes of scratch space\n", bytes);
    std::abort();
  }

  void release() { ::operator delete(data_, std::align_val_t{CACHE_LINE}); }

  float* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace

float* scratch(Scratch kind, size_t floats) {
  thread_local Block blocks[SCRATCHES];
  return blocks[size_t(kind)].atLeast(floats);
}

}  // namespace patchlens
