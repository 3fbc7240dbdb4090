import { contours } from 'd3-contour';

import { smooth } from '../../attribution/field.ts';
import type { Field } from '../../attribution/field.ts';
import type { Rectangle } from './heat-map.ts';

/** Points of the field to a cell and axis: contours of the cells alone would be all corners. */
const FINENESS = 4;

/** SVG path of the lines on which a field, smoothed, has a value; in the picture's pixels. */
export function contourPath(field: Field, threshold: number, place: Rectangle): string {
  const { Gh, Gw } = field;
  const [rows, columns] = [Gh * FINENESS, Gw * FINENESS];
  const values = Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return smooth(field, (row + 0.5) / FINENESS, (column + 0.5) / FINENESS);
  });
  const shape = contours().size([columns, rows]).smooth(true).contour(values, threshold);
  const x = (at: number): string => (place.left + (at / columns) * place.width).toFixed(1);
  const y = (at: number): string => (place.top + (at / rows) * place.height).toFixed(1);
  const rings = shape.coordinates.flat();
  return rings.map((ring) => `M${ring.map(([across = 0, down = 0]) => `${x(across)} ${y(down)}`).join('L')}Z`).join('');
}
