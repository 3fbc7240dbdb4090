import type { ConvNeXtConfig } from '../weights/cnn-architecture.ts';
import type { NamedArray, NamedArrays } from '../weights/arrays.ts';
import { buildFolded } from './build.ts';
import type { BuiltLayers } from './build.ts';
import { convNeXtLayers } from './convnext.ts';
import { convNeXtParams } from './convnext-params.ts';

/** Puts a ConvNeXt on the current backend, each layer scale folded into the product before it. @throws WeightsError. */
export function buildConvNeXt(arrays: NamedArrays, config: ConvNeXtConfig): BuiltLayers {
  const folded = config.layerScale ? foldLayerScale(arrays) : arrays;
  const plain: ConvNeXtConfig = { ...config, layerScale: false };
  return buildFolded(folded, config.epsilon, ({ leaf }) => convNeXtLayers(plain, convNeXtParams(plain, leaf)));
}

/** γ ⊙ (h·W + b) = h·(W·γ) + b ⊙ γ: the output layers of all blocks, scaled. */
function foldLayerScale(arrays: NamedArrays): NamedArrays {
  const folded = new Map(arrays);
  for (const [name, { data: scale }] of arrays) {
    const block = /^(stages\.\d+\.blocks\.\d+)\.scale$/.exec(name)?.[1];
    if (block === undefined) continue;
    for (const leaf of ['kernel', 'bias']) {
      const array = arrays.get(`${block}.output.${leaf}`);
      if (array !== undefined) folded.set(`${block}.output.${leaf}`, scaled(array, scale));
    }
  }
  return folded;
}

/** Each column, the last axis, by its factor. */
function scaled({ shape, data }: NamedArray, factors: Float32Array): NamedArray {
  return { shape, data: data.map((value, i) => value * factors[i % factors.length]!) };
}
