import { isRight } from './answer.ts';
import type { LabelledAnswer } from './answer.ts';

/** The answers whose confidence lies in (from, to]. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly images: number;
  /** Mean confidence, and the share that was right; null without images. */
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

export interface Calibration {
  /** Σ |accuracy − confidence| · images / all images over the bins (Guo et al. 2017, eq. 3); null without images. */
  readonly expectedCalibrationError: number | null;
  readonly bins: readonly ReliabilityBin[];
}

/** As many as Guo et al. use. */
const RELIABILITY_BINS = 15;

/** How far confidence can be taken for the chance of being right: bins of equal width over 0…1. */
export function calibrationOf(answers: readonly LabelledAnswer[], numBins = RELIABILITY_BINS): Calibration {
  const sums = Array.from({ length: numBins }, () => ({ images: 0, confidence: 0, right: 0 }));
  for (const answer of answers) {
    const bin = sums[binOf(answer.confidence, numBins)]!;
    bin.images += 1;
    bin.confidence += answer.confidence;
    bin.right += Number(isRight(answer));
  }
  const gaps = sums.reduce((sum, { confidence, right }) => sum + Math.abs(right - confidence), 0);
  return {
    expectedCalibrationError: answers.length === 0 ? null : gaps / answers.length,
    bins: sums.map(({ images, confidence, right }, i) => ({
      from: edge(i, numBins),
      to: edge(i + 1, numBins),
      images,
      confidence: images === 0 ? null : confidence / images,
      accuracy: images === 0 ? null : right / images,
    })),
  };
}

/** The first bin whose upper edge is not below the confidence. */
function binOf(confidence: number, numBins: number): number {
  let bin = 0;
  while (bin < numBins - 1 && edge(bin + 1, numBins) < confidence) bin += 1;
  return bin;
}

// As numpy.linspace rounds, so that a confidence on an edge falls into the same bin as with scikit-learn.
function edge(index: number, numBins: number): number {
  return index === numBins ? 1 : index * (1 / numBins);
}

/**
 * Mean −ln of what the model gave the true class, in nats; null without images. A probability of zero counts as 2⁻⁵²,
 * as scikit-learn's `log_loss` has it, so that one image cannot make the mean infinite.
 */
export function negativeLogLikelihood(answers: readonly LabelledAnswer[]): number | null {
  if (answers.length === 0) return null;
  const sum = answers.reduce((total, { labelProbability }) => total - Math.log(clipped(labelProbability)), 0);
  return sum / answers.length;
}

function clipped(probability: number): number {
  return Math.min(1, Math.max(Number.EPSILON, probability));
}
