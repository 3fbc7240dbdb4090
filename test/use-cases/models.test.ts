import { expect, test } from 'vitest';

import { EMBEDDED_MODEL, embeddedPair, listModels } from '../../src/use-cases/models.ts';

test('the embedded models that are compared tell the same classes apart, and the first is the one that classifies', () => {
  const { classes } = listModels().find(({ name }) => name === EMBEDDED_MODEL)!;
  const alike = listModels().filter((model) => model.classes.join() === classes.join());
  const pair = embeddedPair()?.map(({ name }) => name);
  expect(pair).toEqual(alike.length < 2 ? undefined : [EMBEDDED_MODEL, expect.any(String)]);
  for (const name of pair ?? []) expect(alike.map((model) => model.name)).toContain(name);
});
