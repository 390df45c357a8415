import type { WriteStream } from 'node:tty';

const WIDTH = 30;

/** Shows progress on one line of a terminal; writes nothing where the output is no terminal. */
export class ProgressBar {
  constructor(
    private readonly total: number,
    private readonly unit: string,
    private readonly stream: Pick<WriteStream, 'write' | 'isTTY'> = process.stderr,
  ) {}

  show(done: number): void {
    if (!this.stream.isTTY) return;
    const share = this.total > 0 ? done / this.total : 1;
    const bar = '#'.repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, '.');
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.stream.write(`\r[${bar}] ${percent} % ${count(done)} of ${count(this.total)} ${this.unit}`);
  }

  /** Ends the line, so that the next text has one of its own. */
  end(): void {
    if (this.stream.isTTY) this.stream.write('\n');
  }
}

/** A number as people read it. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}
