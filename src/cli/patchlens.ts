import type { Readable } from 'node:stream';

/**
 * What the commands use of the public API, part by part as `src/api` divides it, so that a test can stand in for a model.
 * A part is loaded when it is asked for: help and usage errors need no tensor engine, and an answer no charts.
 */
export interface Api {
  readonly attention: Part<
    typeof import('../api/attention.ts'),
    'drawMaps' | 'explorerPage' | 'methodsFor' | 'npyFile'
  >;
  readonly classify: Part<
    typeof import('../api/classify.ts'),
    'EMBEDDED_MODEL' | 'decodeImage' | 'findImages' | 'listModels' | 'loadModel'
  >;
  readonly compare: Part<
    typeof import('../api/compare.ts'),
    'PERTURBATION_KINDS' | 'compare' | 'renderComparison' | 'summariseComparison'
  >;
  readonly convert: Part<typeof import('../api/convert.ts'), 'convertModel'>;
  readonly doctor: Part<typeof import('../api/doctor.ts'), 'diagnose'>;
  readonly errors: Part<typeof import('../errors.ts'), 'PatchlensError'>;
  readonly evaluate: Part<typeof import('../api/evaluate.ts'), 'evaluate'>;
  readonly explain: Part<
    typeof import('../api/explain.ts'),
    | 'BUILT_IN_EXAMPLE'
    | 'explain'
    | 'explainImage'
    | 'explainTraining'
    | 'explanationPage'
    | 'explanationText'
    | 'parseExample'
  >;
  readonly train: Part<typeof import('../api/train.ts'), 'NAMED_NETWORKS' | 'dataStudy' | 'train'>;
}

type Part<Module, Name extends keyof Module> = () => Promise<Pick<Module, Name>>;

/** A part that has been loaded. */
export type Loaded<Name extends keyof Api> = Awaited<ReturnType<Api[Name]>>;

/** What every command is given. */
export interface CommandContext {
  readonly api: Api;
  readonly io: Io;
}

/** The world outside, as `main.ts` hands it in; nothing else in the command line touches `process`. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted with an `Interruption` when the user asks to stop. */
  readonly signal: AbortSignal;
}

export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number | undefined };
