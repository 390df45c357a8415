import { createHash, Hash } from 'node:crypto';
import type { Seal, SealedContent } from '../platform/seals';

/**
 * PURE. The head of a show's ledger: up to which version of each seat it speaks, and one hash over the seals that the steps
 * of these versions have. A seal builds on the one before it, so the hash stands for every sealed step up to there. What is
 * added later changes nothing of it: a head stays a prefix of every later state of the ledger, or something is gone.
 */

/** By row, then number. Seats without a step are left out. */
export type HeadVersions = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What the steps without a seal came to. */
export interface Unsealed {
  readonly steps: number;
  /** In hex. */
  readonly digest: string;
}

export interface LedgerHead {
  readonly showId: number;
  readonly signedAtMs: number;
  readonly steps: number;
  readonly versions: HeadVersions;
  /** In hex. */
  readonly root: string;
  /** Of the steps that it speaks of; null where they were not looked at. */
  readonly unsealed: Unsealed | null;
}

/** What a head is sealed with: the root stands for the versions. */
export function headContent({ showId, signedAtMs, steps, root, unsealed }: LedgerHead): SealedContent {
  return ['head', showId, signedAtMs, steps, root, unsealed && [unsealed.steps, unsealed.digest]];
}

export interface Opening {
  readonly openedAtMs: number;
  readonly unsealedUntilMs: number;
  readonly isClosed: boolean;
  readonly heads: number;
}

export function openingContent({ openedAtMs, unsealedUntilMs, isClosed, heads }: Opening): SealedContent {
  return ['opening', openedAtMs, unsealedUntilMs, isClosed, heads];
}

/** A seat up to one of its versions, with the seal of its last sealed step by then. */
export interface SeatTip {
  readonly row: string;
  readonly number: number;
  readonly version: number;
  readonly seal: Seal | null;
}

/** Makes the versions and the root of tips, which come in row, number order. */
export class HeadBuilder {
  private readonly hash = createHash('sha256');
  private readonly versions: Record<string, Record<string, number>> = {};
  private steps = 0;

  add({ row, number, version, seal }: SeatTip): void {
    this.hash.update(`${JSON.stringify([row, number, version, seal])}\n`);
    // A row has any name, also that of what every object has.
    if (!Object.hasOwn(this.versions, row)) this.versions[row] = {};
    this.versions[row]![number] = version;
    this.steps += version;
  }

  finish(): Pick<LedgerHead, 'steps' | 'versions' | 'root'> {
    return { steps: this.steps, versions: this.versions, root: this.hash.digest('hex') };
  }
}

/** The seats of a head with their versions, in no order that matters. */
export function headSeats({ versions }: Pick<LedgerHead, 'versions'>): Omit<SeatTip, 'seal'>[] {
  return Object.entries(versions).flatMap(([row, numbers]) =>
    Object.entries(numbers).map(([number, version]) => ({ row, number: Number(number), version })),
  );
}

/** Counts and hashes steps without a seal, which come in row, number, version order. */
export class UnsealedDigest {
  private readonly hash: Hash = createHash('sha256');
  private steps = 0;

  add(content: readonly unknown[]): void {
    this.hash.update(`${JSON.stringify(content)}\n`);
    this.steps++;
  }

  finish(): Unsealed {
    return { steps: this.steps, digest: this.hash.digest('hex') };
  }
}
