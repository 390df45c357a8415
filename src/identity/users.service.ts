import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, Repository } from 'typeorm';
import { violatedConstraint } from '../platform/database/pg-errors';
import { Problem } from '../platform/problem/problem';
import type { OwnHolder } from './holder';
import { refuseGuessable } from './password-blocklist';
import { PasswordHasher } from './password-hasher';
import { User } from './user.entity';

const USER = 'user:';

/** Registered people. User names are stored and looked up in lower case, so case makes no difference. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: PasswordHasher,
  ) {}

  /**
   * @param line of the client that asks, for the {@link PasswordHasher}
   * @param alongside what else the transaction does that makes the user
   * @throws Problem USERNAME_TAKEN, BUSY
   */
  async register(
    username: string,
    password: string,
    line?: string,
    alongside?: (manager: EntityManager, user: OwnHolder) => Promise<unknown>,
  ): Promise<OwnHolder> {
    const user = {
      id: randomUUID(),
      username: username.toLowerCase(),
      passwordHash: await this.passwords.hash(password, line),
      role: 'user',
      tokenVersion: 0,
    };
    try {
      await this.users.manager.transaction(async (manager) => {
        await manager.insert(User, user);
        await alongside?.(manager, holderOf(user));
      });
    } catch (error) {
      // Of two registrations at once only the database knows which came first.
      if (violatedConstraint(error) === 'user_username_key') throw new Problem('USERNAME_TAKEN');
      throw error;
    }
    return holderOf(user);
  }

  /**
   * @param line of the client that asks, for the {@link PasswordHasher}
   * @throws Problem INVALID_CREDENTIALS, the same and after the same time for a wrong password and an unknown user; BUSY
   */
  async login(username: string, password: string, line?: string): Promise<OwnHolder> {
    return holderOf(await this.confirmed({ username: username.toLowerCase() }, password, line));
  }

  /** The user as it is now; undefined when it has been deleted. */
  async find(holderId: string): Promise<OwnHolder | undefined> {
    const user = await this.users.findOneBy({ id: idOf(holderId) });
    return user ? holderOf(user) : undefined;
  }

  /**
   * Replaces the password, and with it the version of all tokens.
   *
   * @param alongside what else the transaction does
   * @throws Problem INVALID_CREDENTIALS when the current one is wrong, VALIDATION_FAILED for one that is easily guessed
   */
  async changePassword<Result>(
    holderId: string,
    current: string,
    next: string,
    alongside: (manager: EntityManager, user: OwnHolder) => Promise<Result>,
  ): Promise<Result> {
    const { id, username, passwordHash } = await this.confirmed({ id: idOf(holderId) }, current, holderId);
    refuseGuessable(username, next, 'new_password');
    const newHash = await this.passwords.hash(next, holderId);
    return this.users.manager.transaction(async (manager) => {
      // Of two changes at once, which both knew the former password, one is too late.
      const [[changed]] = await manager.query<[{ role: string; tokenVersion: number }[], number]>(
        `UPDATE "user" SET password_hash = $3, token_version = token_version + 1 WHERE id = $1 AND password_hash = $2
         RETURNING role, token_version AS "tokenVersion"`,
        [id, passwordHash, newHash],
      );
      if (!changed) throw new Problem('INVALID_CREDENTIALS');
      return alongside(manager, holderOf({ id, ...changed }));
    });
  }

  /** @throws Problem INVALID_CREDENTIALS when the password is wrong */
  async delete<Result>(
    holderId: string,
    password: string,
    alongside: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    const { id, passwordHash } = await this.confirmed({ id: idOf(holderId) }, password, holderId);
    return this.users.manager.transaction(async (manager) => {
      const { affected } = await manager.delete(User, { id, passwordHash });
      if (affected !== 1) throw new Problem('INVALID_CREDENTIALS');
      return alongside(manager);
    });
  }

  /** Registers the user, unless one of that name exists, which stays as it is. Returns whether the user is new. */
  async ensureUser(username: string, password: string): Promise<boolean> {
    try {
      await this.register(username, password);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.code === 'USERNAME_TAKEN') return false;
      throw error;
    }
  }

  private async confirmed(
    named: { id: string } | { username: string },
    password: string,
    line?: string,
  ): Promise<User> {
    const user = await this.users.findOneBy(named);
    const isRight = await this.passwords.verify(user?.passwordHash, password, line);
    if (!user || !isRight) throw new Problem('INVALID_CREDENTIALS', {}, { reason: 'password' });
    return user;
  }
}

function idOf(holderId: string): string {
  return holderId.slice(USER.length);
}

function holderOf({ id, role, tokenVersion }: Pick<User, 'id' | 'role' | 'tokenVersion'>): OwnHolder {
  return {
    id: USER + id,
    kind: 'user',
    ...(role === 'admin' ? { role } : {}),
    ...(tokenVersion > 0 ? { tokenVersion } : {}),
  };
}
