import type { ModelScene } from './model-scene';
import type { Change, Scene } from './seat-rules';

/**
 * PURE but for the stop watch. Finds an order of all events of a history in which each could have happened at one instant
 * between its beginning and its end (Wing and Gong 1993, with Lowe's memory of what has failed). Five things keep it quick:
 *
 * - An event that changes nothing and fits now is taken at once. Taking it later can't help: it would still change
 *   nothing, and until then it only stands in the way.
 * - Where something certain can never happen any more, as its seats have moved on, nothing else is tried.
 * - A seat leaves no version that something certain has yet to see: versions only rise. Without this, a wrong guess about
 *   a command without an answer shows much later, behind a great many orders of everything else.
 * - Of what may come next, only a stubborn set is tried (Valmari 1990): everything that could bring about the event that must
 *   end first, or come into conflict with that. The rest may as well come later, as it ends later.
 * - Only what has failed is remembered, so a straight way costs no memory.
 */

export interface Event {
  /** For people. */
  readonly text: string;
  readonly beginMs: number;
  readonly endMs: number;
  /** Whether it must have happened. */
  readonly isCertain: boolean;
  /** What it does in a scene; undefined when it can't happen there so. */
  readonly effect: (scene: Scene) => readonly Change[] | undefined;
  /** Whether it can't happen any more, whatever comes before it. */
  readonly isLost: (scene: Scene) => boolean;
  /** The seats and people that it changes or depends on, less those that must change before it can happen. */
  readonly touches: (scene: Scene) => readonly string[];
  /** Seats and people of which one must change before it can happen, if it can't now. */
  readonly needs: (scene: Scene) => readonly string[];
  /** Seats in the versions that it tells, as {@link inVersion} names them: none of them is over before it. */
  readonly sees?: readonly string[];
  /** Events that happened before it, whatever the clocks say. */
  readonly awaits?: readonly Event[];
}

export function inVersion(seat: string, version: number): string {
  return `${seat} v${version}`;
}

export type Verdict =
  | { readonly kind: 'linearizable'; readonly steps: number }
  | { readonly kind: 'violated'; readonly steps: number; readonly evidence: string }
  | { readonly kind: 'undecided'; readonly steps: number; readonly evidence: string };

export interface Limits {
  readonly timeMs: number;
  /** How many failures are remembered before giving up. */
  readonly memory: number;
}

const LIMITS: Limits = { timeMs: 60_000, memory: 1_000_000 };
const STEPS_BETWEEN_LOOKS = 256;

export function linearize(events: readonly Event[], scene: ModelScene, limits: Limits = LIMITS): Verdict {
  return new Search(events, scene, limits).run();
}

interface Frame {
  /** Those that changed nothing, taken on arrival. */
  readonly taken: readonly number[];
  readonly key: string;
  readonly ways: readonly Way[];
  next: number;
  /** Takes back the way that is being tried. */
  back: readonly Change[];
}

interface Way {
  readonly index: number;
  readonly changes: readonly Change[];
}

class Search {
  private readonly events: readonly Event[];
  private readonly left: Remaining;
  private readonly awaited: readonly (readonly number[])[];
  private readonly certain: number;
  private certainLeft: number;
  private readonly failed = new Set<string>();
  /** How many certain events that are left see a seat in a version. */
  private readonly unseen = new Map<string, number>();
  private steps = 0;
  private best = { certainLeft: Infinity, evidence: '' };

  constructor(
    events: readonly Event[],
    private readonly scene: ModelScene,
    private readonly limits: Limits,
  ) {
    this.events = [...events].sort((a, b) => a.beginMs - b.beginMs);
    this.left = new Remaining(events.length);
    this.certain = this.certainLeft = events.filter((event) => event.isCertain).length;
    const indexOf = new Map(this.events.map((event, index) => [event, index]));
    this.awaited = this.events.map((event) => (event.awaits ?? []).map((other) => indexOf.get(other)!));
    for (const event of events) if (event.isCertain) this.countSeen(event, 1);
  }

  run(): Verdict {
    const giveUpMs = performance.now() + this.limits.timeMs;
    const stack: Frame[] = [];
    for (;;) {
      const arrived = this.arrive();
      if (arrived === 'done') return { kind: 'linearizable', steps: this.steps };
      if (arrived !== 'failed') stack.push(arrived);
      if (!this.goOn(stack)) return { kind: 'violated', steps: this.steps, evidence: this.best.evidence };
      const looks = ++this.steps % STEPS_BETWEEN_LOOKS === 0;
      if (looks && (performance.now() > giveUpMs || this.failed.size > this.limits.memory)) {
        return {
          kind: 'undecided',
          steps: this.steps,
          evidence: `gave up after ${this.steps} steps; ${this.best.evidence}`,
        };
      }
    }
  }

  /** Takes the events that change nothing, and finds the ways on from here. */
  private arrive(): Frame | 'done' | 'failed' {
    const taken: number[] = [];
    let possible: number[];
    let before: number;
    do {
      before = taken.length;
      possible = this.possible();
      for (const index of possible) {
        const event = this.events[index]!;
        if (!event.isCertain || event.effect(this.scene)?.length !== 0) continue;
        this.mark(index);
        taken.push(index);
      }
    } while (taken.length > before);
    if (this.certainLeft === 0) return 'done';

    const key = `${this.left.key()}|${this.scene.key()}`;
    if (this.failed.has(key)) {
      this.unmark(taken);
      return 'failed';
    }
    if (possible.some((index) => this.events[index]!.isCertain && this.events[index]!.isLost(this.scene))) {
      this.note(possible);
      this.unmark(taken);
      return 'failed';
    }
    const ways = this.waysOn(possible);
    if (ways.length === 0) this.note(possible);
    return { taken, key, ways, next: 0, back: [] };
  }

  /** The events of a stubborn set that can be next and change something: certain ones first, by their ends. */
  private waysOn(possible: readonly number[]): Way[] {
    const needed = new Set(this.needsOfFirst());
    const stubborn: number[] = [];
    let others = possible;
    for (let before = -1; before !== others.length;) {
      before = others.length;
      others = others.filter((index) => {
        const event = this.events[index]!;
        if (!event.touches(this.scene).some((one) => needed.has(one))) return true;
        for (const one of event.needs(this.scene)) needed.add(one);
        stubborn.push(index);
        return false;
      });
    }
    const endOf = (index: number) => (this.events[index]!.isCertain ? this.events[index]!.endMs : Number.MAX_VALUE);
    return stubborn
      .sort((a, b) => endOf(a) - endOf(b))
      .flatMap((index) => {
        const changes = this.events[index]!.effect(this.scene);
        return changes && changes.length > 0 && !this.hides(changes) ? [{ index, changes }] : [];
      });
  }

  /** Whether something certain that is left could not be seen any more. */
  private hides(changes: readonly Change[]): boolean {
    return changes.some(([seat, { version }]) => {
      const was = this.scene.get(seat)!.version;
      return version > was && (this.unseen.get(inVersion(seat, was)) ?? 0) > 0;
    });
  }

  private countSeen({ sees = [] }: Event, by: 1 | -1): void {
    for (const one of sees) this.unseen.set(one, (this.unseen.get(one) ?? 0) + by);
  }

  /** The needs of the certain event that ends first, and of the events that it waits for. */
  private needsOfFirst(): string[] {
    let first = -1;
    for (const index of this.left) {
      const event = this.events[index]!;
      if (first >= 0 && event.beginMs > this.events[first]!.endMs) break;
      if (event.isCertain && (first < 0 || event.endMs < this.events[first]!.endMs)) first = index;
    }
    const awaited = this.awaited[first]!.filter((index) => this.left.has(index));
    return [first, ...awaited].flatMap((index) => [...this.events[index]!.needs(this.scene)]);
  }

  /** Takes the next way that has not been tried, from here or from the nearest place before. False when there is none. */
  private goOn(stack: Frame[]): boolean {
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      if (frame.next > 0) {
        this.scene.apply(frame.back);
        this.unmark([frame.ways[frame.next - 1]!.index]);
      }
      const way = frame.ways[frame.next++];
      if (way) {
        this.mark(way.index);
        frame.back = this.scene.apply(way.changes);
        return true;
      }
      this.unmark(frame.taken);
      this.failed.add(frame.key);
      stack.pop();
    }
    return false;
  }

  /** Everything that has begun before anything certain that is left has ended. */
  private possible(): number[] {
    const found: number[] = [];
    let endMs = Infinity;
    for (const index of this.left) {
      const event = this.events[index]!;
      if (event.beginMs > endMs) break;
      if (event.isCertain) endMs = Math.min(endMs, event.endMs);
      if (this.awaited[index]!.every((other) => !this.left.has(other))) found.push(index);
    }
    return found;
  }

  private mark(index: number): void {
    this.left.remove(index);
    const event = this.events[index]!;
    if (!event.isCertain) return;
    this.certainLeft--;
    this.countSeen(event, -1);
  }

  private unmark(indices: readonly number[]): void {
    for (const index of indices.toReversed()) {
      this.left.restore(index);
      const event = this.events[index]!;
      if (!event.isCertain) continue;
      this.certainLeft++;
      this.countSeen(event, 1);
    }
  }

  /** Remembers the dead end that is farthest from the beginning: the violation is there. */
  private note(possible: readonly number[]): void {
    if (this.certainLeft >= this.best.certainLeft) return;
    const stuck = possible.filter((index) => this.events[index]!.isCertain).slice(0, 8);
    this.best = {
      certainLeft: this.certainLeft,
      evidence:
        `${this.certain - this.certainLeft} of ${this.certain} events have an order, which leaves ${this.scene.describe() || 'the seats untouched'}; ` +
        `then none of these can be next: ${stuck.map((index) => this.events[index]!.text).join('; ')}`,
    };
  }
}

/** The numbers from 0 to size − 1 that are left, in order. The one removed last must be restored first. */
class Remaining implements Iterable<number> {
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly isLeft: Uint8Array;
  private removed = 0;

  constructor(private readonly size: number) {
    // Shifted by one: 0 is before the first, size + 1 behind the last.
    this.next = Int32Array.from({ length: size + 2 }, (_, index) => index + 1);
    this.previous = Int32Array.from({ length: size + 2 }, (_, index) => index - 1);
    this.isLeft = new Uint8Array(size).fill(1);
  }

  *[Symbol.iterator](): Iterator<number> {
    for (let at = this.next[0]!; at <= this.size; at = this.next[at]!) yield at - 1;
  }

  has(index: number): boolean {
    return this.isLeft[index] === 1;
  }

  remove(index: number): void {
    const at = index + 1;
    this.next[this.previous[at]!] = this.next[at]!;
    this.previous[this.next[at]!] = this.previous[at]!;
    this.isLeft[index] = 0;
    this.removed++;
  }

  restore(index: number): void {
    const at = index + 1;
    this.next[this.previous[at]!] = at;
    this.previous[this.next[at]!] = at;
    this.isLeft[index] = 1;
    this.removed--;
  }

  /** Equal for equal sets, and for no others: what is left up to the last that was removed, and how many were. */
  key(): string {
    let key = `${this.removed}:`;
    let seen = 0;
    for (const index of this) {
      if (index - seen === this.removed) break;
      key += `${index},`;
      seen++;
    }
    return key;
  }
}
