// What the files that make kernels functions of JavaScript share.
#pragma once

#include <node_api.h>

#include <initializer_list>

#include "arguments.h"
#include "kernels.h"
#include "scratch.h"

namespace patchlens {

/** What one instance of the module, in the main thread or a worker of Node, computes with. */
struct Instance {
  const Kernels* kernels;
};

inline Instance& instanceOf(napi_env env) {
  void* instance = nullptr;
  napi_get_instance_data(env, &instance);
  return *static_cast<Instance*>(instance);
}

inline const Kernels& kernelsOf(napi_env env) { return *instanceOf(env).kernels; }

using Size = size_t;

/** The first cache line inside a packed array; its owner makes it one line longer than the matrix. */
inline float* aligned(Span<float> packed) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(packed.data);
  return reinterpret_cast<float*>((address + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

constexpr Size PADDING = CACHE_LINE / sizeof(float);

/** Whether an operand that may be absent has the size it should. */
inline bool isAbsentOr(Size size, Span<float> operand) { return operand.data == nullptr || operand.length == size; }

/** A precision among the arguments. */
inline Precision precisionAt(Arguments& args, Size index) {
  const Size code = args.size(index);
  args.require(code <= 2, "expected a precision");
  return Precision(code);
}

struct Export {
  const char* name;
  napi_callback function;
};

/** Gives a module a table's functions. */
inline void define(napi_env env, napi_value module, std::initializer_list<Export> table) {
  for (const Export& each : table) {
    napi_value function;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.function, nullptr, &function);
    napi_set_named_property(env, module, each.name, function);
  }
}

/** The functions of the files of these names. */
void defineProducts(napi_env env, napi_value module);
void defineAttention(napi_env env, napi_value module);
void defineNorms(napi_env env, napi_value module);
void defineElements(napi_env env, napi_value module);
void defineConvolutions(napi_env env, napi_value module);
void defineImages(napi_env env, napi_value module);
void defineUpdates(napi_env env, napi_value module);

}  // namespace patchlens
