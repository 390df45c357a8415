import { randomUUID } from 'node:crypto';
import { Injectable, OnModuleInit } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../platform/problem/problem';

/** Argon2id, the library's default, with what OWASP's password storage cheat sheet asks for at least. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashing takes a thread of the pool in which tokens are verified and names resolved: some must be left for those. */
const CONCURRENT_MAX = 2;
/** About a second's work. Beyond it a flood of logins is refused, not piled up. */
const WAITING_MAX = 64;

/** Hashes passwords, few at a time: it is slow on purpose, and must not make everything else slow. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** Of a password that nobody knows, so nothing matches it. */
  private hashOfNobody: string;

  async onModuleInit(): Promise<void> {
    this.hashOfNobody = await this.hash(randomUUID());
  }

  /** @throws Problem BUSY */
  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(normalized(password), PARAMETERS));
  }

  /**
   * Whether it is the password. Without a hash, as there is no such user, it takes just as long and is false.
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
      // The turn goes straight to the next in line.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}

/** The same characters can be typed as different code points on different devices (NIST SP 800-63B §5.1.1.2). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
