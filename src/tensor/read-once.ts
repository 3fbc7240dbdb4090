import type { Tensor } from '@tensorflow/tfjs-core';

/** The values of a float32 tensor that is needed no more: it is disposed of, whatever happens. */
export async function readOnce(tensor: Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<'float32'>();
  } finally {
    tensor.dispose();
  }
}
