import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';

import { trainingPage } from '../../src/report/training-page.ts';
import type { TrainingRecord } from '../../src/report/training.ts';

const RECORD: TrainingRecord = {
  name: 'run <1>',
  facts: [['classes', 'cat, <b>dog</b>']],
  isDistilled: false,
  steps: 400,
  curve: [100, 200, 300].map((step) => ({
    step,
    loss: 2 - step / 400,
    accuracy: step / 400,
    learningRate: 0.001,
    gradientNorm: 1,
    imagesPerSecond: 90,
  })),
  trials: [
    { step: 100, images: 50, top1: 0.5, loss: 1.5 },
    { step: 300, images: 50, top1: 0.44, loss: 1.2 },
  ],
};

async function drawn(record: TrainingRecord) {
  const html = await trainingPage(record);
  return { html, document: parseHTML(html).document };
}

test('the report of a run says how far it is and how good, and describes each curve', async () => {
  const { document } = await drawn(RECORD);
  expect(document.querySelector('p')?.textContent).toBe(
    '300 of 400 steps are done. After step 300 the model gets 44.0 % of 50 validation images right. ' +
      'The highest was 50.0 %, after step 100.',
  );
  const about = [...document.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label'));
  expect(about).toHaveLength(5);
  expect(about[0]).toBe(
    'Loss. training: from 1.75 at step 100 to 1.25 at step 300; validation: from 1.5 at step 100 to 1.2 at step 300.',
  );
});

test('losses of which one has a part more are not drawn beside each other', async () => {
  const { document } = await drawn({ ...RECORD, isDistilled: true });
  const about = [...document.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label'));
  expect(about.slice(0, 2)).toEqual([
    "Loss of training, the teacher's part in it. training: from 1.75 at step 100 to 1.25 at step 300.",
    'Loss of validation. validation: from 1.5 at step 100 to 1.2 at step 300.',
  ]);
});

test('names from outside stay text', async () => {
  const { document, html } = await drawn(RECORD);
  expect(document.querySelector('title')?.textContent).toBe('Training of run <1>');
  expect(document.querySelector('dd')?.textContent).toBe('cat, <b>dog</b>');
  expect(html).not.toContain('<b>dog');
});

test('a run without trials has no legend for them, and one without steps no curves', async () => {
  const { document } = await drawn({ ...RECORD, trials: [] });
  expect(document.querySelector('.legend')).toBeNull();
  expect((await drawn({ ...RECORD, trials: [], curve: [] })).document.querySelector('svg')).toBeNull();
});
