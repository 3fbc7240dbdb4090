import { describe, expect, it } from 'vitest';

import { packageVersion } from '../../src/cli/version.ts';
import { EMBEDDED_MODEL } from '../../src/use-cases/models.ts';
import { DIAGNOSIS, fakePatchlens, patchlens } from './harness.ts';

describe('help and version', () => {
  it('prints the version of the package', async () => {
    expect(await patchlens(['--version'])).toEqual({ code: 0, stdout: `${packageVersion()}\n`, stderr: '' });
  });

  it.each([
    ['--help'],
    ['help'],
    ['classify', '--help'],
    ['help', 'classify'],
    ['explain', '--help'],
    ['models', 'info', '--help'],
  ])('explains %s %s on stdout without loading the library', async (...argv) => {
    const unloaded = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('the library was loaded');
        },
      },
    );
    const { code, stdout, stderr } = await patchlens(argv, { api: unloaded });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: patchlens');
    expect(stdout).toContain('Examples:');
  });

  it('documents every exit code of classify', async () => {
    const { stdout } = await patchlens(['classify', '--help']);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/0 +done.*1 +an image.*2 +usage.*3 +no image.*4 +problem.*130 +interrupted/s);
  });

  it('shows the help on stderr and fails with 2 when no command is given', async () => {
    for (const argv of [[], ['models']]) {
      const { code, stdout, stderr } = await patchlens(argv);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('Usage: patchlens');
    }
  });
});

describe('patchlens models', () => {
  it('lists the embedded models', async () => {
    const { code, stdout } = await patchlens(['models', 'list']);
    expect(code).toBe(0);
    expect(stdout).toBe('Model   Parameters  Classes  Description\nshapes  1,234,567   2        Four shapes, drawn.\n');
  });

  it('lists them as JSON', async () => {
    const { stdout } = await patchlens(['models', 'list', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual(fakePatchlens().listModels());
  });

  it('shows what a model is, preprocessing in words', async () => {
    const { code, stdout } = await patchlens(['models', 'info', 'm']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Model {2,}m$/m);
    expect(stdout).toMatch(/^Parameters {2,}5,717,416$/m);
    expect(stdout).toMatch(/^Weights {2,}22.9 MB as float32$/m);
    expect(stdout).toMatch(/^Multiply-adds {2,}1,253,683,200 an image \(1.26 G with norms, as timm counts\)$/m);
    expect(stdout).toMatch(/^Activations {2,}5,974,636 values an image$/m);
    expect(stdout).toMatch(/^Patches {2,}196 of 16 x 16 pixels$/m);
    expect(stdout).toMatch(/^Encoder {2,}12 blocks, width 192, 3 heads, MLP 768$/m);
    expect(stdout).toMatch(
      /^Preprocessing {2,}resize the shorter edge to 248 \(bicubic\); crop the centre to 224 x 224; /m,
    );
    expect(stdout).toMatch(/^Backend {2,}wasm, f32, 2 threads$/m);
  });

  it('gives the same record as the library as JSON, of the embedded model when none is named', async () => {
    const { stdout } = await patchlens(['models', 'info', '--format', 'json']);
    const model = await fakePatchlens().loadModel(EMBEDDED_MODEL);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(model.info)));
  });
});

describe('patchlens doctor', () => {
  it('says what works, what does not and why, and what auto takes', async () => {
    const { code, stdout } = await patchlens(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Node {2,}20\.20\.2, supported$/m);
    expect(stdout).toMatch(/^ {2}tensorflow {2}no: backend tensorflow: not installed$/m);
    expect(stdout).toMatch(/^ {2}wasm {8}loads: tfjs 4\.22\.0, SIMD <- auto takes this one$/m);
    expect(stdout).toMatch(/^@tensorflow\/tfjs-node {2,}not installed$/m);
  });

  it('gives the diagnosis as JSON', async () => {
    const { stdout } = await patchlens(['doctor', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual(DIAGNOSIS);
  });

  it('fails with 4 where nothing can run, after it has said why', async () => {
    const noBackend = { diagnose: async () => ({ ...DIAGNOSIS, auto: null }) };
    expect(await patchlens(['doctor'], { api: noBackend })).toMatchObject({
      code: 4,
      stdout: expect.stringContaining('Backends'),
      stderr: 'patchlens: no backend loads on this machine\n',
    });
    const images = { status: 'unavailable', reason: 'sharp: no binary' } as const;
    const noImages = { diagnose: async () => ({ ...DIAGNOSIS, images }) };
    expect(await patchlens(['doctor'], { api: noImages })).toMatchObject({ code: 4 });
  });
});
