import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { APP_CONFIG } from '../platform/config/app-config';
import type { AppConfig } from '../platform/config/app-config';
import { derivedKeys } from '../platform/config/derived-keys';
import { clientAddress } from '../platform/http/client-address';
import { LOGINS_OF_ADDRESS, LOGINS_OF_NAME, RateLimits, REGISTRATIONS } from '../platform/http/rate-limits';
import { Metrics } from '../platform/metrics/metrics';
import { Problem } from '../platform/problem/problem';
import { LoginDelays } from './login-delays';
import type { EntityManager } from 'typeorm';
import type { OwnHolder } from './holder';
import { refuseGuessable } from './password-blocklist';
import { PasswordHasher } from './password-hasher';
import { UsersService } from './users.service';

/**
 * Registrations and logins as they come from clients, within their limits. They are counted here and not by a guard, which
 * runs before validation: a request that is no attempt must not use up the attempts of its address.
 */
@Injectable()
export class SignIn {
  private readonly delays: LoginDelays;
  private readonly markKey: Buffer;

  constructor(
    private readonly users: UsersService,
    private readonly limits: RateLimits,
    passwords: PasswordHasher,
    { registry }: Metrics,
    @Inject(APP_CONFIG) { auth, rateLimits }: Pick<AppConfig, 'auth' | 'rateLimits'>,
  ) {
    this.markKey = derivedKeys(auth, 'user names in the log')[0]!;
    const delays = new LoginDelays(rateLimits.enabled ? rateLimits.loginDelayMaxMs : 0);
    this.delays = delays;
    new Gauge({
      name: 'rowlock_password_checks_waiting',
      help: 'Passwords that wait to be hashed or checked; beyond 64 the answer is BUSY',
      registers: [registry],
      collect() {
        this.set(passwords.waiting);
      },
    });
    new Gauge({
      name: 'rowlock_login_delays_waiting',
      help: 'Login attempts that are held back because there were many failures at their user name',
      registers: [registry],
      collect() {
        this.set(delays.waiting);
      },
    });
  }

  /**
   * @param alongside what else the transaction does that makes the user
   * @throws Problem VALIDATION_FAILED for a password that is easily guessed, USERNAME_TAKEN, RATE_LIMITED, BUSY
   */
  async register(
    ip: string,
    username: string,
    password: string,
    alongside?: (manager: EntityManager, user: OwnHolder) => Promise<unknown>,
  ): Promise<OwnHolder> {
    refuseGuessable(username, password);
    this.limits.countAddress(REGISTRATIONS, ip);
    return this.users.register(username, password, networkOf(ip), alongside);
  }

  /** @throws Problem INVALID_CREDENTIALS, RATE_LIMITED, BUSY */
  async login(ip: string, username: string, password: string): Promise<OwnHolder> {
    const name = username.toLowerCase();
    const { group } = clientAddress(ip);
    this.limits.countAddress(LOGINS_OF_ADDRESS, ip);
    this.limits.count(LOGINS_OF_NAME, `${group} ${name}`);
    await this.delays.beforeAttempt(name, group);
    try {
      const holder = await this.users.login(username, password, networkOf(ip));
      this.delays.succeeded(name, group);
      return holder;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'INVALID_CREDENTIALS') throw error;
      throw new Problem(error.code, error.extras, { reason: 'password', subject: this.markOf(name) });
    }
  }

  /** A mark for a name. The log must not have the name itself: people type their password there by mistake. */
  private markOf(name: string): string {
    return createHmac('sha256', this.markKey).update(name).digest('base64url').slice(0, 8);
  }
}

/** The line in which the password waits: one for all the addresses that a customer of a provider can have. */
function networkOf(ip: string): string {
  const { group, wideGroup } = clientAddress(ip);
  return wideGroup ?? group;
}
