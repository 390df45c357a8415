import type { WriteStream } from 'node:tty';

const WIDTH = 30;

/** Shows how far something is, on one line of a terminal; writes nothing anywhere else. */
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

  /** Leaves the line to whoever writes next. */
  end(): void {
    if (this.stream.isTTY) this.stream.write('\n');
  }
}

/** A number as people read it. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}
