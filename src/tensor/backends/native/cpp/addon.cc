// The module; addon.ts on JavaScript's side says what each function takes. They run on the caller's typed arrays in place
// and return when they are done.
#include "addon.h"

#include "isa.h"
#include "thread-pool.h"

namespace patchlens {
namespace {

/** INTERFACE on the TypeScript side: a binary of another version is not called. */
constexpr double INTERFACE = 16;

/** instructionSets() → names of those that this processor runs, fastest first. */
napi_value instructionSets(napi_env env, napi_callback_info) {
  napi_value names;
  napi_create_array(env, &names);
  for (uint32_t i = 0; const Kernels* each = runnableKernels(i); i++) {
    napi_value name;
    napi_create_string_utf8(env, each->name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, i, name);
  }
  return names;
}

/** select(index in instructionSets(), number of threads) → the precision that `auto` takes. */
napi_value select(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Kernels* const chosen = runnableKernels(args.size(0));
  const Size count = args.size(1);
  args.require(chosen != nullptr && count >= 1, "select: expected the index of an instruction set and a thread or more");
  if (!args.areValid()) return nullptr;
  instanceOf(env).kernels = chosen;
  setThreads(count);
  napi_value precision;
  napi_create_int32(env, int32_t(chosen->automatic), &precision);
  return precision;
}

/** floatsToLine(array) → floats before the first cache line that begins in it. */
napi_value floatsToLine(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const Span<float> array = args.floats(0);
  if (!args.areValid()) return nullptr;
  napi_value floats;
  napi_create_int32(env, int32_t(aligned(array) - array.data), &floats);
  return floats;
}

}  // namespace
}  // namespace patchlens

NAPI_MODULE_INIT() {
  using namespace patchlens;
  const auto destroy = [](napi_env, void* instance, void*) { delete static_cast<Instance*>(instance); };
  napi_set_instance_data(env, new Instance{runnableKernels(0)}, destroy, nullptr);
  napi_value version;
  napi_create_double(env, INTERFACE, &version);
  napi_set_named_property(env, exports, "interface", version);
  define(env, exports, {
      {"instructionSets", instructionSets},
      {"select", select},
      {"floatsToLine", floatsToLine},
  });
  defineProducts(env, exports);
  defineAttention(env, exports);
  defineNorms(env, exports);
  defineElements(env, exports);
  defineConvolutions(env, exports);
  defineImages(env, exports);
  defineUpdates(env, exports);
  return exports;
}
