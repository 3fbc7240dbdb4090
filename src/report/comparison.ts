import type { ClassAccuracy, ConfusionCell } from '../metrics/accuracy.ts';
import type { Contingency } from '../metrics/agreement.ts';
import type { ReliabilityBin } from '../metrics/calibration.ts';
import type { Cost } from '../metrics/cost.ts';
import type { Interval } from '../metrics/intervals.ts';
import type { McNemar } from '../metrics/mcnemar.ts';
import type { Spread } from '../metrics/quantiles.ts';

/** The version of `Comparison` as JSON; it rises when a field changes its meaning or goes. */
export const COMPARISON_VERSION = 1;

/** Models beside each other on the same images. Shares are 0…1; what could not be measured is null. */
export interface Comparison {
  readonly version: typeof COMPARISON_VERSION;
  /** Of the package that measured. */
  readonly patchlens: string;
  readonly data: ComparedData;
  readonly machine: Machine;
  readonly seed: number;
  readonly models: readonly ComparedModel[];
  /** Each two models: first and second, first and third, …, second and third, … */
  readonly pairs: readonly ComparedPair[];
  /** Empty where none was asked for. */
  readonly robustness: readonly RobustnessCurves[];
}

interface ComparedData {
  /** As it was named. */
  readonly source: string;
  /** Images that every model answered. */
  readonly images: number;
  /** Of those, how many have a label. */
  readonly labelled: number;
  /** How labels were read; null without labels. */
  readonly convention: string | null;
  /** Names of the classes that images have or were taken for, by index; empty without labels. */
  readonly classes: readonly { readonly index: number; readonly label: string }[];
  readonly failures: readonly { readonly path: string; readonly code: string; readonly message: string }[];
}

interface Machine {
  readonly processor: string;
  readonly parallelism: number;
  readonly node: string;
}

export interface ComparedModel {
  /** As it was asked for. */
  readonly name: string;
  readonly architecture: string;
  readonly backend: string;
  readonly precision: string;
  readonly threads: number;
  readonly imageSize: { readonly height: number; readonly width: number };
  readonly interpolation: string;
  readonly parameters: number;
  /** As float32. */
  readonly weightBytes: number;
  readonly cost: Cost;
  /** Null without labels. */
  readonly accuracy: ModelAccuracy | null;
  /** Null where it was not asked for. */
  readonly speed: ModelSpeed | null;
  readonly memory: ModelMemory | null;
}

interface ModelAccuracy {
  readonly images: number;
  readonly top1: number;
  readonly top5: number;
  /** 95 % interval of top1 (Wilson). */
  readonly top1Interval: Interval;
  /** Nats. */
  readonly negativeLogLikelihood: number;
  readonly expectedCalibrationError: number;
  readonly reliability: readonly ReliabilityBin[];
  readonly perClass: readonly (ClassAccuracy & { readonly label: string })[];
  /** Cells that are not zero. */
  readonly confusion: readonly ConfusionCell[];
}

export interface ModelSpeed {
  /** Milliseconds from prepared pixels to probabilities of one image. */
  readonly latency: Spread;
  readonly batchSize: number;
  /** Images a second at that batch size, from the median. */
  readonly throughput: number;
  /** How often each was timed, in turn with the other models. */
  readonly rounds: number;
}

/** Of a process of its own that loads the model and runs one batch. */
export interface ModelMemory {
  readonly peakBytes: number;
  /** Of the same process before the model was loaded. */
  readonly baselineBytes: number;
  readonly batchSize: number;
}

export interface ComparedPair {
  /** Places in `models`. */
  readonly first: number;
  readonly second: number;
  /** Share of the images with the same likeliest class. */
  readonly agreement: number;
  /** Bits. */
  readonly divergence: Spread & { readonly mean: number };
  /** Null without labels. */
  readonly accuracy: PairAccuracy | null;
  /** Images that the answers differ most on. */
  readonly mostDifferent: readonly DifferentImage[];
  /** Centred kernel alignment of layers; null where it was not asked for or images were too few. */
  readonly alignment: Alignment | null;
}

export interface PairAccuracy extends Contingency {
  /** Cohen's kappa of errors; null where chance leaves no room. */
  readonly errorConsistency: number | null;
  readonly mcnemar: McNemar;
  /** After Holm's correction for the number of pairs. */
  readonly adjustedPValue: number;
  /** Top-1 of the first less that of the second. */
  readonly difference: number;
  /** 95 % interval of the difference, from the paired bootstrap; null where no image tells the models apart. */
  readonly interval: Interval | null;
  /** The better one, where interval and test both say so; `none` where no difference is shown, which shows no equality. */
  readonly better: 'first' | 'second' | 'none';
}

export interface DifferentImage {
  readonly path: string;
  /** Name of the true class; null where it is not known. */
  readonly label: string | null;
  readonly divergence: number;
  readonly first: ShownAnswer;
  readonly second: ShownAnswer;
}

interface ShownAnswer {
  readonly label: string;
  readonly probability: number;
  /** Null where the true class is not known. */
  readonly right: boolean | null;
}

export interface Alignment {
  readonly images: number;
  /** Layers of the first model, and of the second. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** A row for each layer of the first model; null where a layer does not vary. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** What becomes of the answers as images are made harder. */
export interface RobustnessCurves {
  readonly kind: string;
  /** What a level says. */
  readonly unit: string;
  readonly images: number;
  /** From mild to harsh. */
  readonly levels: readonly number[];
  /** One for each model. */
  readonly models: readonly RobustnessCurve[];
}

interface RobustnessCurve {
  /** On the same images as they are; null without labels. */
  readonly cleanAccuracy: number | null;
  /** Top-1 at each level; null without labels. */
  readonly accuracy: readonly number[] | null;
  /** Share of the images that keep the likeliest class that they had. */
  readonly unchanged: readonly number[];
}
