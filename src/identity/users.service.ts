import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { violatedConstraint } from '../platform/database/pg-errors';
import { Problem } from '../platform/problem/problem';
import type { OwnHolder } from './own-tokens';
import { PasswordHasher } from './password-hasher';
import { User } from './user.entity';

/** Registered people. User names are stored and looked up in lower case, so case makes no difference. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: PasswordHasher,
  ) {}

  /**
   * @param line of the client that asks, for the {@link PasswordHasher}
   * @throws Problem USERNAME_TAKEN, BUSY
   */
  async register(username: string, password: string, line?: string): Promise<OwnHolder> {
    const user = {
      id: randomUUID(),
      username: username.toLowerCase(),
      passwordHash: await this.passwords.hash(password, line),
      role: 'user',
    };
    try {
      await this.users.insert(user);
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
    const user = await this.users.findOneBy({ username: username.toLowerCase() });
    const isRight = await this.passwords.verify(user?.passwordHash, password, line);
    if (!user || !isRight) throw new Problem('INVALID_CREDENTIALS');
    return holderOf(user);
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
}

function holderOf({ id, role }: Pick<User, 'id' | 'role'>): OwnHolder {
  return { id: `user:${id}`, kind: 'user', ...(role === 'admin' ? { role } : {}) };
}
