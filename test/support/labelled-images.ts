import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodePng } from '../../src/image/encode.ts';
import { randomOf } from '../../src/training/random.ts';

const SIDE = 16;

/** Draws labelled images, `<folder>/<class>/<n>.png`, 16 pixels square: noise, brightest in the channel of the class. */
export async function drawLabelledImages(folder: string, classes: readonly string[], count: number): Promise<void> {
  for (const [label, name] of classes.entries()) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < count; i += 1) {
      const random = randomOf(label, i);
      const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) =>
        random.below(at % 3 === label % 3 ? 256 : 128),
      );
      await writeFile(join(folder, name, `${i}.png`), await encodePng({ data, width: SIDE, height: SIDE }));
    }
  }
}
