/** A shorter movement is a click with an unsteady hand. */
const DRAG_THRESHOLD_PX = 6;

export interface Panning {
  /** Whether the press that has just ended moved the house. If so, it is no click. */
  hasMoved(): boolean;
}

/** Lets a mouse drag the house. Fingers and wheels scroll it without help. */
export function addPanning(viewport: HTMLElement): Panning {
  let start: { x: number; y: number; left: number; top: number } | undefined;
  let moved = false;
  viewport.addEventListener('pointerdown', (event) => {
    moved = false;
    if (event.pointerType !== 'mouse' || event.button !== 0) return;
    start = { x: event.clientX, y: event.clientY, left: viewport.scrollLeft, top: viewport.scrollTop };
  });
  viewport.addEventListener('pointermove', (event) => {
    if (!start) return;
    const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
    if (!moved && Math.hypot(dx, dy) < DRAG_THRESHOLD_PX) return;
    if (!moved && viewport.scrollWidth <= viewport.clientWidth && viewport.scrollHeight <= viewport.clientHeight)
      return;
    if (!moved) viewport.setPointerCapture(event.pointerId);
    moved = true;
    viewport.classList.add('is-panning');
    viewport.scrollTo(start.left - dx, start.top - dy);
  });
  const end = () => {
    start = undefined;
    viewport.classList.remove('is-panning');
  };
  viewport.addEventListener('pointerup', end);
  viewport.addEventListener('pointercancel', end);
  return { hasMoved: () => moved };
}
