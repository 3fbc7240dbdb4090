import type { Random } from './random.ts';
import type { View } from './view.ts';

interface GridOptions {
  /** Cells along each side. */
  readonly grid: number;
  /** Of the cells, 0…1. */
  readonly share: number;
  readonly random: Random;
}

/** Cells of the grid, chosen at random, made black. */
export function dropped(view: View, { grid, share, random }: GridOptions): View {
  const data = view.data.slice();
  for (const cell of chosen(grid, share, random)) {
    const { top, left, height, width } = cellOf(view, grid, cell);
    for (let y = top; y < top + height; y += 1) {
      data.fill(0, (y * view.width + left) * 3, (y * view.width + left + width) * 3);
    }
  }
  return { ...view, data };
}

/** Cells of the grid, chosen at random, put in each other's places; each moves, where more than one is chosen. */
export function shuffled(view: View, { grid, share, random }: GridOptions): View {
  const data = view.data.slice();
  const cells = chosen(grid, share, random);
  // In a circle of a random order no cell stays where it was.
  for (const [i, cell] of cells.entries())
    copyCell(view, data, { grid, from: cell, to: cells[(i + 1) % cells.length]! });
  return { ...view, data };
}

/** A grey square of a share of the area, somewhere at random. */
export function occluded(view: View, { share, random }: { readonly share: number; readonly random: Random }): View {
  const data = view.data.slice();
  const side = Math.min(view.width, view.height, Math.round(Math.sqrt(share * view.width * view.height)));
  const top = Math.floor(random.uniform() * (view.height - side + 1));
  const left = Math.floor(random.uniform() * (view.width - side + 1));
  for (let y = top; y < top + side; y += 1) {
    data.fill(0.5, (y * view.width + left) * 3, (y * view.width + left + side) * 3);
  }
  return { ...view, data };
}

/** The first cells of a random order, so that a larger share of the same chance holds the smaller. */
function chosen(grid: number, share: number, random: Random): number[] {
  const cells = Array.from({ length: grid * grid }, (_, i) => i);
  for (let i = 0; i < cells.length - 1; i += 1) {
    const j = i + Math.floor(random.uniform() * (cells.length - i));
    [cells[i], cells[j]] = [cells[j]!, cells[i]!];
  }
  return cells.slice(0, Math.round(share * cells.length));
}

/** Cells differ by a pixel where the grid does not divide the image. */
function cellOf({ width, height }: View, grid: number, cell: number) {
  const rows = spanOf(height, grid, Math.floor(cell / grid));
  const columns = spanOf(width, grid, cell % grid);
  return { top: rows.start, height: rows.length, left: columns.start, width: columns.length };
}

function spanOf(length: number, grid: number, place: number) {
  const start = Math.round((place * length) / grid);
  return { start, length: Math.round(((place + 1) * length) / grid) - start };
}

interface Move {
  readonly grid: number;
  readonly from: number;
  readonly to: number;
}

function copyCell(view: View, data: Float32Array, { grid, from, to }: Move): void {
  const source = cellOf(view, grid, from);
  const target = cellOf(view, grid, to);
  for (let y = 0; y < target.height; y += 1) {
    const sourceY = source.top + Math.floor((y * source.height) / target.height);
    for (let x = 0; x < target.width; x += 1) {
      const sourceX = source.left + Math.floor((x * source.width) / target.width);
      const pixel = (sourceY * view.width + sourceX) * 3;
      data.set(view.data.subarray(pixel, pixel + 3), ((target.top + y) * view.width + target.left + x) * 3);
    }
  }
}
