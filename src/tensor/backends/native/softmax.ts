import type { SoftmaxAttrs } from '@tensorflow/tfjs-core';

import type { Forward } from './forward.ts';

/** The kernel behind `softmax`, which tfjs allows over the last axis alone. */
export const softmaxForward: Forward<SoftmaxAttrs> = ([logits], _attrs, { backend, addon }) => {
  const source = backend.floatsOf('softmax', logits!);
  const { info, values } = backend.output(logits!.shape);
  addon.softmax(source, values, logits!.shape.at(-1) ?? 1);
  return info;
};
