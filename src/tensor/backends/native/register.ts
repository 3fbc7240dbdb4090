import { BatchMatMul, Mean, Softmax, Sum, registerBackend } from '../../tfjs.ts';
import { registerCompositions } from '../../op.ts';
import { ACTIVATION_GRADIENT } from '../../ops/activation-gradient.ts';
import { ATTENTION_GRADIENT } from '../../ops/attention-gradient.ts';
import { ATTENTION } from '../../ops/attention.ts';
import { BATCH_NORM, BATCH_NORM_GRADIENT } from '../../ops/batch-norm-training.ts';
import { GATHER_ROWS } from '../../ops/gather-rows.ts';
import { GELU } from '../../ops/gelu.ts';
import { LAYER_NORM, LAYER_NORM_GRADIENT } from '../../ops/layer-norm.ts';
import { LINEAR } from '../../ops/linear.ts';
import { PRODUCT } from '../../ops/product.ts';
import type { Addon } from './addon.ts';
import type { Device } from './forward.ts';
import { attentionGradient } from './attention-gradient.ts';
import { attentionForward } from './attention.ts';
import { batchNormForward, batchNormGradient } from './batch-norm-training.ts';
import { BINARY_CODES, binaryForward } from './binary.ts';
import type { BinaryKernel } from './binary.ts';
import { registerConvolutions } from './convolutions/index.ts';
import { gatherRowsForward } from './gather-rows.ts';
import { geluForward } from './gelu.ts';
import { activationGradient, layerNormGradient } from './gradients.ts';
import { layerNormForward } from './layer-norm.ts';
import { linearForward } from './linear.ts';
import { matMulForward, productForward } from './mat-mul.ts';
import { MOVEMENTS } from './movement.ts';
import { NativeBackend } from './native-backend.ts';
import { reduceForward } from './reduce.ts';
import type { ReduceAttrs } from './reduce.ts';
import { register, registerStock, replace, replaceForFloats } from './replace.ts';
import { softmaxForward } from './softmax.ts';

/** Tells tfjs of the backend: every kernel of its CPU backend, and in place of those that take the time our own. */
export function registerNative(addon: Addon): NativeBackend {
  const backend = new NativeBackend(addon);
  const device: Device = {
    backend,
    get addon() {
      return backend.addon;
    },
  };
  registerBackend('native', () => backend);
  registerStock(backend);
  register(LINEAR.name, linearForward, device);
  register(PRODUCT.name, productForward, device);
  register(GELU.name, geluForward, device);
  register(LAYER_NORM.name, layerNormForward, device);
  register(GATHER_ROWS.name, gatherRowsForward, device);
  register(ATTENTION.name, attentionForward, device);
  register(ACTIVATION_GRADIENT.name, activationGradient, device);
  register(LAYER_NORM_GRADIENT.name, layerNormGradient, device);
  register(ATTENTION_GRADIENT.name, attentionGradient, device);
  register(BATCH_NORM.name, batchNormForward, device);
  register(BATCH_NORM_GRADIENT.name, batchNormGradient, device);
  replaceForFloats(BatchMatMul, matMulForward, device);
  replaceForFloats(Softmax, softmaxForward, device);
  for (const kernel of Object.keys(BINARY_CODES) as BinaryKernel[]) {
    replace(kernel, ([a, b]) => binaryForward(kernel, a!, b!, device), device);
  }
  for (const kernel of [Sum, Mean] as const) {
    replace<ReduceAttrs>(kernel, ([x], attrs) => reduceForward(kernel, x!, attrs, device), device);
  }
  for (const [kernel, move] of Object.entries(MOVEMENTS)) {
    replaceForFloats<never>(kernel, move, device);
  }
  registerConvolutions(device);
  registerCompositions('native');
  return backend;
}
