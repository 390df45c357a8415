import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';

/** Access tokens that are withdrawn before their time. Kept for as long as such a token could live. */
@Entity('token_revocation')
@AppRights('SELECT', 'INSERT', 'UPDATE', 'DELETE')
@Index('token_revocation_revoked_at', ['revokedAt'])
@Index('token_revocation_expires_at', ['expiresAt'])
export class TokenRevocation {
  /** A holder's id, or `session:<id>`. */
  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'token_revocation_pkey' }) subject: string;

  /** The least `tokenVersion` of a token that is still good. */
  @Column({ type: 'integer', name: 'min_version' }) minVersion: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'revoked_at' }) revokedAt: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'expires_at' }) expiresAt: Date;
}
