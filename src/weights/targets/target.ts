import type { ViTConfig } from '../architecture.ts';
import type { ViTWeights } from '../vit-weights.ts';
import type { Preprocessing, Size } from '../preprocessing.ts';
import type { TensorToWrite, TorchTensor } from '../torch-tensor.ts';
import type { WrittenDtype } from '../write-safetensors.ts';

/** A library that reads what patchlens writes. Each is one file beside this one. */
export interface Target {
  /** For people: «transformers». */
  readonly library: string;
  /** What of a network its classes do not have, in words; nothing when they hold all of it. */
  lacking(config: ViTConfig): readonly string[];
  /** The checkpoint of a network of which it lacks nothing. */
  publish(network: ViTWeights, about: About): Publication;
}

/** What goes into the configuration files beside the network's shape. */
export interface About {
  /** The name by which timm knows the network already. */
  readonly timmArchitecture: string | undefined;
  /** In pixels: what its images are prepared at. */
  readonly imageSize: Size;
  readonly labels: readonly string[] | undefined;
  readonly preprocessing: Preprocessing;
  readonly dtype: WrittenDtype;
  /** The network with its position table brought to `imageSize`. */
  readonly atImageSize: (network: ViTWeights) => ViTWeights;
}

/** A checkpoint as its library publishes it, before it is written. */
export interface Publication {
  /** In the form that the library has names for. */
  readonly network: ViTWeights;
  readonly tensorOf: (parameter: string) => TorchTensor;
  /** Tensors that the library asks for without using them to classify. */
  readonly idle: readonly TensorToWrite[];
  /** config.json */
  readonly config: object;
  /** preprocessor_config.json, where the library has one. */
  readonly preprocessor: object | undefined;
}
