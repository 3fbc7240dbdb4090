// One pool of threads for the process, whoever computes: several models, or several worker threads of Node, take turns
// with whole kernels instead of competing for the processors.
#pragma once

#include <cstddef>

namespace patchlens {

/** From here on kernels run on `count` threads, the caller's among them. */
void setThreads(size_t count);

size_t threads();

/** Calls body(context, i) once for each i below `count`, on any thread, and returns when all calls have. */
void parallelFor(size_t count, void (*body)(void* context, size_t index), void* context);

/** `parallelFor` of a callable. */
template <class Body>
void parallel(size_t count, Body body) {
  parallelFor(count, [](void* context, size_t index) { (*static_cast<Body*>(context))(index); }, &body);
}

}  // namespace patchlens
