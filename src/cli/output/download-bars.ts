import cliProgress from 'cli-progress';
import type { Options, Params } from 'cli-progress';

import type { DownloadProgress } from '../../index.ts';
import type { OutputStream } from '../patchlens.ts';
import { printable } from './printable.ts';
import { duration } from './progress-bar.ts';

export interface DownloadBars {
  update(event: DownloadProgress): void;
  stop(): void;
}

/** A bar for each file that is downloaded, on `stream`, a terminal; a finished one stays in view. */
export function downloadBars(stream: OutputStream): DownloadBars {
  let bars: cliProgress.MultiBar | undefined;
  const byFile = new Map<string, cliProgress.SingleBar>();
  return {
    update({ model, file, receivedBytes, totalBytes }) {
      // Made with the first event: a model that is in the cache draws nothing.
      bars ??= new cliProgress.MultiBar({
        stream,
        format: downloadLine,
        barsize: 24,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        linewrap: true,
        gracefulExit: false,
        emptyOnZero: true,
      });
      const bar = byFile.get(file) ?? bars.create(totalBytes, 0, { name: printable(`${model} ${file}`) });
      byFile.set(file, bar);
      bar.update(receivedBytes);
    },
    stop: () => bars?.stop(),
  };
}

function downloadLine(
  options: Options,
  { value, total, progress, startTime }: Params,
  { name }: { name: string },
): string {
  const seconds = (Date.now() - startTime) / 1000;
  const rate = seconds > 0 ? value / seconds : 0;
  const left = value === 0 || value === total ? '' : `  ${duration((total - value) / rate)} left`;
  return `${cliProgress.Format.BarFormat(progress, options)}  ${bytesOf(value)} of ${bytesOf(total)}${left}  ${name}`;
}

function bytesOf(count: number): string {
  return count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
