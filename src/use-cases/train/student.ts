import { filesOf } from '../convert/files.ts';
import { trainableResNet } from '../../training/trainable-resnet.ts';
import { trainableViT } from '../../training/trainable-vit.ts';
import type { Trainable } from '../../training/trainable.ts';
import { paramShapes } from '../../vit/params.ts';
import type { ViTConfig } from '../../weights/architecture.ts';
import type { ResNetConfig } from '../../weights/cnn-architecture.ts';
import type { Preprocessing } from '../../weights/preprocessing.ts';
import { publishTimmResNet } from '../../weights/targets/timm-resnet.ts';
import { timmTarget } from '../../weights/targets/timm.ts';
import { writeModel } from '../../weights/write-model.ts';
import type { WrittenDtype } from '../../weights/write-safetensors.ts';

/** A network that learns, and how it is written as a model. */
export interface Student {
  readonly network: Trainable;
  readonly preprocessing: Preprocessing;
  /** Its configuration as text: two networks with the same one take the same parameters. */
  readonly identity: string;
  /** Writes config.json and model.safetensors, each whole. */
  readonly write: (folder: string, values: ReadonlyMap<string, Float32Array>, dtype?: WrittenDtype) => Promise<void>;
}

/** A Vision Transformer with the given classes, written under timm's names. */
export function vitStudent(
  config: ViTConfig,
  classes: readonly string[],
  preprocessing: Preprocessing,
  { timmArchitecture }: { readonly timmArchitecture?: string | undefined } = {},
): Student {
  const shapes = paramShapes(config);
  return {
    network: trainableViT(config),
    preprocessing,
    identity: JSON.stringify(config),
    write: async (folder, values, dtype = 'float32') => {
      const network = {
        config,
        parameter: (name: string) => ({ shape: shapes.get(name) ?? [], data: values.get(name) ?? new Float32Array() }),
      };
      const published = timmTarget.publish(network, {
        timmArchitecture,
        imageSize: config.imageSize,
        labels: classes,
        preprocessing,
        dtype,
        atImageSize: (same) => same,
      });
      await writeModel(folder, filesOf(published), { dtype });
    },
  };
}

/** A ResNet with the given classes, written under the names that timm and torchvision share. */
export function resNetStudent(config: ResNetConfig, classes: readonly string[], preprocessing: Preprocessing): Student {
  const network = trainableResNet(config, preprocessing.imageSize);
  const shapes = new Map([...network.shapes, ...network.runningShapes]);
  return {
    network,
    preprocessing,
    identity: JSON.stringify(config),
    write: async (folder, values, dtype = 'float32') => {
      const parameter = (name: string) => ({
        shape: shapes.get(name) ?? [],
        data: values.get(name) ?? new Float32Array(),
      });
      await writeModel(folder, publishTimmResNet(config, shapes, parameter, { classes, preprocessing }), { dtype });
    },
  };
}
