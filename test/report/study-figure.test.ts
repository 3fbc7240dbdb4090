import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';

import { studyFigure } from '../../src/report/study-figure.ts';

const point = (images: number, top1: readonly number[], deviation?: number) => ({
  images,
  top1,
  mean: top1.reduce((sum, value) => sum + value, 0) / top1.length,
  deviation,
});

test('the figure of a study says its means, has a dot for each seed and a bar for each deviation', async () => {
  const models = [
    { name: 'vit', points: [point(50, [0.2, 0.3], 0.07), point(500, [0.4, 0.4], 0)] },
    { name: 'resnet', points: [point(50, [0.5]), point(500, [0.75])] },
  ];
  const svg = await studyFigure({ validationImages: 100, models });
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  const { document } = parseHTML(`<html><body>${svg}</body></html>`);
  expect(document.querySelector('svg')?.getAttribute('aria-label')).toBe(
    'Accuracy by the number of training images. vit: 25.0 % of 50, 40.0 % of 500; resnet: 50.0 % of 50, 75.0 % of 500.',
  );
  const marks = (label: string, shape: string): number =>
    document.querySelectorAll(`g[data-mark="${label}"] ${shape}`).length;
  expect(marks('rule', 'line')).toBe(2);
  // A mean for each point, a dot for each seed.
  expect(marks('dot', 'circle')).toBe(4 + 6);
});
