import { describe, expect, it } from '@jest/globals';
import { ProgressBar } from './progress-bar';

function written(isTTY: boolean): string[] {
  const lines: string[] = [];
  const bar = new ProgressBar(2_000, 'seats', { isTTY, write: (text: string) => lines.push(text) > 0 });
  for (const done of [0, 1_000, 2_000]) bar.show(done);
  bar.end();
  return lines;
}

describe('the progress bar', () => {
  it('moves on one line of a terminal', () => {
    expect(written(true)).toEqual([
      '\r[..............................]   0 % 0 of 2,000 seats',
      '\r[###############...............]  50 % 1,000 of 2,000 seats',
      '\r[##############################] 100 % 2,000 of 2,000 seats',
      '\n',
    ]);
  });

  it('is not there elsewhere', () => {
    expect(written(false)).toEqual([]);
  });
});
