import { mutantsIn } from './mutants-in.mjs';

const READING_TEST = ['test/api/reading.e2e-spec.ts'];

export const SHOWS = [
  ...mutantsIn('src/shows/sales-window.ts', ['src/shows/sales-window.spec.ts'], {
    'seats are sold at the very close': ['nowMs < salesCloseMs(', 'nowMs <= salesCloseMs('],
    'a show is sold past its end': [', Number(endsAt))', ', Infinity)'],
    'seats are not sold at the very opening': [
      'Number(window.salesOpenAt) <= nowMs',
      'Number(window.salesOpenAt) < nowMs',
    ],
  }),
  ...mutantsIn('src/shows/shows.service.ts', READING_TEST, {
    'the shows of a day have the first of the next': ['starts_at < $2::timestamptz', 'starts_at <= $2::timestamptz'],
    'the shows of a day lack those that start with it': ['starts_at >= $1::timestamptz', 'starts_at > $1::timestamptz'],
    'a show that has begun is not listed': ['ends_at > statement_timestamp()', 'starts_at > statement_timestamp()'],
    'shows that start at one time are lost between pages': [
      '(starts_at, show.id) > ($4::timestamptz, $5::int)',
      'starts_at > $4::timestamptz AND show.id <> $5::int',
    ],
    'the end of a time is passed over': ['beforeMs: to ??', 'beforeMs: undefined ??'],
    'the zone of a day is passed over': ['dayBounds(date, tz)', 'dayBounds(date)'],
    'a show that no answer can tell takes the others along': ["YEARS_SQL('starts_at', 'ends_at')", "'true'"],
  }),
  ...mutantsIn('src/shows/show-creation.ts', ['test/operations/seed.e2e-spec.ts'], {
    'seats of a new show are sold until it ends': [
      '            $6, new.starts_at, new.price',
      "            $6, new.starts_at + interval '1 hour', new.price",
    ],
  }),
];
