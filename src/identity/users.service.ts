import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { violatedConstraint } from '../platform/database/pg-errors';
import { Problem } from '../platform/problem/problem';
import type { OwnHolder } from './own-tokens';
import { PasswordHasher } from './password-hasher';
import { User } from './user.entity';

/** Registered people. User names are compared without regard to case: stored and looked up in lower case. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: PasswordHasher,
  ) {}

  /** @throws Problem USERNAME_TAKEN */
  async register(username: string, password: string): Promise<OwnHolder> {
    const user = {
      id: randomUUID(),
      username: username.toLowerCase(),
      passwordHash: await this.passwords.hash(password),
      role: 'user',
    };
    try {
      await this.users.insert(user);
    } catch (error) {
      // Only the database knows who was first.
      if (violatedConstraint(error) === 'user_username_key') throw new Problem('USERNAME_TAKEN');
      throw error;
    }
    return holderOf(user);
  }

  /** @throws Problem INVALID_CREDENTIALS, the same and after the same time whether or not there is such a user */
  async login(username: string, password: string): Promise<OwnHolder> {
    const user = await this.users.findOneBy({ username: username.toLowerCase() });
    const isRight = await this.passwords.verify(user?.passwordHash, password);
    if (!user || !isRight) throw new Problem('INVALID_CREDENTIALS');
    return holderOf(user);
  }

  /** Registers the user unless there is one of that name, which is left as it is. Returns whether it was created. */
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
