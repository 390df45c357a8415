import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';

/** A registered person. Guests are not stored. */
@Entity('user')
@AppRights('SELECT', 'INSERT', 'DELETE', { columns: ['password_hash', 'token_version'] })
@Unique('user_username_key', ['username'])
@Check('user_role', `"role" IN ('user', 'admin')`)
export class User {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'user_pkey' }) id: string;

  /** Compared in lower case. */
  @Column({ type: 'text' }) username: string;

  @Column({ type: 'text', name: 'password_hash' }) passwordHash: string;

  /** `user` or `admin`. */
  @Column({ type: 'text', default: 'user' }) role: string;

  /** Rises whenever all tokens of the user are withdrawn, as by a new password. */
  @Column({ type: 'integer', name: 'token_version', default: 0 }) tokenVersion: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
