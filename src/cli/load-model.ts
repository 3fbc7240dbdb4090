import type { LoadOptions, Model } from '../index.ts';
import { loadOptions, preprocessingOf } from './options.ts';
import type { PreprocessingFlags, RunFlags } from './options.ts';
import { isTerminal } from './output/colours.ts';
import { downloadBars } from './output/download-bars.ts';
import type { Io, Patchlens } from './patchlens.ts';

/** Loads the model that was asked for, or the embedded one, with a bar on a terminal for each file that is downloaded. */
export async function loadModel(
  patchlens: Patchlens,
  io: Io,
  name: string | undefined,
  flags: RunFlags & PreprocessingFlags & { readonly quiet?: true },
  further: LoadOptions = {},
): Promise<Model> {
  return withDownloadBars(io, flags, (progress) =>
    patchlens.loadModel(name ?? patchlens.EMBEDDED_MODEL, {
      ...loadOptions(flags),
      ...preprocessingOf(flags),
      ...further,
      ...progress,
    }),
  );
}

/** Runs what may download a model, with a bar on a terminal for each file that arrives. */
export async function withDownloadBars<T>(
  io: Io,
  { quiet }: { readonly quiet?: true },
  run: (options: Pick<LoadOptions, 'signal' | 'onProgress'>) => Promise<T>,
): Promise<T> {
  const bars = isTerminal(io.stderr) && !quiet ? downloadBars(io.stderr) : undefined;
  try {
    return await run({ signal: io.signal, onProgress: bars && ((event) => bars.update(event)) });
  } finally {
    bars?.stop();
  }
}
