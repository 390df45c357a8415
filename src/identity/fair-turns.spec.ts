import { Problem } from '../platform/problem/problem';
import { FairTurns } from './fair-turns';

describe('FairTurns', () => {
  let turns: FairTurns;
  let begun: string[];
  let finish: (() => void)[];

  beforeEach(() => {
    turns = new FairTurns(1, 4, () => new Problem('BUSY'));
    begun = [];
    finish = [];
  });

  /** Work of a line, named `line` and its number. */
  const ask = (line: string, name: string) =>
    turns
      .inTurn(line, () => {
        begun.push(name);
        return new Promise<void>((resolve) => finish.push(resolve));
      })
      .then(
        () => 'done',
        (error: Problem) => error.code,
      );
  const settled = () => new Promise(setImmediate);
  const finishNext = async () => {
    finish.shift()!();
    await settled();
  };

  it('lets the lines take turns, however long one is', async () => {
    const all = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('a', 'a4'), ask('b', 'b1')];
    while (begun.length < 5) await finishNext();
    await finishNext();
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
    expect(await Promise.all(all)).toEqual(Array(5).fill('done'));
    expect(turns.waiting).toBe(0);
  });

  it('makes room for a newcomer at the end of the longest line', async () => {
    const flood = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => ask('a', name));
    const newcomer = ask('b', 'b1');
    expect(await flood[4]).toBe('BUSY');
    expect(turns.waiting).toBe(4);
    for (let i = 0; i < 5; i++) await finishNext();
    expect(await newcomer).toBe('done');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
  });

  it('refuses work of the longest line, and of a newcomer when all lines are short', async () => {
    const all = ['a', 'a', 'b', 'c', 'd'].map((line, i) => ask(line, `${line}${i}`));
    expect(await ask('e', 'e')).toBe('BUSY');
    expect(await ask('a', 'a')).toBe('BUSY');
    for (let i = 0; i < 5; i++) await finishNext();
    expect(await Promise.all(all)).toEqual(Array(5).fill('done'));
  });

  it('hands the turn on when work fails', async () => {
    const failed = turns.inTurn('a', () => Promise.reject(new Error('no')));
    const next = ask('b', 'b');
    await expect(failed).rejects.toThrow('no');
    await settled();
    await finishNext();
    expect(await next).toBe('done');
    // No turn is lost: the next work begins at once.
    const last = ask('c', 'c');
    expect(begun).toEqual(['b', 'c']);
    await finishNext();
    expect(await last).toBe('done');
  });

  it('keeps nothing of the lines that are gone', async () => {
    for (let i = 0; i < 100; i++) {
      const all = [ask(`x${i}`, 'x'), ask(`y${i}`, 'y')];
      await finishNext();
      await finishNext();
      await Promise.all(all);
    }
    expect((turns as unknown as { lines: Map<string, unknown> }).lines.size).toBe(0);
  });
});
