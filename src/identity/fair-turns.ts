import { Problem } from '../platform/problem/problem';

interface Waiting {
  readonly begin: () => void;
  readonly refuse: (problem: Problem) => void;
}

/**
 * Lets few pieces of work run at once. Those that wait stand in lines, one for each client, and the lines take turns: a
 * client that asks a hundred times delays another by one turn.
 */
export class FairTurns {
  private running = 0;
  private waitingCount = 0;
  /** The next turn is the first line's, which then goes behind the others. No line is empty. */
  private readonly lines = new Map<string, Waiting[]>();

  constructor(
    private readonly runningMax: number,
    private readonly waitingMax: number,
    /** The answer to work for which there is no room. */
    private readonly busy: () => Problem,
  ) {}

  get waiting(): number {
    return this.waitingCount;
  }

  /** @throws Problem when there is no room for it in the line */
  async inTurn<Result>(line: string, work: () => Promise<Result>): Promise<Result> {
    if (this.running < this.runningMax) this.running++;
    else await this.turnOf(line);
    try {
      return await work();
    } finally {
      // Hands the turn on. `running` stays as it is, so no newcomer can slip in between.
      const next = this.next();
      if (next) next.begin();
      else this.running--;
    }
  }

  private turnOf(name: string): Promise<void> {
    if (this.waitingCount >= this.waitingMax) this.makeRoom(name);
    return new Promise((begin, refuse) => {
      this.waitingCount++;
      const line = this.lines.get(name);
      if (line) line.push({ begin, refuse });
      else this.lines.set(name, [{ begin, refuse }]);
    });
  }

  /** The last of the longest line makes room for a newcomer whose own line is shorter by two or more. */
  private makeRoom(newcomer: string): void {
    let longest: { name: string; line: Waiting[] } | undefined;
    for (const [name, line] of this.lines) {
      if (!longest || line.length > longest.line.length) longest = { name, line };
    }
    const ownLength = this.lines.get(newcomer)?.length ?? 0;
    if (!longest || longest.line.length < ownLength + 2) throw this.busy();
    this.waitingCount--;
    longest.line.pop()!.refuse(this.busy());
  }

  private next(): Waiting | undefined {
    const [first] = this.lines;
    if (!first) return undefined;
    const [name, line] = first;
    const next = line.shift();
    this.lines.delete(name);
    if (line.length > 0) this.lines.set(name, line);
    this.waitingCount--;
    return next;
  }
}
