import type { Readable } from 'node:stream';

/** The part of the public API that the commands use, so that a test can stand in for a model. */
export type Patchlens = Pick<
  typeof import('../index.ts'),
  | 'BUILT_IN_EXAMPLE'
  | 'EMBEDDED_MODEL'
  | 'NAMED_NETWORKS'
  | 'PatchlensError'
  | 'PERTURBATION_KINDS'
  | 'compare'
  | 'convertModel'
  | 'dataStudy'
  | 'decodeImage'
  | 'diagnose'
  | 'drawMaps'
  | 'evaluate'
  | 'explain'
  | 'explainImage'
  | 'explainTraining'
  | 'explanationPage'
  | 'explanationText'
  | 'explorerPage'
  | 'findImages'
  | 'listModels'
  | 'loadModel'
  | 'methodsFor'
  | 'npyFile'
  | 'parseExample'
  | 'renderComparison'
  | 'summariseComparison'
  | 'train'
>;

/** What every command is given. The API is loaded on demand: help and usage errors need no tensor engine. */
export interface CommandContext {
  readonly api: () => Promise<Patchlens>;
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
