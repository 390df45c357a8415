import { randomUUID } from 'node:crypto';
import { Injectable, OnModuleInit } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../platform/problem/problem';

/** For Argon2id, the library's default: the least that OWASP's password storage cheat sheet asks for. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * Hashing occupies a thread of Node's pool. Name look-ups and signature checks need the same pool, so some threads must
 * stay free.
 */
const CONCURRENT_MAX = 2;
/** About a second's work. Further logins are answered BUSY, so that a flood of them does not pile up. */
const WAITING_MAX = 64;

/** Hashes passwords, few at a time. Hashing is slow on purpose, and must not slow down other requests. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** The hash of a random password, which no input matches. */
  private hashOfNobody: string;

  async onModuleInit(): Promise<void> {
    this.hashOfNobody = await this.hash(randomUUID());
  }

  /** @throws Problem BUSY */
  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(normalized(password), PARAMETERS));
  }

  /**
   * Whether the password is right. For an unknown user there is no stored hash: the answer is false and takes just as
   * long, so that its time does not tell which users exist.
   *
   * @throws Problem BUSY
   */
  verify(storedHash: string | undefined, password: string): Promise<boolean> {
    return this.inTurn(() => verify(storedHash ?? this.hashOfNobody, normalized(password)));
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.running < CONCURRENT_MAX) {
      this.running++;
    } else {
      if (this.waiting.length >= WAITING_MAX)
        throw new Problem('BUSY', { detail: 'Too many people are signing in at the moment.' });
      await new Promise<void>((resume) => this.waiting.push(resume));
    }
    try {
      return await work();
    } finally {
      // Hands its turn to the next in line. `running` stays as it is, so no newcomer can slip in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}

/** Devices send the same typed characters as different code points (NIST SP 800-63B §5.1.1.2). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
