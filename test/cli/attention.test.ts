import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { loadModel } from '../../src/use-cases/classify.ts';
import { SHAPES, SHAPES_VIT } from '../support/shapes-vit.ts';
import { patchlens as run } from './harness.ts';

const STAR = `${SHAPES}star/gold.png`;
const HEART = `${SHAPES}heart/coral.png`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-attention-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function attention(...argv: string[]) {
  return run(['attention', '--model', SHAPES_VIT, ...argv], { api: { loadModel } });
}

describe('patchlens attention', () => {
  it('gives numbers as JSON: maps, their grid, who asks, what is predicted', async () => {
    const { code, stdout, stderr } = await attention(STAR, '--method', 'rollout', 'relevance', '--target', 'heart');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { path, results } = JSON.parse(stdout);
    expect(path).toBe(STAR);
    const [rollout, relevance] = results;
    expect(rollout).toMatchObject({ method: 'rollout', query: 'class', quantity: 'share of attention' });
    expect(rollout.predictions[0]).toMatchObject({ label: 'star' });
    expect(relevance.target.label).toBe('heart');
    const { shape, values, prefix } = rollout.maps[0];
    expect(shape).toEqual([rollout.grid.Gh, rollout.grid.Gw]);
    // Rows of rollout sum to one, what the class token keeps included.
    expect(values.flat().reduce((a: number, b: number) => a + b, prefix.class)).toBeCloseTo(1, 5);
  });

  it('draws a wall of heads and layers as PNG', async () => {
    const file = join(folder, 'wall.png');
    const { code } = await attention(STAR, '--method', 'attention', '--layer', 'all', '--head', 'all', '-o', file);
    expect(code).toBe(0);
    const { format, width, height } = await sharp(file).metadata();
    expect(format).toBe('png');
    expect(Math.min(width, height)).toBeGreaterThan(400);
  });

  it('draws a CNN beside, with the methods that suit it', async () => {
    const cnn = ['--beside', 'test/golden/cnns/timm-resnet-basic'];
    const { code, stdout } = await attention(STAR, '--format', 'svg', '--method', 'rollout', 'grad-cam', ...cnn);
    expect(code).toBe(0);
    expect(stdout.match(/<image /g)).toHaveLength(3);
    expect(stdout).toMatch(/>Predicted by resnet18: /);
    const json = await attention(STAR, '--format', 'json', ...cnn);
    expect({ code: json.code, stdout: json.stdout }).toEqual({ code: 2, stdout: '' });
    expect(json.stderr).toContain('--beside: expected .png or .svg');
  });

  it('draws SVG to standard output', async () => {
    const { code, stdout } = await attention(STAR, '--format', 'svg', '--contour', '0.5', '--theme', 'dark');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<svg xmlns/);
    expect(stdout).toContain('the same for every class');
    expect(stdout).not.toContain('<script');
  });

  it('writes an array that NumPy reads', async () => {
    const file = join(folder, 'maps.npy');
    expect((await attention(STAR, '--method', 'attention', '--layer', '0,2', '-o', file)).code).toBe(0);
    const bytes = await readFile(file);
    expect(bytes.subarray(0, 6).toString('latin1')).toBe('\x93NUMPY');
    const header = bytes.toString('latin1', 10, 10 + bytes.readUInt16LE(8));
    const [, layers, Gh, Gw] = /'shape': \((\d+), (\d+), (\d+)\)/.exec(header)!.map(Number);
    expect(layers).toBe(2);
    expect(bytes.length).toBe(10 + bytes.readUInt16LE(8) + 4 * layers! * Gh! * Gw!);
  });

  it('writes a page to explore, which names neither folder nor markup', async () => {
    const photo = join(folder, `<img src=x onerror="alert(1)">.png`);
    await copyFile(STAR, photo);
    const file = join(folder, 'map.html');
    expect((await attention(photo, '--steps', '0:1,3', '-o', file)).code).toBe(0);
    const page = await readFile(file, 'utf8');
    expect(page).toContain('<h1>Where ');
    expect(page).toContain('&#60;img src=x onerror=');
    expect(page).not.toContain('<img src=x');
    expect(page).not.toContain(folder);
    const record = JSON.parse(/id="record">(.*?)<\/script>/s.exec(page)![1]!);
    const places = record.data.steps.map(({ layer, head }: { layer: number; head: number }) => [layer, head]);
    expect(places).toEqual([[0, 1], ...Array.from({ length: record.data.attention.numHeads }, (_, head) => [3, head])]);
  });

  it('explains several images into a folder, and goes on after a bad one', async () => {
    const bad = join(folder, 'bad.png');
    await writeFile(bad, 'no image');
    const out = join(folder, 'maps');
    const { code, stderr } = await attention(STAR, bad, HEART, '--format', 'json', '-o', out);
    expect(code).toBe(1);
    expect(stderr).toContain('bad.png: expected an image');
    expect(stderr).toContain('1 of 3 images could not be explained');
    expect((await readdir(out)).toSorted()).toEqual(['coral.json', 'gold.json']);
  });

  it.each([
    [[STAR, '--method', 'rolout'], 'Did you mean rollout?'],
    [[STAR, '--layer', '3-1'], 'Expected as 11, 0-3,11 or all.'],
    [[STAR, '--layer', '9'], 'layer: expected a whole number from 0 to 3, got 9'],
    [[STAR, '--query', 'register 0'], 'token: expected one of class, patches'],
    [[STAR, '--query', '99,0'], 'token: expected a patch of the grid'],
    [[STAR, '--target', 'cow', '--method', 'relevance'], 'target: expected a class of'],
    [[STAR, '--format', 'png'], 'expected --output for png'],
    [[STAR, HEART, '-o', 'x.png'], 'expected a folder for 2 images, got a file'],
    [[STAR, '-o', 'x.jpg'], 'expected .png, .svg, .npy, .json, .html or a folder'],
    [[STAR, '-o', 'x.html', '--method', 'relevance'], '--method: expected none for a page'],
    [[STAR, '-o', 'x.html', '--steps', '3:'], 'Expected as 11, 0,5:2, all or none.'],
    [[STAR, '-o', 'x.html', '--steps', '4'], 'steps: expected a layer from 0 to 3, got 4'],
    [[STAR, '--range', '1,0'], 'Expected own, shared, or two numbers'],
    [[STAR, '--discard', '2'], 'Expected a number from 0 to 1.'],
    [[STAR, '--fusion', 'max', '--method', 'rollout', '--head', '7'], 'head: expected a whole number'],
  ])('%j fails with 2 and one line', async (argv, message) => {
    const { code, stdout, stderr } = await attention(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
