import type { TokenGrid } from '../../attribution/token-grid.ts';
import { geometryOf } from '../../vit/geometry.ts';
import type { ViTConfig } from '../../weights/architecture.ts';

/** Class, distillation and register tokens by name, then the patches. */
export function tokenGridOf(config: ViTConfig): TokenGrid {
  const { Gh, Gw } = geometryOf(config);
  const { classToken, distillationToken, numRegisters } = config.prefix;
  const prefix = [
    ...(classToken ? ['class'] : []),
    ...(distillationToken ? ['distillation'] : []),
    ...Array.from({ length: numRegisters }, (_, i) => `register ${i}`),
  ];
  return { Gh, Gw, prefix };
}
