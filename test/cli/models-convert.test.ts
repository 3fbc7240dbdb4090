import { describe, expect, it } from 'vitest';

import { ArgumentError, WeightsError } from '../../src/errors.ts';
import type { ConvertOptions } from '../../src/index.ts';
import { patchlens } from './harness.ts';

/** An API whose conversions are written down. */
function recording(warnings: readonly string[] = []) {
  const calls: [model: string, options: ConvertOptions][] = [];
  const convertModel = async (model: string, options: ConvertOptions) => {
    calls.push([model, options]);
    return { output: options.output, names: 'timm', dtype: options.dtype ?? 'float32', warnings } as const;
  };
  return { calls, api: { convertModel } };
}

const CONVERT = ['models', 'convert', 'm.npz', '--output', 'out'];

describe('patchlens models convert', () => {
  it('prints the folder alone, and leaves the names to the checkpoint', async () => {
    const { calls, api } = recording();
    expect(await patchlens(CONVERT, { api })).toEqual({ code: 0, stdout: 'out\n', stderr: '' });
    expect(calls).toMatchObject([['m.npz', { output: 'out', names: undefined, dtype: 'float32' }]]);
    expect(calls[0]?.[1].signal).toBeInstanceOf(AbortSignal);
  });

  it('hands its options on', async () => {
    const { calls, api } = recording();
    await patchlens([...CONVERT, '--names', 'huggingface', '--dtype', 'float16', '--force'], { api });
    expect(calls).toMatchObject([['m.npz', { names: 'huggingface', dtype: 'float16', force: true }]]);
  });

  it('says on standard error what the library does otherwise, unless told to be quiet', async () => {
    const { api } = recording(['timm resizes images another way']);
    const loud = await patchlens(CONVERT, { api });
    expect(loud).toEqual({ code: 0, stdout: 'out\n', stderr: 'patchlens: timm resizes images another way\n' });
    expect(await patchlens([...CONVERT, '--quiet'], { api })).toEqual({ code: 0, stdout: 'out\n', stderr: '' });
  });

  it('fails with 2 for a network that the library does not have, with 4 for a model that is damaged', async () => {
    const failing = (error: Error) => ({
      convertModel: async () => {
        throw error;
      },
    });
    const lacking = new ArgumentError('names timm: expected an architecture that timm has');
    expect(await patchlens(CONVERT, { api: failing(lacking) })).toEqual({
      code: 2,
      stdout: '',
      stderr: 'patchlens: names timm: expected an architecture that timm has\n',
    });
    expect(await patchlens(CONVERT, { api: failing(new WeightsError('m.npz: damaged')) })).toMatchObject({ code: 4 });
  });

  it('asks for an output and suggests the value that was meant', async () => {
    expect(await patchlens(['models', 'convert', 'm'])).toMatchObject({ code: 2, stdout: '' });
    const { code, stderr } = await patchlens([...CONVERT, '--dtype', 'float1']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean float16?');
  });

  it('explains itself', async () => {
    const { code, stdout } = await patchlens(['models', 'convert', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--names.*--dtype.*--force.*Examples:.*Exit codes/s);
  });
});
