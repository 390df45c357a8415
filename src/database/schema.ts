import { BookingSeat } from '../bookings/booking-seat.entity';
import { Booking } from '../bookings/booking.entity';
import { GuestTakeover } from '../identity/guest-takeover.entity';
import { Session } from '../identity/session.entity';
import { TokenRevocation } from '../identity/token-revocation.entity';
import { User } from '../identity/user.entity';
import { LedgerHeadRecord } from '../ledger/ledger-head.entity';
import { LedgerOpeningRecord } from '../ledger/ledger-opening.entity';
import { migrations } from './migrations';
import { IdempotencyRecord } from '../seats/idempotency/idempotency-record.entity';
import { SeatTransitionRecord } from '../seats/seat-transition.entity';
import { Seat } from '../seats/seat.entity';
import { Movie } from '../shows/movie.entity';
import { Screen } from '../shows/screen.entity';
import { Show } from '../shows/show.entity';

/** All tables, and how they came about. Classes, not globs: the same in `dist`, in tests and in the CLI. */
export const schema = {
  entities: [
    Movie,
    Screen,
    Show,
    Seat,
    SeatTransitionRecord,
    IdempotencyRecord,
    Booking,
    BookingSeat,
    User,
    Session,
    TokenRevocation,
    GuestTakeover,
    LedgerHeadRecord,
    LedgerOpeningRecord,
  ],
  migrations,
};
