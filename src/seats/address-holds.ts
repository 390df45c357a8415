import type { PipelinedTransaction } from '../platform/database/pipelined-transaction';
import type { AddressKeys, Deadlines } from './commands/command';
import type { SeatState } from './seat-transitions';

interface CountRow {
  key: string;
  hold_expires_at: Date;
  holds: number;
}

type Counted = { readonly showId: number; readonly address?: AddressKeys };

/** The holds that count for the addresses of a transaction's commands, as the commands decided so far have left them. */
export class AddressHolds {
  private readonly known = new Map<string, Map<number, number>>();

  constructor(keys: readonly string[], rows: readonly CountRow[]) {
    for (const key of keys) this.known.set(key, new Map());
    for (const { key, hold_expires_at, holds } of rows) this.add(key, hold_expires_at.getTime(), holds);
  }

  of(key: string): Deadlines {
    return this.known.get(key) ?? new Map();
  }

  /** Takes over that a seat has changed. */
  apply(before: SeatState, after: SeatState): void {
    for (const [seat, by] of [
      [before, -1],
      [after, 1],
    ] as const) {
      if (seat.status !== 'HELD') continue;
      for (const key of [seat.addressKey, seat.networkKey]) if (key !== null) this.add(key, seat.holdExpiresAtMs!, by);
    }
  }

  private add(key: string, deadlineMs: number, by: number): void {
    const deadlines = this.known.get(key);
    deadlines?.set(deadlineMs, (deadlines.get(deadlineMs) ?? 0) + by);
  }
}

/**
 * Sends the look-up of the holds that count for addresses. Sent behind the lock on each address's limit, it sees every hold
 * that counts. Holds that were over before the transaction began are left out, as they may be very many; which of the others
 * have lapsed is decided in memory, by the clock that was read behind the locks.
 */
export async function sendAddressHolds(
  transaction: PipelinedTransaction,
  commands: readonly Counted[],
): Promise<AddressHolds> {
  const addresses = keysOf(commands, ({ addressKey }) => addressKey);
  const networks = keysOf(commands, ({ networkKey }) => networkKey);
  const rows = (
    await Promise.all([
      addresses.size > 0 ? transaction.send<CountRow>(COUNT_BY('address_key'), columns(addresses)) : { rows: [] },
      networks.size > 0 ? transaction.send<CountRow>(COUNT_BY('network_key'), columns(networks)) : { rows: [] },
    ])
  ).flatMap((result) => result.rows);
  return new AddressHolds([...addresses.keys(), ...networks.keys()], rows);
}

/** OFFSET 0 as in the look-up of a holder's holds: one look into the index for each address. */
const COUNT_BY = (column: 'address_key' | 'network_key') =>
  `SELECT asked.key, hold.hold_expires_at, hold.holds FROM unnest($1::int[], $2::bigint[]) AS asked(show_id, key)
    CROSS JOIN LATERAL (
      SELECT hold_expires_at, count(*)::int AS holds FROM seat
       WHERE seat.status = 'HELD' AND seat.show_id = asked.show_id AND seat.${column} = asked.key
         AND seat.hold_expires_at > transaction_timestamp()
       GROUP BY hold_expires_at OFFSET 0) AS hold`;

/** The show of each key. */
function keysOf(
  commands: readonly Counted[],
  select: (address: AddressKeys) => string | null,
): ReadonlyMap<string, number> {
  return new Map(
    commands.flatMap(({ showId, address }) => {
      const key = address && select(address);
      return key ? [[key, showId] as const] : [];
    }),
  );
}

function columns(keys: ReadonlyMap<string, number>): [showIds: number[], keys: string[]] {
  return [[...keys.values()], [...keys.keys()]];
}
