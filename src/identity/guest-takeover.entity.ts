import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { AppRights } from '../platform/database/app-rights';

/** A guest that became a user, by registering or logging in. The guest's bookings are the user's from then on. */
@Entity('guest_takeover')
@AppRights('SELECT', 'INSERT')
@Index('guest_takeover_holder', ['holderId'])
export class GuestTakeover {
  /** A guest is taken over once. */
  @PrimaryColumn({ type: 'text', name: 'guest_id', collation: 'C', primaryKeyConstraintName: 'guest_takeover_pkey' })
  guestId: string;

  /** The user. */
  @Column({ type: 'text', name: 'holder_id', collation: 'C' }) holderId: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'taken_at' }) takenAt: Date;
}
