// Cuts photographs into as many different JPEGs as are asked for, 500x375 pixels each.
//
//   node bench/peers/make-jpegs.mjs PHOTOS FOLDER [1000]
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import sharp from 'sharp';

import { uniform } from '../measure.mjs';

const [WIDTH, HEIGHT] = [500, 375];
const [photos, folder, count = '1000'] = process.argv.slice(2);
const random = uniform(1);
const between = (least, most) => least + Math.floor(((random() + 1) / 2) * (most - least + 1));

mkdirSync(folder, { recursive: true });
const sources = await Promise.all(
  readdirSync(photos)
    .filter((name) => /\.(jpg|png)$/.test(name))
    .map(async (name) => ({ path: join(photos, name), ...(await sharp(join(photos, name)).metadata()) })),
);
for (let i = 0; i < Number(count); i += 1) {
  const { path, width, height } = sources[i % sources.length];
  const part = { width: between(Math.ceil(width / 2), width), height: between(Math.ceil(height / 2), height) };
  const left = between(0, width - part.width);
  const top = between(0, height - part.height);
  await sharp(path)
    .extract({ ...part, left, top })
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .jpeg({ quality: 90 })
    .toFile(join(folder, `${String(i).padStart(4, '0')}.jpg`));
}
