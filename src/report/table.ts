import { markup } from './markup.ts';
import type { Markup } from './markup.ts';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => Markup | string;
  /** What the rows are sorted by; the column does not sort when absent. Null comes last. */
  readonly order?: (row: Row) => number | string | null;
}

export interface TableOptions<Row> {
  readonly caption: string;
  /** The first heads its row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

/** A table that the reader can sort by any column, also by keyboard; without scripts it is a plain one. */
export function sortableTable<Row>({ caption, columns, rows }: TableOptions<Row>): Markup {
  const head = columns.map(({ name, order }) =>
    order === undefined
      ? markup`<th scope="col">${name}</th>`
      : markup`<th scope="col" aria-sort="none"><button type="button">${name}</button></th>`,
  );
  const body = rows.map((row) => markup`<tr>${columns.map((column, i) => cellOf(column, row, i === 0))}</tr>`);
  return markup`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="sortable"><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function cellOf<Row>({ cell, order }: Column<Row>, row: Row, isHead: boolean): Markup {
  const key = order?.(row);
  const sortable = key === undefined || key === null ? undefined : markup` data-order="${key}"`;
  return isHead ? markup`<th scope="row"${sortable}>${cell(row)}</th>` : markup`<td${sortable}>${cell(row)}</td>`;
}

/** Sorts on a click or a key: down first where there are numbers, for the best is mostly the largest. */
export const SORT_SCRIPT = `
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector('button')?.addEventListener('click', () => {
      const rows = [...table.tBodies[0].rows];
      const keyOf = (row) => row.cells[column].dataset.order;
      const isNumeric = rows.every((row) => keyOf(row) === undefined || keyOf(row) !== '' && Number.isFinite(Number(keyOf(row))));
      const first = isNumeric ? 'descending' : 'ascending';
      const other = isNumeric ? 'ascending' : 'descending';
      const direction = head.getAttribute('aria-sort') === first ? other : first;
      for (const each of heads) if (each.hasAttribute('aria-sort')) each.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', direction);
      const sign = direction === 'ascending' ? 1 : -1;
      const compare = isNumeric ? (a, b) => a - b : (a, b) => a.localeCompare(b);
      rows.sort((a, b) => {
        const [x, y] = [keyOf(a), keyOf(b)];
        if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
        return sign * compare(x, y);
      });
      table.tBodies[0].append(...rows);
    });
  });
}
`;

export const TABLE_STYLE = `
.scroll { overflow-x: auto; margin: .5rem 0 1.5rem; } caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap; }
th[scope=row], th[scope=row] ~ td.text, thead th:first-child { text-align: left; } th[scope=row] { font-weight: 600; min-width: 11rem; max-width: 20rem; white-space: normal; }
thead th { background: var(--raised); }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline dotted; }
th[aria-sort=ascending] button::after { content: " \\25b2"; } th[aria-sort=descending] button::after { content: " \\25bc"; }
`;
