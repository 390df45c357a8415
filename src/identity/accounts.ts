import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Problem } from '../platform/problem/problem';
import { GuestTakeovers } from './guest-takeovers';
import type { Holder, OwnHolder } from './holder';
import { RevocationLog } from './revocation-log';
import { EVERY_TOKEN, Revocation, Revocations } from './revocations';
import { IssuedTokens, Sessions } from './sessions';
import { SignIn } from './sign-in';
import { UsersService } from './users.service';

/** The tokens of a user that has signed in, and what became of the guest that it was before. */
export interface SignedIn extends IssuedTokens {
  readonly takenOver?: { readonly guestId: string; readonly heldSeats: number };
}

/** The sender of a request. */
export interface Caller {
  readonly ip: string;
  /** The header: a guest that wants to be taken over. */
  readonly authorization: string | undefined;
}

/** What users do with their accounts. Each is one transaction, tokens and all; sessions begin behind it. */
@Injectable()
export class Accounts {
  constructor(
    private readonly dataSource: DataSource,
    private readonly signIn: SignIn,
    private readonly users: UsersService,
    private readonly sessions: Sessions,
    private readonly takeovers: GuestTakeovers,
    private readonly log: RevocationLog,
    private readonly revocations: Revocations,
  ) {}

  /** @throws Problem USERNAME_TAKEN, and see {@link SignIn} */
  async register({ ip, authorization }: Caller, username: string, password: string): Promise<SignedIn> {
    const guest = await this.takeovers.guestOf(authorization);
    let claimed: Revocation | undefined;
    const user = await this.signIn.register(ip, username, password, async (manager, { id }) => {
      if (guest) claimed = await this.takeovers.claim(manager, guest.id, id);
    });
    return this.begin(user, guest, claimed);
  }

  /** @throws Problem INVALID_CREDENTIALS, and see {@link SignIn} */
  async login({ ip, authorization }: Caller, username: string, password: string): Promise<SignedIn> {
    const user = await this.signIn.login(ip, username, password);
    const guest = await this.takeovers.guestOf(authorization);
    const claimed =
      guest && (await this.dataSource.transaction((manager) => this.takeovers.claim(manager, guest.id, user.id)));
    return this.begin(user, guest, claimed);
  }

  /** Begins anew: every token of before is withdrawn. @throws Problem INVALID_CREDENTIALS, FORBIDDEN */
  async changePassword(holder: Holder, current: string, next: string): Promise<IssuedTokens> {
    mustBeUser(holder);
    const { user, withdrawn } = await this.users.changePassword(holder.id, current, next, async (manager, changed) => ({
      user: changed,
      withdrawn: await this.withdrawAll(manager, changed.id, changed.tokenVersion!),
    }));
    this.revocations.add(withdrawn);
    return this.sessions.open(user);
  }

  /** Deletes the user. Bookings stay, as the house has sold those seats. @throws Problem INVALID_CREDENTIALS, FORBIDDEN */
  async delete(holder: Holder, password: string): Promise<void> {
    mustBeUser(holder);
    const withdrawn = await this.users.delete(holder.id, password, (manager) =>
      this.withdrawAll(manager, holder.id, EVERY_TOKEN),
    );
    this.revocations.add(withdrawn);
  }

  private async withdrawAll(
    manager: Parameters<RevocationLog['write']>[0],
    userId: string,
    minVersion: number,
  ): Promise<Revocation> {
    await this.sessions.endAll(manager, userId);
    return this.log.write(manager, userId, minVersion);
  }

  private async begin(user: OwnHolder, guest?: OwnHolder, claimed?: Revocation): Promise<SignedIn> {
    if (!guest || !claimed) return this.sessions.open(user);
    const heldSeats = await this.takeovers.finish(guest.id, user.id, claimed);
    const issued = await this.sessions.open({ ...user, formerly: guest.id });
    return { ...issued, takenOver: { guestId: guest.id, heldSeats } };
  }
}

function mustBeUser({ kind }: Holder): void {
  if (kind !== 'user') throw new Problem('FORBIDDEN', { detail: 'Only a registered user has a password.' });
}
