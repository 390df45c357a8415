import { find, oncePerFrame } from './dom.ts';

const SMALLEST_PX = 9;
const LARGEST_PX = 72;
/** The largest seat of a fit. Without it, a small house would become a wall of tiles. */
const LARGEST_FIT_PX = 48;
const LARGEST_FIT_ON_WALL_PX = 64;
const WALL_WIDTH_PX = 1_900;
/** Smaller seats show no numbers. */
const NUMBERS_FROM_PX = 19;
/** The smallest seat that a finger can hit. */
const FINGER_PX = 26;
const STEP = 1.25;
/** The space between seats and for row labels, in widths of a seat. house.css has the same. */
const GAP = 0.16;
const LABELS = 2.6;

export interface Zoom {
  /**
   * Makes a house of so many seats across and so many rows fill the view. On a touch screen seats stay large enough,
   * and it scrolls.
   */
  fit(widest: number, rows: number): void;
}

/** Sets the size of a seat: by buttons, by ctrl and wheel (browsers report a pinch on a trackpad so), or to fit. */
export function addZoom(viewport: HTMLElement, grid: HTMLElement): Zoom {
  const [smaller, larger, whole] = [find('#zoom-out'), find('#zoom-in'), find('#zoom-fit')];
  let size = 32;
  let [across, rows] = [10, 5];
  let isFitted = true;
  let isWhole = false;

  const apply = (wanted: number, x: number, y: number) => {
    const next = Math.min(LARGEST_PX, Math.max(SMALLEST_PX, wanted));
    // The seat under the pointer, or in the middle, stays in place.
    const before = grid.getBoundingClientRect();
    const place = { x: (x - before.left) / before.width, y: (y - before.top) / before.height };
    size = next;
    grid.parentElement!.style.setProperty('--seat', `${next}px`);
    grid.dataset.density = next < NUMBERS_FROM_PX ? 'far' : 'near';
    smaller.toggleAttribute('disabled', next <= SMALLEST_PX);
    larger.toggleAttribute('disabled', next >= LARGEST_PX);
    const after = grid.getBoundingClientRect();
    viewport.scrollBy(after.left + place.x * after.width - x, after.top + place.y * after.height - y);
  };
  const centre = () => {
    const box = viewport.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2] as const;
  };
  // A wheel turns faster than a large house can be laid out, so the steps of a frame are applied together.
  let pending: { size: number; x: number; y: number } | undefined;
  const applyPending = oncePerFrame(() => {
    if (pending) apply(pending.size, pending.x, pending.y);
    pending = undefined;
  });
  const zoomBy = (factor: number, x: number, y: number) => {
    isFitted = false;
    pending = { size: (pending?.size ?? size) * factor, x, y };
    applyPending();
  };
  const fit = () => {
    isFitted = true;
    const most = window.innerWidth >= WALL_WIDTH_PX ? LARGEST_FIT_ON_WALL_PX : LARGEST_FIT_PX;
    const byWidth = (viewport.clientWidth - 32) / (across * (1 + GAP) + LABELS);
    const byHeight = (viewport.clientHeight - 110) / (rows * (1 + GAP));
    const least = !isWhole && matchMedia('(pointer: coarse)').matches ? FINGER_PX : 0;
    // A view that grows with its content has no height to fit into.
    const hasHeight = getComputedStyle(viewport).maxHeight === 'none';
    apply(Math.floor(Math.min(most, Math.max(least, hasHeight ? Math.min(byWidth, byHeight) : byWidth))), ...centre());
    viewport.scrollTo((viewport.scrollWidth - viewport.clientWidth) / 2, 0);
  };

  smaller.addEventListener('click', () => zoomBy(1 / STEP, ...centre()));
  larger.addEventListener('click', () => zoomBy(STEP, ...centre()));
  whole.addEventListener('click', () => {
    isWhole = true;
    fit();
  });
  viewport.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 240), event.clientX, event.clientY);
    },
    { passive: false },
  );
  new ResizeObserver(() => isFitted && fit()).observe(viewport);
  return {
    fit(widestRow, rowCount) {
      [across, rows] = [widestRow, rowCount];
      isWhole = false;
      fit();
    },
  };
}
