import { mutantsIn } from './mutants-in.mjs';

const BOOKINGS_TEST = ['test/api/bookings.e2e-spec.ts'];

export const BOOKINGS = [
  ...mutantsIn('src/bookings/bookings.service.ts', BOOKINGS_TEST, {
    "everybody's bookings are in one's list": ['WHERE booking.holder_id = $1\n', 'WHERE $1::text IS NOT NULL\n'],
    "another's booking can be read by its id": [
      'booking.holder_id = $1 AND booking.id = $2',
      '$1::text IS NOT NULL AND booking.id = $2',
    ],
    'the last booking of a full page is lost': ['rows.slice(0, limit)', 'rows.slice(0, limit - 1)'],
  }),
  ...mutantsIn('src/bookings/booking-rows.ts', BOOKINGS_TEST, {
    'the seats of a booking are in any order': ['ORDER BY sold."row", sold.number', 'ORDER BY sold.number'],
  }),
  ...mutantsIn('src/bookings/booking-reference.ts', ['src/bookings/booking-reference.spec.ts'], {
    'a reference has digits that are read as letters': ["'23456789ABC", "'0123456789ABC"],
  }),
];
