import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Attempt, SeenSeat } from './history';

/** Reads a recorded history. @throws SyntaxError for a line that is no JSON, and whatever reading the file throws */
export async function readHistory(file: string): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  const seats = new SharedSeats();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line !== '') attempts.push(seats.share(JSON.parse(line) as Attempt));
  }
  return attempts;
}

/**
 * Keeps one object for all seats seen alike: from one read of a show to the next few seats change, and the reads are most of
 * what a long history needs of memory.
 */
export class SharedSeats {
  private readonly known = new Map<string, SeenSeat>();

  /** The attempt, with seats that others have as well. */
  share(attempt: Attempt): Attempt {
    const { answer } = attempt;
    return answer?.kind === 'seen'
      ? { ...attempt, answer: { ...answer, seats: answer.seats.map((seat) => this.one(seat)) } }
      : attempt;
  }

  private one(seat: SeenSeat): SeenSeat {
    const name = `${seat.seat} ${seat.status} ${seat.version} ${seat.deadlineMs}`;
    const known = this.known.get(name);
    if (!known) this.known.set(name, seat);
    return known ?? seat;
  }
}
