import { mutantsIn } from './mutants-in.mjs';

const BOOKINGS_TEST = ['test/api/bookings.e2e-spec.ts'];

export const BOOKINGS = [
  ...mutantsIn('src/bookings/bookings.service.ts', BOOKINGS_TEST, {
    "everybody's bookings are in one's list": [
      "'booking.holderId IN (:...holderIds)'",
      "'(:...holderIds) IS NOT NULL'",
    ],
    "another's booking can be read by its id": ['{ holderId: In(await this.takeovers.idsOf(holder)), id }', '{ id }'],
    'bookings of one instant are lost between pages': [
      "'(booking.bookedAt, booking.id) < (:at, :id)'",
      "'booking.bookedAt < :at AND booking.id <> :id'",
    ],
    'a booking is on two pages': ['booking.id) < (:at, :id)', 'booking.id) <= (:at, :id)'],
    'the oldest booking comes first': ["'booking.bookedAt': 'DESC'", "'booking.bookedAt': 'ASC'"],
    'the seats of a booking are in any order': ['.map(seatRef).sort(compareSeats)', '.map(seatRef).reverse()'],
  }),
  ...mutantsIn('src/bookings/booking-keys.ts', BOOKINGS_TEST, {
    'one key opens every booking': ['.update(bookingId.toLowerCase())', ".update('')"],
    'keys end with a change of the secret': [
      "derivedKeys(auth, 'booking keys')",
      "derivedKeys({ ...auth, jwtPreviousSecrets: [] }, 'booking keys')",
    ],
  }),
  ...mutantsIn('src/bookings/bookings.service.ts', BOOKINGS_TEST, {
    'any key opens a booking': ['if (!this.keys.fits(id, key)) throw', "if (key === 'none') throw"],
    'the reference is not looked at': ['if (reference !== undefined) query', "if (reference === '') query"],
  }),
  ...mutantsIn('src/bookings/booking-reference.ts', ['src/bookings/booking-reference.spec.ts'], {
    'a reference has digits that are read as letters': ["'23456789ABC", "'0123456789ABC"],
  }),
];
