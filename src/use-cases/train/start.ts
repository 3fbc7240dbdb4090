import { startFrom } from './checkpoint.ts';
import type { CheckpointChoice } from './checkpoint.ts';
import type { LoadedImages } from './images.ts';
import { imageSizeOf, preprocessingFor, resNetConfigOf, vitConfigOf } from './network.ts';
import type { NetworkChoice } from './network.ts';
import { resNetStudent, vitStudent } from './student.ts';
import type { Student } from './student.ts';
import { imagesOnDemand } from '../../training/pixel-store.ts';
import type { Interpolation } from '../../weights/preprocessing.ts';

export type { CheckpointChoice } from './checkpoint.ts';

/** A network before its first step. */
export interface Start {
  readonly student: Student;
  /** Values that it begins with, by dotted name; the rest are random. */
  readonly given: ReadonlyMap<string, Float32Array>;
}

/** The choice of a caller, made ready for the classes of some images. */
export async function startOf(
  images: LoadedImages,
  options: {
    readonly network: NetworkChoice | CheckpointChoice;
    readonly interpolation?: Interpolation | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Start & Disposable> {
  const { network, signal } = options;
  const { classes } = images.labelled;
  const start =
    network.kind === 'checkpoint'
      ? await startFrom(network, classes, { signal })
      : { student: await fresh(network, images, options.interpolation), given: new Map<string, Float32Array>() };
  return { ...start, [Symbol.dispose]: () => start.student.network.dispose() };
}

async function fresh(
  network: NetworkChoice,
  { labelled: { classes }, files: { paths } }: LoadedImages,
  interpolation: Interpolation = 'bicubic',
): Promise<Student> {
  // Looked at once here: the batches are made elsewhere.
  const source = imagesOnDemand({ paths, keptBytes: 0 });
  const preprocessing = await preprocessingFor(imageSizeOf(network), interpolation, source);
  const numClasses = classes.length;
  switch (network.kind) {
    case 'vit':
      return vitStudent(vitConfigOf(network, numClasses), classes, preprocessing);
    case 'resnet':
      return resNetStudent(resNetConfigOf(network, numClasses), classes, preprocessing);
  }
}
