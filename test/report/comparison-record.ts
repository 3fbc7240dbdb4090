import { COMPARISON_VERSION } from '../../src/report/comparison.ts';
import type { ComparedModel, ComparedPair, Comparison, DifferentImage } from '../../src/report/comparison.ts';

/** What a page must show as text, and never as markup, a line break or a turn of the reading direction. */
export const HOSTILE = [
  '<script>alert(1)</script>.png',
  '"><img src=x onerror=alert(1)>.png',
  "it's «quoted» & 'quoted'.jpg",
  'two\nlines\tand a tab.jpg',
  'ひまわり-σκύλος-خرگوش.jpg',
  'gpj.\u202eexe.png',
  `${'a-very-long-name-without-a-space'.repeat(6)}.webp`,
] as const;

const CLASSES = ['tabby cat', '<class> & "co"', '10'];

/** A comparison of three models on labelled images, every part of it filled in. */
export function comparisonRecord(models: readonly string[] = ['a/vit', 'b/mobilenet', 'c/<b>net']): Comparison {
  return {
    version: COMPARISON_VERSION,
    patchlens: '1.2.3',
    data: {
      source: 'photos/<i>of</i> "cats"',
      images: 40,
      labelled: 38,
      convention: 'name',
      classes: CLASSES.map((label, index) => ({ index, label })),
      failures: [{ path: 'bad', code: 'IMAGE_UNREADABLE', message: '<img src=x>: expected an image, got text' }],
    },
    machine: { processor: 'Abacus <9000>', parallelism: 2, node: '20.20.2' },
    seed: 7,
    models: models.map((name, m) => model(name, m)),
    pairs: models.flatMap((_, first) =>
      models.slice(first + 1).map((__, i) => pair(first, first + 1 + i, models.length)),
    ),
    robustness: ['patch-drop', 'jpeg'].map((kind) => ({
      kind,
      unit: 'how much <of> it',
      images: 20,
      levels: [0.1, 0.5, 0.9],
      models: models.map((_, m) => ({
        cleanAccuracy: 0.9 - 0.1 * m,
        accuracy: [0.8 - 0.1 * m, 0.6 - 0.1 * m, 0.3 - 0.1 * m],
        unchanged: [0.9, 0.7 - 0.1 * m, 0.4 - 0.1 * m],
      })),
    })),
  };
}

function model(name: string, m: number): ComparedModel {
  const top1 = [0.816, 0.737, 0.684][m % 3]!;
  return {
    name,
    architecture: 'vit_tiny_patch16_224',
    backend: 'native',
    precision: 'f32',
    threads: 2,
    imageSize: { height: 224, width: 224 },
    interpolation: 'bicubic',
    parameters: 5_717_416 - 1e6 * m,
    weightBytes: 22_869_664 - 4e6 * m,
    cost: { multiplyAdds: 1.25e9 / (m + 1), multiplyAddsWithNorms: 1.26e9 / (m + 1), activations: 6e6 },
    accuracy: {
      images: 38,
      top1,
      top5: 0.95,
      top1Interval: { low: top1 - 0.12, high: top1 + 0.1 },
      negativeLogLikelihood: 0.7 + 0.1 * m,
      expectedCalibrationError: 0.05 + 0.01 * m,
      reliability: Array.from({ length: 15 }, (_, i) => ({
        from: i / 15,
        to: (i + 1) / 15,
        images: i < 3 ? 0 : i,
        confidence: i < 3 ? null : (i + 0.5) / 15,
        accuracy: i < 3 ? null : Math.min(1, (i + m) / 15),
      })),
      perClass: CLASSES.map((label, index) => ({
        index,
        label,
        images: 12 + index,
        top1: (index + m) / 5,
        top5: 1,
        precision: 0.5,
      })),
      confusion: [
        { label: 0, predicted: 0, images: 12 },
        { label: 0, predicted: 1, images: 3 + m },
      ],
    },
    speed: { latency: { median: 11.4 - m, p95: 14.2 - m }, batchSize: 8, throughput: 120 + m, rounds: 20 },
    memory: { peakBytes: 201e6, baselineBytes: 80e6, batchSize: 8 },
  };
}

function pair(first: number, second: number, models: number): ComparedPair {
  const rows = Array.from({ length: 14 }, (_, i) => `blocks.${i}`);
  return {
    first,
    second,
    agreement: 0.71,
    divergence: { mean: 0.186, median: 0.13, p95: 0.556 },
    accuracy: {
      both: 24,
      onlyFirst: 7,
      onlySecond: 4,
      neither: 3,
      errorConsistency: 0.1,
      mcnemar: { method: 'exact', statistic: null, pValue: 0.5488 },
      adjustedPValue: Math.min(1, 0.5488 * models),
      difference: 3 / 38,
      interval: { low: -0.079, high: 0.237 },
      better: 'none',
    },
    mostDifferent: HOSTILE.map((path, i) => different(path, i)),
    alignment: {
      images: 20,
      rows,
      columns: rows.slice(0, 9),
      values: rows.map((_, i) => rows.slice(0, 9).map((__, j) => (i === 3 && j === 3 ? null : 1 / (1 + (i - j) ** 2)))),
    },
  };
}

function different(path: string, i: number): DifferentImage {
  return {
    path,
    label: i === 6 ? null : '<label> "tabby" & cat',
    divergence: 0.9 - 0.1 * i,
    first: { label: 'tabby <cat>', probability: 0.8, right: i === 6 ? null : i % 3 === 0 },
    second: { label: 'lynx', probability: 0.4, right: i === 6 ? null : i % 3 === 1 },
  };
}
