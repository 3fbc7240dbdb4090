import { WeightsError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { google } from './families/google.ts';
import { huggingFaceDinov2 } from './families/huggingface-dinov2.ts';
import { huggingFaceDeiT, huggingFaceViT } from './families/huggingface-vit.ts';
import { huggingFaceResNet } from './families/huggingface-resnet.ts';
import { timmConvNeXt, torchvisionConvNeXt } from './families/convnext.ts';
import { huggingFaceMobileNetV2 } from './families/huggingface-mobilenet-v2.ts';
import { timmMobileNetV2, torchvisionMobileNetV2 } from './families/mobilenet-v2.ts';
import { timmResNet, torchvisionResNet } from './families/resnet.ts';
import { timm } from './families/timm.ts';
import { torchvision } from './families/torchvision.ts';
import type { Description, Family } from './family.ts';

/** Every family that patchlens reads; the first whose names match is taken. */
const FAMILIES: readonly Family[] = [
  timm,
  huggingFaceViT,
  huggingFaceDeiT,
  huggingFaceDinov2,
  torchvision,
  google,
  timmResNet,
  huggingFaceResNet,
  torchvisionResNet,
  timmMobileNetV2,
  huggingFaceMobileNetV2,
  torchvisionMobileNetV2,
  timmConvNeXt,
  torchvisionConvNeXt,
];

/**
 * Finds a checkpoint's family from its tensor names, and what the checkpoint is.
 *
 * @throws WeightsError when no family has these names.
 */
export function describe(checkpoint: Checkpoint): { family: Family; description: Description } {
  const names = new Set(checkpoint.arrays.keys());
  const family = FAMILIES.find((candidate) => candidate.matches(names, checkpoint.config));
  if (family !== undefined) return { family, description: family.describe(checkpoint) };
  const known = FAMILIES.map(({ name }) => name).join(', ');
  const sample = [...names].slice(0, 3).join(', ');
  throw new WeightsError(
    `${checkpoint.where}: expected the tensor names of ${known}; got ${names.size} tensors: ${sample} …`,
  );
}
