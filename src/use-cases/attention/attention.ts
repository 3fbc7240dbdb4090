import type { Tensor } from '@tensorflow/tfjs-core';
import ndarray from 'ndarray';

import { METHOD_FACTS } from './methods.ts';
import type { AttentionOptions } from './methods.ts';
import { occlusionMap, riseMap } from './perturbed.ts';
import { targetOf } from './subject.ts';
import type { ImageMaps, Subject } from './subject.ts';
import { layerGradient } from './gradient-trace.ts';
import { traceOf } from './trace.ts';
import { explainedViT } from './vit.ts';
import { gradCam } from '../../attribution/grad-cam.ts';
import { ArgumentError } from '../../errors.ts';

/**
 * Maps of every image of a batch, each normalised pixels [H, W, 3] as the checkpoint's recipe makes them. `between` is called
 * after each layer or forward pass; what it throws ends the work.
 *
 * @throws ArgumentError when the network has no such layer, head, token or class, or none of what the method needs.
 */
export async function attentionOf(
  subject: Subject,
  images: readonly Float32Array[],
  options: AttentionOptions,
  between: () => void,
): Promise<ImageMaps[]> {
  const { vit, network } = subject;
  const method = options.method ?? (vit === undefined ? 'grad-cam' : 'rollout');
  if (!Object.hasOwn(METHOD_FACTS, method)) {
    throw new ArgumentError(`method: expected one of ${Object.keys(METHOD_FACTS).join(', ')}, got ${method}`);
  }
  const input = network.inputOf(images);
  try {
    if (method === 'occlusion' || method === 'rise') {
      return await perturbed(subject, images, input, { ...options, method }, between);
    }
    if (vit !== undefined) return await explainedViT({ ...subject, vit }, input, { ...options, method }, between);
    if (method === 'grad-cam') return await explainedFeatures(subject, input, options, between);
    throw new ArgumentError(
      `method ${method}: expected a Vision Transformer, got ${subject.info.architecture}, which has no attention. Grad-CAM, occlusion and RISE suit it.`,
    );
  } finally {
    input.dispose();
  }
}

/** Grad-CAM on the last layer of a network whose output is an image of features [B, h, w, C]. */
async function explainedFeatures(
  { network, info }: Subject,
  input: Tensor,
  { target }: AttentionOptions,
  between: () => void,
): Promise<ImageMaps[]> {
  const trace = await traceOf(network, input, { between });
  const layer = trace.shapes.findLastIndex(({ length }) => length === 4);
  if (layer < 0)
    throw new ArgumentError(`grad-cam: expected layers with images of features in ${info.architecture}, got none`);
  const targets = trace.logits.map((logits) => targetOf(info, logits, target));
  const numClasses = trace.logits[0]?.length ?? 0;
  const { shape, activations, gradients } = await layerGradient(network, input, { layer, targets, numClasses });
  const [Gh = 0, Gw = 0, C = 0] = shape;
  return trace.logits.map((logits, i) => {
    const cam = Float32Array.from(gradCam(activations[i]!, gradients[i]!, C));
    const maps = [{ values: ndarray(cam, [Gh, Gw]), prefix: {} }];
    return { method: 'grad-cam', grid: { Gh, Gw, prefix: [] }, target: targets[i], logits, maps };
  });
}

async function perturbed(
  subject: Subject,
  images: readonly Float32Array[],
  input: Tensor,
  options: AttentionOptions & { readonly method: 'occlusion' | 'rise' },
  between: () => void,
): Promise<ImageMaps[]> {
  const { logits: all } = await traceOf(subject.network, input, { between });
  const results: ImageMaps[] = [];
  for (const [i, image] of images.entries()) {
    const logits = all[i]!;
    const target = targetOf(subject.info, logits, options.target);
    const mapped = options.method === 'occlusion' ? occlusionMap : riseMap;
    const { grid, values } = await mapped(subject, image, target, options, between);
    const patches = ndarray(values, [grid.Gh, grid.Gw]);
    const full = { ...grid, prefix: [] };
    results.push({ method: options.method, grid: full, target, logits, maps: [{ values: patches, prefix: {} }] });
  }
  return results;
}
