import type { DownloadProgress, LoadOptions, Model } from '../index.ts';
import { loadOptions, preprocessingOf } from './options.ts';
import type { PreprocessingFlags, RunFlags } from './options.ts';
import { isTerminal } from './output/colours.ts';
import type { DownloadBars } from './output/download-bars.ts';
import type { CommandContext, Io } from './patchlens.ts';

/** Loads the model that was asked for, or the embedded one, with a bar on a terminal for each file that is downloaded. */
export async function loadModel(
  { api, io }: CommandContext,
  name: string | undefined,
  flags: RunFlags & PreprocessingFlags & { readonly quiet?: true },
  further: LoadOptions = {},
): Promise<Model> {
  const patchlens = await api.classify();
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
  // Loaded with the first event: most models lie on this machine.
  let bars: Promise<DownloadBars> | undefined;
  const onProgress = (event: DownloadProgress): void => {
    bars ??= import('./output/download-bars.ts').then(({ downloadBars }) => downloadBars(io.stderr));
    void bars.then((shown) => shown.update(event));
  };
  try {
    return await run({ signal: io.signal, onProgress: isTerminal(io.stderr) && !quiet ? onProgress : undefined });
  } finally {
    (await bars)?.stop();
  }
}
