import { clearLine, cursorTo } from 'node:readline';

import cliProgress from 'cli-progress';
import type { Options, Params } from 'cli-progress';

import type { ImageProgress } from '../../index.ts';
import type { Io, OutputStream } from '../patchlens.ts';
import { isTerminal } from './colours.ts';
import { note } from './notes.ts';
import type { Progress } from './progress.ts';

export interface ProgressOptions {
  /** Undefined for a list that is still being read: then images are only counted. */
  readonly total: number | undefined;
  /** Whether results appear in the same terminal, above the bar. */
  readonly sharesTerminal: boolean;
}

/** A bar on `stream`, a terminal. */
export function progressBar(stream: OutputStream, { total, sharesTerminal }: ProgressOptions): Progress {
  const bars = new cliProgress.MultiBar({
    stream,
    format: (options, params) => progressLine(options, params, total),
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    // `makeRoom` wipes the bar, so it is drawn anew even when it has not changed.
    forceRedraw: true,
    // Trims to the terminal. Switching its wrapping off instead would leave it off after a kill.
    linewrap: true,
    gracefulExit: false,
    emptyOnZero: true,
  });
  const bar = bars.create(total ?? 0, 0);
  bars.update();
  return {
    advance() {
      bar.increment();
      if (sharesTerminal) bars.update();
    },
    makeRoom() {
      if (!sharesTerminal) return;
      clearLine(stream, 0);
      cursorTo(stream, 0);
    },
    stop: () => bars.stop(),
  };
}

/**
 * For what reports by itself how far it is: on a terminal a bar for the images and then one for every further stage, and
 * anywhere a note of what an earlier run had done.
 */
export function imageProgress(io: Io, { quiet }: { readonly quiet?: true }) {
  const isWatched = isTerminal(io.stderr) && io.env['TERM'] !== 'dumb' && !quiet;
  let bar: Progress | undefined;
  let drawn = 0;
  return {
    onImage({ stage, done, total, resumed }: ImageProgress): void {
      if (done > resumed) {
        for (; drawn < done; drawn += 1) bar?.advance();
        return;
      }
      bar?.stop();
      bar = undefined;
      drawn = resumed;
      if (resumed > 0 && !quiet) note(io, `${resumed} of ${total} images were answered before`);
      if (!isWatched || total === resumed) return;
      if (stage !== 'answers') note(io, `measuring ${stage}`);
      bar = progressBar(io.stderr, { total: total - resumed, sharesTerminal: false });
    },
    stop: (): void => bar?.stop(),
  };
}

function progressLine(options: Options, { value, progress, startTime }: Params, total: number | undefined): string {
  const seconds = (Date.now() - startTime) / 1000;
  const rate = seconds > 0 ? value / seconds : 0;
  const speed = value === 0 ? '' : `  ${rate.toFixed(rate < 10 ? 1 : 0)} images/s`;
  if (total === undefined) return `${value} images${speed}`;
  const left = value === 0 ? '' : `  ${duration((total - value) / rate)} left`;
  return `${cliProgress.Format.BarFormat(progress, options)}  ${value}/${total}${speed}${left}`;
}

/** `42 s`, `3 min 05 s`, `2 h 10 min` */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
