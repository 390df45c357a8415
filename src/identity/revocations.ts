import { Injectable } from '@nestjs/common';
import type { Holder } from './holder';

/** Refuses every token of a holder, of whatever version. */
export const EVERY_TOKEN = 2_147_483_647;
const SUBJECTS_MAX = 100_000;
const SESSION = 'session:';

/** What is withdrawn, and until when a token of it could still be presented. */
export interface Revocation {
  /** A holder's id, or see {@link sessionSubject}. */
  readonly subject: string;
  /** The least version of a token that is still good. */
  readonly minVersion: number;
  /** Unix time. */
  readonly expiresAtMs: number;
}

export function sessionSubject(sessionId: string): string {
  return SESSION + sessionId;
}

/**
 * The withdrawn access tokens, in memory: tokens are verified without the database. Logouts, which anybody can make many of,
 * are kept apart: beyond the bound the oldest is forgotten, and its access token is good for the rest of its short life.
 * Withdrawals of all tokens of a holder, each of which took a password, have the same room to themselves.
 */
@Injectable()
export class Revocations {
  private readonly holders = new Map<string, Revocation>();
  private readonly sessions = new Map<string, Revocation>();
  private readonly subjectsMax: number = SUBJECTS_MAX;

  get size(): number {
    return this.holders.size + this.sessions.size;
  }

  /** Takes note. Safe to repeat, and in any order. */
  add(revocation: Revocation): void {
    const { subject, minVersion } = revocation;
    const subjects = subject.startsWith(SESSION) ? this.sessions : this.holders;
    if (minVersion < (subjects.get(subject)?.minVersion ?? 0)) return;
    subjects.delete(subject);
    subjects.set(subject, revocation);
    if (subjects.size > this.subjectsMax) subjects.delete(subjects.keys().next().value!);
  }

  /** Whether the token that names this holder is withdrawn. */
  refuses(holder: Holder): boolean {
    const { minVersion = 0 } = this.holders.get(holder.id) ?? {};
    return (holder.tokenVersion ?? 0) < minVersion || this.hasEnded(holder.sessionId);
  }

  hasEnded(sessionId: string | undefined): boolean {
    return sessionId !== undefined && this.sessions.has(sessionSubject(sessionId));
  }

  /** Drops what no token can be presented of any more. */
  forget(nowMs: number): void {
    for (const subjects of [this.holders, this.sessions])
      for (const [subject, { expiresAtMs }] of subjects) if (expiresAtMs <= nowMs) subjects.delete(subject);
  }
}
