import { ArgumentError, WeightsError } from '../../errors.ts';
import { planCnn } from '../load/cnn.ts';
import { planViT } from '../load/vit.ts';
import type { LocateOptions } from '../model-info.ts';
import { locateModel } from '../models.ts';
import { resNetStudent, vitStudent } from './student.ts';
import type { Student } from './student.ts';
import { positionsAt } from '../../vit/positions.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import type { NamedArrays } from '../../weights/arrays.ts';
import { assemble } from '../../weights/assemble.ts';
import { readCheckpoint } from '../../weights/checkpoint.ts';
import type { Checkpoint } from '../../weights/checkpoint.ts';
import type { ResNetConfig } from '../../weights/cnn-architecture.ts';
import { describe } from '../../weights/describe.ts';
import type { Description } from '../../weights/family.ts';
import type { Size } from '../../weights/preprocessing.ts';
import { timmTarget } from '../../weights/targets/timm.ts';

/** A network that has been trained before, to be trained further on other images. */
export interface CheckpointChoice {
  readonly kind: 'checkpoint';
  /** Named as for `loadModel`. */
  readonly model: string;
  /** In pixels; default its own. The learned positions of a ViT are resampled to another. */
  readonly imageSize?: Size | undefined;
}

interface CheckpointStart {
  readonly student: Student;
  readonly given: ReadonlyMap<string, Float32Array>;
}

/**
 * A checkpoint's network with a head for the given classes: a new one, random, unless they are the checkpoint's own. Its
 * images are prepared as the checkpoint's are.
 *
 * @throws ArgumentError for a network that cannot be trained; what `loadModel` throws for a checkpoint.
 */
export async function startFrom(
  { model, imageSize }: CheckpointChoice,
  classes: readonly string[],
  options: LocateOptions,
): Promise<CheckpointStart> {
  const { path } = await locateModel(model, options);
  const checkpoint = await readCheckpoint(path);
  options.signal?.throwIfAborted();
  const { family, description } = describe(checkpoint);
  const { config, architecture } = description;
  const known = family.names === 'timm' ? architecture : undefined;
  const place: Place = { checkpoint, description, classes, imageSize, timmArchitecture: known };
  switch (config.kind) {
    case 'vit':
      return fromViT(config, place);
    case 'resnet':
      return fromResNet(config, place);
    default:
      throw new ArgumentError(
        `model ${path}: expected a Vision Transformer or a ResNet, which can be trained, got ${architecture}`,
      );
  }
}

interface Place {
  readonly checkpoint: Checkpoint;
  readonly description: Description;
  readonly classes: readonly string[];
  readonly imageSize: Size | undefined;
  /** The name by which timm knows the network. */
  readonly timmArchitecture: string | undefined;
}

function fromViT(published: ViTConfig, place: Place): CheckpointStart {
  const { checkpoint, description, classes, imageSize, timmArchitecture } = place;
  const { where } = checkpoint;
  const plan = planViT(published, description.imageSize, { where, options: { imageSize } });
  const config = { ...published, imageSize: plan.imageSize, numClasses: classes.length };
  const lacks = timmTarget.lacking(config);
  if (lacks.length > 0) {
    throw new ArgumentError(
      `model ${where}: expected a network that can be written under timm's names, got one with ${lacks.join(', ')}`,
    );
  }
  const arrays = new Map(assemble(checkpoint, description, plan.shapes));
  const positions = arrays.get('positions');
  if (positions !== undefined) arrays.set('positions', positionsAt(positions, published, config));
  const preprocessing = description.preprocessingAt(plan.imageSize);
  const student = vitStudent(config, classes, preprocessing, { timmArchitecture });
  return { student, given: valuesFor(student, arrays, place) };
}

function fromResNet(published: ResNetConfig, place: Place): CheckpointStart {
  const { checkpoint, description, classes, imageSize } = place;
  const { where } = checkpoint;
  if (published.block === 'bottleneck' && published.bottleneckStride === 'first') {
    throw new ArgumentError(
      `model ${where}: expected a ResNet that timm's names can stand for, whose bottlenecks stride in their 3×3 convolution`,
    );
  }
  const plan = planCnn(published, description.imageSize, { where, options: { imageSize } });
  const arrays = assemble(checkpoint, description, plan.shapes);
  const config = { ...published, numClasses: classes.length };
  const student = resNetStudent(config, classes, description.preprocessingAt(plan.imageSize));
  return { student, given: valuesFor(student, arrays, place) };
}

/** The checkpoint's values, without the head where its classes are others. */
function valuesFor(
  { network }: Student,
  arrays: NamedArrays,
  { checkpoint: { where }, description: { labels }, classes }: Place,
): ReadonlyMap<string, Float32Array> {
  const keepsHead = labels !== undefined && labels.join('\n') === classes.join('\n');
  const given = new Map<string, Float32Array>();
  for (const [name, shape] of [...network.shapes, ...network.runningShapes]) {
    const array = arrays.get(name);
    if (array === undefined || (network.isHead(name) && !keepsHead)) continue;
    // A table of relative positions belongs to one grid: there is no published way of resampling it.
    if (array.shape.join() !== shape.join()) {
      throw new WeightsError(
        `${where}: ${name}: expected [${shape.join(', ')}], got [${array.shape.join(', ')}]. Train at its own image size.`,
      );
    }
    given.set(name, array.data);
  }
  return given;
}
