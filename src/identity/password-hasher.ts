import { randomUUID } from 'node:crypto';
import { Injectable, OnModuleInit } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../platform/problem/problem';
import { FairTurns } from './fair-turns';

/** For Argon2id, the library's default: the least that OWASP's password storage cheat sheet asks for. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * Hashing occupies a thread of libuv's pool, which has four. Name look-ups, files and signature checks need the same pool, so
 * some threads must stay free.
 */
const CONCURRENT_MAX = 2;
/** About a second's work. Further logins are answered BUSY, so that a flood of them does not pile up. */
const WAITING_MAX = 64;

/** Hashes passwords, few at a time. Hashing is slow on purpose, and must not slow down other requests. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly turns = new FairTurns(CONCURRENT_MAX, WAITING_MAX, () => {
    return new Problem('BUSY', {
      detail: `Too many people are signing in at the moment: no more than ${WAITING_MAX} passwords wait.`,
    });
  });
  /** The hash of a random password, which no input matches. */
  private hashOfNobody: string;

  get waiting(): number {
    return this.turns.waiting;
  }

  async onModuleInit(): Promise<void> {
    this.hashOfNobody = await this.hash(randomUUID());
  }

  /**
   * @param line of the client that asks; lines take turns
   * @throws Problem BUSY
   */
  hash(password: string, line = ''): Promise<string> {
    return this.turns.inTurn(line, () => hash(normalized(password), PARAMETERS));
  }

  /**
   * Whether the password is right. For an unknown user there is no stored hash: the answer is false and takes just as
   * long, so that its time does not tell which users exist.
   *
   * @param line of the client that asks; lines take turns
   * @throws Problem BUSY
   */
  verify(storedHash: string | undefined, password: string, line = ''): Promise<boolean> {
    return this.turns.inTurn(line, () => verify(storedHash ?? this.hashOfNobody, normalized(password)));
  }
}

/** Devices send the same typed characters as different code points (NIST SP 800-63B §5.1.1.2). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
