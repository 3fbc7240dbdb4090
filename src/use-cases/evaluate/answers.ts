import type { PanelMember, Panel } from './panel.ts';
import { panelProbabilities } from './panel.ts';
import { ImageError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { decodeImage } from '../../image/decode.ts';
import { preprocess } from '../../image/preprocess.ts';
import { batched, mapAhead } from '../map-ahead.ts';
import { jensenShannon } from '../../metrics/divergence.ts';
import { topK } from '../../metrics/top-k.ts';

/** An image to be asked about, with the index of its class where that is known. */
export interface Question {
  readonly path: string;
  readonly label?: number | undefined;
}

/** What one model said of one image. */
interface PanelAnswer {
  /** The five likeliest classes, the likeliest first, and their probabilities. */
  readonly top: readonly number[];
  readonly probabilities: readonly number[];
  /** Of the true class, where that is known. */
  readonly labelProbability?: number | undefined;
}

/** What became of one image. */
export type Outcome =
  | {
      readonly status: 'ok';
      readonly path: string;
      readonly label?: number | undefined;
      /** One for each model. */
      readonly answers: readonly PanelAnswer[];
      /** Jensen–Shannon divergence in bits of each pair of models: 0 and 1, 0 and 2, …, 1 and 2, … */
      readonly divergences: readonly number[];
    }
  | {
      readonly status: 'error';
      readonly path: string;
      readonly error: { readonly code: ErrorCode; readonly message: string };
    };

export interface AskOptions {
  readonly batchSize: number;
  readonly autoOrient: boolean;
  readonly signal?: AbortSignal | undefined;
}

const TOP = 5;
/** Images decoded before the models ask for them, at least. */
const DECODE_AHEAD = 8;

/**
 * Asks every model about every image, batch by batch and in order, so that all see the same machine. A file that cannot
 * be used gives an outcome with `status: 'error'`.
 */
export async function* ask(
  panel: Panel,
  questions: Iterable<Question>,
  { batchSize, autoOrient, signal }: AskOptions,
): AsyncGenerator<Outcome, void, undefined> {
  const prepared = mapAhead(
    questions,
    Math.max(batchSize, DECODE_AHEAD),
    (question) => prepare(panel, question, autoOrient),
    signal,
  );
  for await (const batch of batched(prepared, batchSize)) {
    const usable = batch.filter((item) => item.status === 'ok');
    const perModel: Float32Array[][] = [];
    if (usable.length > 0) {
      for (const [m, member] of panel.members.entries()) {
        perModel.push(
          await panelProbabilities(
            member,
            usable.map(({ views }) => views[m]!),
            signal,
          ),
        );
      }
    }
    let next = 0;
    for (const item of batch) {
      if (item.status === 'error') yield item;
      else {
        const at = next++;
        yield outcomeOf(
          item.question,
          perModel.map((rows) => rows[at]!),
        );
      }
    }
  }
  signal?.throwIfAborted();
}

type Prepared =
  /** `views` are the prepared pixels for each model; models with one recipe share them. */
  | { readonly status: 'ok'; readonly question: Question; readonly views: readonly Float32Array[] }
  | Extract<Outcome, { status: 'error' }>;

async function prepare(panel: Panel, question: Question, autoOrient: boolean): Promise<Prepared> {
  try {
    return { status: 'ok', question, views: await viewsOf(panel, question.path, autoOrient) };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const { code, message } = error;
    return { status: 'error', path: question.path, error: { code, message } };
  }
}

/** A file as each model of the panel sees it: decoded once, prepared once for each recipe. */
export async function viewsOf({ members }: Panel, path: string, autoOrient: boolean): Promise<Float32Array[]> {
  const pixels = await decodeImage(path, { autoOrient });
  const byRecipe = new Map<string, Float32Array>();
  return members.map(({ info: { preprocessing }, resample: kernel }: PanelMember) => {
    const key = JSON.stringify(preprocessing);
    const view = byRecipe.get(key) ?? preprocess(pixels, preprocessing, { kernel }).data;
    byRecipe.set(key, view);
    return view;
  });
}

function outcomeOf({ path, label }: Question, perModel: readonly Float32Array[]): Outcome {
  const answers = perModel.map((probabilities): PanelAnswer => {
    const top = topK(probabilities, TOP);
    return {
      top,
      probabilities: top.map((index) => probabilities[index]!),
      ...(label !== undefined && { labelProbability: probabilities[label]! }),
    };
  });
  const divergences = pairsOf(perModel.length).map(([a, b]) => jensenShannon(perModel[a]!, perModel[b]!));
  return { status: 'ok', path, ...(label !== undefined && { label }), answers, divergences };
}

/** Each two of `count` things: 0 and 1, 0 and 2, …, 1 and 2, … */
export function pairsOf(count: number): (readonly [number, number])[] {
  const indices = Array.from({ length: count }, (_, i) => i);
  return indices.flatMap((a) => indices.slice(a + 1).map((b) => [a, b] as const));
}
