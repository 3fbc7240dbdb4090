import { gather, tidy } from '../../tensor/tfjs.ts';
import { ArgumentError } from '../../errors.ts';
import { loadNetwork } from '../load/load.ts';
import type { LoadOptions } from '../model-info.ts';
import { forward } from '../../nn/network.ts';
import { ranked } from '../../tensor/ranked.ts';
import type { InputForm } from '../../training/batch.ts';
import type { Teacher } from '../../training/gradients.ts';
import type { Distillation } from '../../training/loss.ts';

/** A model that another one learns from, on its backend until it is disposed of. */
export interface LoadedTeacher extends Disposable {
  readonly teacher: Teacher;
  /** How it takes images. */
  readonly form: InputForm;
  /** What a run that goes on must have too. */
  readonly identity: string;
}

/**
 * Loads a model of any architecture as a teacher of the given classes, whatever their order in it.
 *
 * @throws ArgumentError when it does not know all of them; what `loadModel` throws.
 */
export async function loadTeacher(
  model: string,
  classes: readonly string[],
  how: Distillation,
  options: LoadOptions,
): Promise<LoadedTeacher> {
  const loaded = await loadNetwork(model, options);
  const { info, network } = loaded;
  const columns = classes.map((name) => info.classes.indexOf(name));
  const unknown = classes.filter((_, i) => columns[i] === -1);
  if (unknown.length > 0) {
    loaded[Symbol.dispose]();
    throw new ArgumentError(
      `teacher ${model}: expected a model that knows the classes ${classes.join(', ')}; got one without ${unknown.join(', ')}`,
    );
  }
  return {
    teacher: {
      how,
      logitsOf: (inputs, batchSize) => {
        const length = inputs.length / batchSize;
        const images = Array.from({ length: batchSize }, (_, i) => inputs.subarray(i * length, (i + 1) * length));
        return tidy(() => {
          const logits = ranked('logits of the teacher', forward(network.layers, network.inputOf(images)), 2);
          return gather(logits, columns, 1);
        });
      },
    },
    form: { preprocessing: info.preprocessing, layout: { kind: 'pixels' } },
    identity: `${info.architecture} ${model}`,
    [Symbol.dispose]: () => loaded[Symbol.dispose](),
  };
}
