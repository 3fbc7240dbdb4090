// What `patchlens classify` does, with transformers.js: the five likeliest classes of every image in a folder, a line of
// JSON each.
//
//   node transformers-classify.mjs MODEL DTYPE BATCH FOLDER|FILE
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';

import { env, pipeline } from '@huggingface/transformers';

const [model, dtype, batch, images] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = dirname(model);

const classify = await pipeline('image-classification', basename(model), { dtype, device: 'cpu' });
const paths = statSync(images).isDirectory() ? readdirSync(images).map((name) => join(images, name)) : [images];
const size = Number(batch);
for (let i = 0; i < paths.length; i += size) {
  const group = paths.slice(i, i + size);
  const answers = await classify(group, { top_k: 5 });
  for (const [j, predictions] of answers.entries()) console.log(JSON.stringify({ path: group[j], predictions }));
}
await classify.dispose();
