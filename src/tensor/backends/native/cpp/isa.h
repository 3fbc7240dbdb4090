#pragma once

#include "kernels.h"

namespace patchlens {

/** The i-th of the kernel tables that this processor can run, fastest first; null after the last. */
const Kernels* runnableKernels(size_t index);

}  // namespace patchlens
