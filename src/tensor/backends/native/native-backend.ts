import type { DataId, DataType, TensorInfo, backend_util } from '@tensorflow/tfjs-core';

import { util } from '../../tfjs.ts';
import { MathBackendCPU } from '../tfjs-cpu.ts';
import { ArgumentError } from '../../../errors.ts';
import type { Addon } from './addon.ts';
import { BufferPool } from './buffer-pool.ts';

/** A tensor's values as the kernels read them fastest. */
interface PackedForm {
  readonly form: string;
  readonly values: Float32Array;
}

/**
 * The storage of tfjs's CPU backend, where a tensor is a typed array, with arrays that are used again and with the packed
 * form of each matrix that multiplies, for as long as its tensor lives.
 */
export class NativeBackend extends MathBackendCPU {
  readonly #addon: Addon;
  readonly #buffers: BufferPool;
  #packed = new WeakMap<DataId, PackedForm>();

  constructor(addon: Addon) {
    super();
    this.#addon = addon;
    this.#buffers = new BufferPool((array) => addon.floatsToLine(array));
  }

  /** The values of a float32 tensor, in place. */
  floatsOf(where: string, { dataId, dtype }: TensorInfo): Float32Array {
    if (dtype !== 'float32') {
      throw new ArgumentError(`${where}: expected a float32 tensor, got ${dtype}. Cast it first.`);
    }
    const { values } = this.data.get(dataId);
    if (values instanceof Float32Array) return values;
    // tfjs casts whole numbers and truth values to float32 by changing nothing but the name of their type.
    return Float32Array.from(values as ArrayLike<number>);
  }

  /** A new float32 tensor with arbitrary contents, which the kernel is to write whole. */
  output(shape: readonly number[]): { readonly info: TensorInfo; readonly values: Float32Array } {
    const values = this.#buffers.take(util.sizeFromShape([...shape]));
    const info: TensorInfo = {
      dataId: super.write(values, [...shape], 'float32'),
      shape: [...shape],
      dtype: 'float32',
    };
    return { info, values };
  }

  /** The form in which the addon multiplies by a [K, N] matrix in a precision. */
  packedForm(matrix: TensorInfo, precision: number): Float32Array {
    const [K = 0, N = 0] = matrix.shape;
    // A reshaped tensor shares its data with the original but not its panels.
    return this.packed(matrix, `${K} ${N} ${precision}`, (floats) => {
      const values = new Float32Array(this.#addon.packedLength(K, N, precision));
      this.#addon.pack(floats, values, K, N, precision);
      return values;
    });
  }

  /** What `pack` makes of a tensor's values the first time; `form` is all that it depends on beside them. */
  packed(tensor: TensorInfo, form: string, pack: (floats: Float32Array) => Float32Array): Float32Array {
    const known = this.#packed.get(tensor.dataId);
    if (known?.form === form) return known.values;
    const values = pack(this.floatsOf('matrix', tensor));
    this.#packed.set(tensor.dataId, { form, values });
    return values;
  }

  /** For another instruction set, which packs in another way. */
  forgetPackedForms(): void {
    this.#packed = new WeakMap();
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId {
    // A stock kernel may have made its output over an input's memory, as slice does.
    if (ArrayBuffer.isView(values)) this.#buffers.escape(values);
    return super.write(values, shape, dtype);
  }

  override readSync(dataId: DataId): backend_util.BackendValues {
    const { values } = this.data.get(dataId);
    // What the caller gets it may keep longer than the tensor.
    if (values instanceof Float32Array && this.#buffers.has(values)) return values.slice();
    return super.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const isFreed = super.disposeData(dataId, force);
    if (isFreed && values !== undefined) {
      this.#packed.delete(dataId);
      if (values instanceof Float32Array) this.#buffers.give(values);
    }
    return isFreed;
  }
}
