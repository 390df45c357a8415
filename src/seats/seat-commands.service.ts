import { Injectable } from '@nestjs/common';
import { Problem } from '../platform/problem/problem';
import { fingerprint } from './idempotency/idempotency';
import type { SeatCommandAnswer } from './seat-command';
import { SeatCommandQueue } from './seat-command-queue';
import { compareSeats, SeatCommandName, SeatRef } from './seat-transitions';

export interface SeatCommandRequest {
  readonly name: Exclude<SeatCommandName, 'expire'>;
  readonly holderId: string;
  readonly showId: number;
  readonly seats: readonly SeatRef[];
  readonly idempotencyKey?: string;
}

/** How often a hold is decided again after expiring the lapsed holds in its way. */
const MAX_TIDY_ROUNDS = 3;

/** Brings a client's command to its decision. */
@Injectable()
export class SeatCommands {
  constructor(private readonly queue: SeatCommandQueue) {}

  /** @throws Problem BUSY, see {@link SeatCommandQueue.submit} */
  async run({ name, holderId, showId, seats, idempotencyKey }: SeatCommandRequest): Promise<SeatCommandAnswer> {
    const sorted = [...seats].sort(compareSeats);
    const command = {
      name,
      holderId,
      showId,
      seats: sorted,
      ...(idempotencyKey === undefined
        ? {}
        : { idempotency: { key: idempotencyKey, fingerprint: fingerprint(name, showId, sorted) } }),
    };
    for (let round = 0; round <= MAX_TIDY_ROUNDS; round++) {
      const answer = await this.queue.submit(command);
      if (answer.outcome.kind !== 'slots-taken') return answer;
      if (answer.outcome.lapsed.length > 0) await this.expire(showId, answer.outcome.lapsed);
    }
    throw new Problem('BUSY', {
      detail: "The holder's holds keep changing; nothing was changed.",
      retryAfterSeconds: 1,
    });
  }

  /** Makes those of the seats AVAILABLE whose hold has lapsed by the time they are locked. Returns how many that were. */
  async expire(showId: number, seats: readonly SeatRef[]): Promise<number> {
    const command = { name: 'expire' as const, holderId: null, showId, seats: [...seats].sort(compareSeats) };
    const { outcome } = await this.queue.submit(command);
    return outcome.kind === 'expired' ? outcome.expired.length : 0;
  }
}
