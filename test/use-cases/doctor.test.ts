import { describe, expect, it } from 'vitest';

import { diagnose, isSupported } from '../../src/use-cases/doctor.ts';
import { BACKEND_NAMES } from '../../src/tensor/backends/index.ts';

describe('diagnose', () => {
  it('tells of every backend whether it loads, and takes the first that does', async () => {
    const { backends, auto } = await diagnose();
    expect(backends.map(({ name }) => name).toSorted()).toEqual([...BACKEND_NAMES].toSorted());
    // Plain JavaScript runs everywhere, so there always is one.
    expect(auto).toBe(backends.find(({ status }) => status === 'loads')?.name);
    for (const probe of backends) expect(probe.status === 'loads' ? probe.detail : probe.reason).not.toBe('');
  });

  it('describes this machine in a record that JSON keeps', async () => {
    const diagnosis = await diagnose();
    expect(diagnosis.node).toMatchObject({ version: process.versions.node, supported: true });
    expect(diagnosis.cpu.parallelism).toBeGreaterThan(0);
    expect(diagnosis.packages['@tensorflow/tfjs-core']).toMatch(/^4\./);
    expect(diagnosis.images).toMatchObject({
      status: 'loads',
      formats: expect.arrayContaining(['jpeg', 'avif', 'bmp']),
    });
    expect(JSON.parse(JSON.stringify(diagnosis))).toEqual(diagnosis);
  });
});

describe('the Node versions that are supported', () => {
  it.each([
    ['20.19.0', true],
    ['20.20.2', true],
    ['22.0.0', true],
    ['20.18.9', false],
    ['18.20.0', false],
  ])('%s: %s', (version, supported) => {
    expect(isSupported(version, '>=20.19')).toBe(supported);
  });
});
