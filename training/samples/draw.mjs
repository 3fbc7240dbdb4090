// Draws the sample pictures beside this file, two of each class of CIFAR-10: node training/samples/draw.mjs. The same libvips and
// librsvg draw the same pictures.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';

import { ANIMALS } from './drawing/animals.mjs';
import { VEHICLES } from './drawing/vehicles.mjs';

const FOLDER = fileURLToPath(new URL('../../images/', import.meta.url));

for (const [name, pictures] of Object.entries({ ...ANIMALS, ...VEHICLES })) {
  await mkdir(`${FOLDER}${name}`, { recursive: true });
  for (const [title, svg] of Object.entries(pictures)) {
    await sharp(Buffer.from(svg))
      .flatten({ background: 'white' })
      .jpeg({ quality: 90 })
      .toFile(`${FOLDER}${name}/${title}.jpg`);
  }
}
