import type { EntityManager } from 'typeorm';
import { milliseconds } from '../platform/instant';
import { Seal, Seals, sealValue } from '../platform/seals';
import { headContent, HeadVersions, LedgerHead, Opening, openingContent } from './ledger-head';
import { hex } from './ledger-rows';

/** The heads and the opening as the database keeps them. */

export type SealedHead = LedgerHead & { readonly seal: Seal };
export type SealedOpening = Opening & { readonly seal: Seal };

interface HeadRow {
  showId: number;
  signedAtMs: number;
  steps: number;
  versions: HeadVersions;
  root: string;
  unsealedSteps: number | null;
  unsealedDigest: string | null;
  seal: Seal;
}

export async function readHeads(manager: EntityManager, showIds: readonly number[]): Promise<Map<number, SealedHead>> {
  if (showIds.length === 0) return new Map();
  const rows = await manager.query<HeadRow[]>(
    `SELECT show_id AS "showId", ${milliseconds('signed_at')} AS "signedAtMs", steps, versions, ${hex('root')} AS root,
            unsealed_steps AS "unsealedSteps", ${hex('unsealed_digest')} AS "unsealedDigest", ${hex('seal')} AS seal
       FROM ledger_head WHERE show_id = ANY($1::int[])`,
    [showIds],
  );
  return new Map(
    rows.map(({ unsealedSteps: steps, unsealedDigest: digest, ...head }) => [
      head.showId,
      { ...head, unsealed: steps === null || digest === null ? null : { steps, digest } },
    ]),
  );
}

/** Writes the heads, or changes those that there are. At most one of a show. */
export async function writeHeads(manager: EntityManager, seals: Seals, heads: readonly LedgerHead[]): Promise<void> {
  if (heads.length === 0) return;
  await manager.query(
    `INSERT INTO ledger_head (show_id, signed_at, steps, versions, root, unsealed_steps, unsealed_digest, seal)
     SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::int[], $4::json[], $5::bytea[], $6::int[], $7::bytea[],
                          $8::bytea[])
     ON CONFLICT (show_id) DO UPDATE
        SET signed_at = excluded.signed_at, steps = excluded.steps, versions = excluded.versions, root = excluded.root,
            unsealed_steps = excluded.unsealed_steps, unsealed_digest = excluded.unsealed_digest, seal = excluded.seal`,
    [
      heads.map(({ showId }) => showId),
      heads.map(({ signedAtMs }) => new Date(signedAtMs)),
      heads.map(({ steps }) => steps),
      heads.map(({ versions }) => JSON.stringify(versions)),
      heads.map(({ root }) => sealValue(root)),
      heads.map(({ unsealed }) => unsealed?.steps ?? null),
      heads.map(({ unsealed }) => sealValue(unsealed?.digest ?? null)),
      heads.map((head) => sealValue(seals.seal(headContent(head)))),
    ],
  );
}

/** @param lock keeps others from changing it until the end of the transaction */
export async function readOpening(
  manager: EntityManager,
  lock: '' | 'FOR UPDATE' = '',
): Promise<SealedOpening | undefined> {
  const [opening] = await manager.query<SealedOpening[]>(
    `SELECT ${milliseconds('opened_at')} AS "openedAtMs", ${milliseconds('unsealed_until')} AS "unsealedUntilMs",
            is_closed AS "isClosed", heads, ${hex('seal')} AS seal
       FROM ledger_opening ${lock}`,
  );
  return opening;
}

/** Writes the opening, or changes it where there is one. */
export async function writeOpening(manager: EntityManager, seals: Seals, opening: Opening): Promise<void> {
  await manager.query(
    `INSERT INTO ledger_opening (opened_at, unsealed_until, is_closed, heads, seal) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id) DO UPDATE
        SET opened_at = excluded.opened_at, unsealed_until = excluded.unsealed_until, is_closed = excluded.is_closed,
            heads = excluded.heads, seal = excluded.seal`,
    [
      new Date(opening.openedAtMs),
      new Date(opening.unsealedUntilMs),
      opening.isClosed,
      opening.heads,
      sealValue(seals.seal(openingContent(opening))),
    ],
  );
}
