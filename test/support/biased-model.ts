import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readCheckpoint } from '../../src/weights/checkpoint.ts';
import { SHAPES_VIT } from './shapes-vit.ts';
import { writeSafetensors } from './write-safetensors.ts';

/** The shapes' model with one class made likelier, so that it errs where the other does not: a rival to compare it with. */
export async function writeBiasedModel(folder: string, bias: { readonly class: number; readonly by: number }) {
  const { arrays } = await readCheckpoint(SHAPES_VIT);
  const head = arrays.get('head.bias')!;
  const data = Float32Array.from(head.data, (value, i) => value + (i === bias.class ? bias.by : 0));
  await mkdir(folder, { recursive: true });
  await cp(join(SHAPES_VIT, 'config.json'), join(folder, 'config.json'));
  const changed = new Map(arrays).set('head.bias', { ...head, data });
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(changed));
  return folder;
}
