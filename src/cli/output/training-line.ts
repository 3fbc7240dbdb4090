import { clearLine, cursorTo } from 'node:readline';

import type { TrainEvent } from '../../index.ts';
import type { Io } from '../patchlens.ts';
import { duration } from './progress-bar.ts';

/** The line on a terminal that says how a training run goes. */
export interface TrainingLine {
  show(event: TrainEvent): void;
  clear(): void;
}

/** Drawn at most this often. */
const INTERVAL_MS = 200;

export function trainingLine({ stderr }: Io, isWatched: boolean): TrainingLine {
  let drawnAt = 0;
  const clear = (): void => {
    if (!isWatched) return;
    clearLine(stderr, 0);
    cursorTo(stderr, 0);
  };
  return {
    clear,
    show: (event) => {
      const text = isWatched ? textOf(event) : undefined;
      if (text === undefined || Date.now() - drawnAt < INTERVAL_MS) return;
      drawnAt = Date.now();
      clear();
      stderr.write(text.slice(0, (stderr.columns ?? 80) - 1));
    },
  };
}

function textOf(event: TrainEvent): string | undefined {
  if (event.kind !== 'step') return undefined;
  const { report, imagesPerSecond, steps } = event;
  const { step, loss, accuracy, images } = report;
  const left = duration(((steps - step) * images) / imagesPerSecond);
  const facts = [`loss ${loss.toFixed(3)}`, `${(100 * accuracy).toFixed(0)} % right`];
  return [`${step}/${steps}`, ...facts, `${imagesPerSecond.toFixed(0)} images/s`, `${left} left`].join('  ');
}
