/** Cells of a grid, of which one at a time is a stop of the Tab key; arrow keys move between them. */
export interface Roving {
  /** Makes a cell the stop, without moving the focus. */
  stopAt(index: number): void;
}

/** @param cells row by row. */
export function roving(grid: HTMLElement, cells: readonly HTMLElement[], columns: number): Roving {
  let stop = 0;
  const stopAt = (index: number): void => {
    cells[stop]?.setAttribute('tabindex', '-1');
    stop = index;
    cells[stop]?.setAttribute('tabindex', '0');
  };
  for (const cell of cells) cell.setAttribute('tabindex', '-1');
  stopAt(0);
  grid.addEventListener('keydown', (event) => {
    const next = nextCell(event, stop, { columns, count: cells.length });
    if (next === undefined) return;
    event.preventDefault();
    stopAt(next);
    cells[next]?.focus();
  });
  return { stopAt };
}

interface Shape {
  readonly columns: number;
  readonly count: number;
}

/** Where a key leads from a cell; undefined for a key that is not one of these. */
function nextCell({ key, ctrlKey }: KeyboardEvent, from: number, { columns, count }: Shape): number | undefined {
  const column = from % columns;
  const start = from - column;
  const end = start + columns - 1;
  switch (key) {
    case 'ArrowLeft':
      return Math.max(start, from - 1);
    case 'ArrowRight':
      return Math.min(end, from + 1);
    case 'ArrowUp':
      return from < columns ? from : from - columns;
    case 'ArrowDown':
      return from + columns < count ? from + columns : from;
    case 'Home':
      return ctrlKey ? 0 : start;
    case 'End':
      return ctrlKey ? count - 1 : end;
    case 'PageUp':
      return column;
    case 'PageDown':
      return count - columns + column;
    default:
      return undefined;
  }
}
