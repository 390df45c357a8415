/**
 * Moves through a grid with the keyboard (https://www.w3.org/WAI/ARIA/apg/patterns/grid/). One seat is in the tab
 * order; the arrow keys put another one there.
 */
export interface GridKeys {
  makeCurrent(cell: HTMLElement): void;
}

const PAGE_ROWS = 5;

export function addGridKeys(grid: HTMLElement): GridKeys {
  const makeCurrent = (cell: HTMLElement) => {
    grid.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    cell.setAttribute('tabindex', '0');
    cell.focus();
  };
  grid.addEventListener('keydown', (event) => {
    const cell = (event.target as Element).closest<HTMLElement>('.seat');
    if (!cell || event.altKey || event.metaKey) return;
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      if (!event.repeat) cell.click();
      return;
    }
    const target = targetOf(cell, event);
    if (!target) return;
    event.preventDefault();
    if (target !== cell) makeCurrent(target);
  });
  return { makeCurrent };
}

function targetOf(cell: HTMLElement, { key, ctrlKey }: KeyboardEvent): HTMLElement | undefined {
  const row = cell.parentElement!;
  const inRow = seatsOf(row);
  const index = inRow.indexOf(cell);
  const at = (seats: HTMLElement[], place: number) => seats[Math.min(seats.length - 1, Math.max(0, place))];
  const rowAt = (by: number) => {
    const rows = [...row.parentElement!.children] as HTMLElement[];
    const other = rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(row) + by))]!;
    const seats = seatsOf(other);
    // Rows are centred, so in a longer or shorter row the seat straight ahead has another index.
    return at(seats, index + Math.floor((seats.length - inRow.length) / 2));
  };
  switch (key) {
    case 'ArrowLeft':
      return at(inRow, index - 1);
    case 'ArrowRight':
      return at(inRow, index + 1);
    case 'ArrowUp':
      return rowAt(-1);
    case 'ArrowDown':
      return rowAt(1);
    case 'PageUp':
      return rowAt(-PAGE_ROWS);
    case 'PageDown':
      return rowAt(PAGE_ROWS);
    case 'Home':
      return ctrlKey ? at(seatsOf(row.parentElement!), 0) : inRow[0];
    case 'End':
      return ctrlKey ? at(seatsOf(row.parentElement!), Infinity) : inRow.at(-1);
    default:
      return undefined;
  }
}

const seatsOf = (parent: Element): HTMLElement[] => [...parent.querySelectorAll<HTMLElement>('.seat')];
