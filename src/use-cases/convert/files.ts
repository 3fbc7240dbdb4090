import { paramShapes } from '../../vit/params.ts';
import type { Publication } from '../../weights/targets/target.ts';
import { torchTensors } from '../../weights/torch-tensor.ts';
import type { ModelFiles } from '../../weights/write-model.ts';

/** The files of a publication, each tensor made when it is asked for. */
export function filesOf({ network, tensorOf, idle, config, preprocessor }: Publication): ModelFiles {
  const { config: shape, parameter } = network;
  return { config, preprocessor, tensors: [...torchTensors(paramShapes(shape), tensorOf, parameter, shape), ...idle] };
}
