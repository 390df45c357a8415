import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';

/**
 * A session whose refresh token rotates. A user's begins with the login and is gone when it has ended; a guest's is stored
 * from the first refresh or the end on, as most guests never come so far.
 */
@Entity('session')
@AppRights('SELECT', 'INSERT', 'UPDATE', 'DELETE')
@Index('session_holder', ['holderId', 'rotatedAt'])
@Index('session_expires_at', ['expiresAt'])
export class Session {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'session_pkey' }) id: string;

  @Column({ type: 'text', name: 'holder_id', collation: 'C' }) holderId: string;

  /** How often the token was refreshed: the number of the one refresh token that is good now. */
  @Column({ type: 'integer' }) rotation: number;

  @Column({ type: 'timestamptz', precision: 3, name: 'rotated_at' }) rotatedAt: Date;

  /** From then on none of its refresh tokens is good any more, and the row may go. */
  @Column({ type: 'timestamptz', precision: 3, name: 'expires_at' }) expiresAt: Date;

  /** The row stays: without it a guest's first refresh token would be good again. */
  @Column({ type: 'timestamptz', precision: 3, name: 'ended_at', nullable: true }) endedAt: Date | null;
}
