import { createHash } from 'node:crypto';
import { Seal, SealedContent, Seals, SealVerdict } from '../platform/seals';
import type { LedgerHead } from './ledger-head';

/** PURE. Heads of all shows as a text to be kept where nobody who can change the database can change it. */

interface HeadsFile {
  readonly exportedAtMs: number;
  readonly heads: readonly LedgerHead[];
  readonly seal: Seal;
}

export function writeHeads(heads: readonly LedgerHead[], exportedAtMs: number, seals: Seals): string {
  return `${JSON.stringify({ exportedAtMs, heads, seal: seals.seal(contentOf({ exportedAtMs, heads })) })}\n`;
}

/**
 * Reads them, by show, and says whether the seal is right; without the secrets nobody can tell.
 *
 * @throws Error if it is no text of heads
 */
export function readHeadsFile(
  text: string,
  seals: Seals | undefined,
): { heads: Map<number, LedgerHead>; verdict: SealVerdict | undefined } {
  const { exportedAtMs, heads, seal } = JSON.parse(text) as Partial<HeadsFile>;
  if (typeof exportedAtMs !== 'number' || !Array.isArray(heads) || typeof seal !== 'string') {
    throw new Error('it has no heads that were exported');
  }
  return {
    heads: new Map((heads as LedgerHead[]).map((head) => [head.showId, head])),
    verdict: seals?.check(seal, contentOf({ exportedAtMs, heads })),
  };
}

function contentOf({ exportedAtMs, heads }: Omit<HeadsFile, 'seal'>): SealedContent {
  return ['heads', exportedAtMs, createHash('sha256').update(JSON.stringify(heads)).digest('hex')];
}
