import type { ColourMapName } from '../figure/colour-map.ts';
import type { ExplorerData } from './explorer-data.ts';

/** What the page hands its script. */
export interface PageRecord {
  readonly data: ExplorerData;
  readonly tables: ColourTables;
}

/** 256 colours as bytes, by name. */
export type ColourTables = Readonly<Record<(typeof TABLES)[number], Uint8Array>>;

export const TABLES = ['viridis', 'magma', 'cividis', 'grey', 'blue-red'] as const satisfies readonly ColourMapName[];
