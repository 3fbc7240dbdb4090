import { tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { distilledLoss, labelLoss } from '../../src/training/loss.ts';
import { describeBackends } from '../support/backends.ts';

const STUDENT = [
  [1, -2, 0.5],
  [0.2, 0.3, -1],
];
const TOKEN = [
  [0, 1, 2],
  [-1, 0.5, 0.25],
];
const TEACHER = [
  [3, 1, -1],
  [0, 2, 1.5],
];
const TARGETS = [
  [1, 0, 0],
  [0, 0, 1],
];

function probabilities(row: readonly number[], temperature = 1): number[] {
  const powers = row.map((logit) => Math.exp(logit / temperature));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** −Σ target · log p, mean over the rows. */
function crossEntropy(logits: readonly number[][], targets: readonly number[][]): number {
  const rows = logits.map((row, i) => {
    const p = probabilities(row);
    return -targets[i]!.reduce((sum, target, c) => sum + target * Math.log(p[c]!), 0);
  });
  return rows.reduce((a, b) => a + b, 0) / rows.length;
}

function divergence(student: readonly number[][], teacher: readonly number[][], temperature: number): number {
  const rows = student.map((row, i) => {
    const [p, q] = [probabilities(teacher[i]!, temperature), probabilities(row, temperature)];
    return p.reduce((sum, share, c) => sum + share * Math.log(share / q[c]!), 0);
  });
  return (temperature ** 2 * rows.reduce((a, b) => a + b, 0)) / rows.length;
}

describeBackends('losses', () => {
  function of(
    loss: (tensors: { student: Tensor2D; token: Tensor2D; teacher: Tensor2D; targets: Tensor2D }) => {
      dataSync(): ArrayLike<number>;
    },
  ) {
    const tensors = {
      student: tensor2d(STUDENT),
      token: tensor2d(TOKEN),
      teacher: tensor2d(TEACHER),
      targets: tensor2d(TARGETS),
    };
    const made = loss(tensors) as ReturnType<typeof labelLoss>;
    const value = made.dataSync()[0]!;
    for (const each of [made, ...Object.values(tensors)]) each.dispose();
    return value;
  }

  test('of labels is the cross-entropy, of the mean of two heads where there are two', () => {
    expect(of(({ student, targets }) => labelLoss({ logits: student }, targets))).toBeCloseTo(
      crossEntropy(STUDENT, TARGETS),
      5,
    );
    const mean = STUDENT.map((row, i) => row.map((logit, c) => (logit + TOKEN[i]![c]!) / 2));
    const loss = of(({ student, token, targets }) => labelLoss({ logits: student, distillation: token }, targets));
    expect(loss).toBeCloseTo(crossEntropy(mean, TARGETS), 5);
  });

  test('of a teacher: soft, the divergence of softened probabilities', () => {
    const how = { kind: 'soft', weight: 0.25, temperature: 3 } as const;
    const loss = of(({ student, teacher, targets }) => distilledLoss({ logits: student }, targets, teacher, how));
    const expected = 0.75 * crossEntropy(STUDENT, TARGETS) + 0.25 * divergence(STUDENT, TEACHER, 3);
    expect(loss).toBeCloseTo(expected, 5);
  });

  test('of a teacher: hard, the cross-entropy of the distillation token against its choices', () => {
    const how = { kind: 'hard', weight: 0.5 } as const;
    const loss = of(({ student, token, teacher, targets }) =>
      distilledLoss({ logits: student, distillation: token }, targets, teacher, how),
    );
    const choices = [
      [1, 0, 0],
      [0, 1, 0],
    ];
    expect(loss).toBeCloseTo(0.5 * crossEntropy(STUDENT, TARGETS) + 0.5 * crossEntropy(TOKEN, choices), 5);
  });
});
