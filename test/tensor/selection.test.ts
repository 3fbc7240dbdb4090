import { expect, test } from 'vitest';

import { BackendError } from '../../src/errors.ts';
import { BACKEND_NAMES, probeBackends, useBackend } from '../../src/tensor/backends/index.ts';

test('another backend is refused while one is in use, and taken once it is released', async () => {
  const wasm = await useBackend('wasm');
  await expect(useBackend('cpu')).rejects.toThrow(BackendError);
  await expect(useBackend('cpu')).rejects.toMatchObject({ code: 'BACKEND_CONFLICT' });
  wasm.release();
  const cpu = await useBackend('cpu');
  expect(cpu.name).toBe('cpu');
  cpu.release();
});

test('several hold the same backend, and releasing twice counts once', async () => {
  const [first, second] = await Promise.all([useBackend('wasm'), useBackend('wasm')]);
  first.release();
  first.release();
  await expect(useBackend('cpu')).rejects.toMatchObject({ code: 'BACKEND_CONFLICT' });
  second.release();
  (await useBackend('cpu')).release();
});

test('of two backends asked for at once one is had and one refused', async () => {
  const results = await Promise.allSettled([useBackend('wasm'), useBackend('cpu')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  for (const result of results) if (result.status === 'fulfilled') result.value.release();
});

test('a backend of float32 alone takes auto for f32 and refuses the rest', async () => {
  const wasm = await useBackend('wasm', { precision: 'auto' });
  expect(wasm.precision).toBe('f32');
  await expect(useBackend('wasm', { precision: 'bf16x3' })).rejects.toThrow(
    'precision bf16x3: expected a backend that has it, as native does, got wasm. Use --precision f32.',
  );
  wasm.release();
  (await useBackend('cpu')).release();
});

test('auto stays with the backend in use', async () => {
  const cpu = await useBackend('cpu');
  const auto = await useBackend('auto');
  expect(auto.name).toBe('cpu');
  cpu.release();
  auto.release();
});

test('a probe says of each backend whether it loads or why not', async () => {
  const probes = await probeBackends();
  expect(probes.map(({ name }) => name)).toEqual([...BACKEND_NAMES]);
  for (const probe of probes) {
    if (probe.status === 'unavailable') expect(probe.reason).toMatch(/^backend .+: expected /);
    else expect(probe.detail).not.toBe('');
  }
});
