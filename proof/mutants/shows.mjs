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
    'the shows of a day have the first of the next': ['show.startsAt < :to', 'show.startsAt <= :to'],
    'the shows of a day lack those that start with it': ['show.startsAt >= :from', 'show.startsAt > :from'],
    'a show that has begun is not listed': [
      "'show.endsAt > statement_timestamp()'",
      "'show.startsAt > statement_timestamp()'",
    ],
    'shows that start at one time are lost between pages': [
      "'(show.startsAt, show.id) > (:startsAt, :id)'",
      "'show.startsAt > :startsAt AND show.id <> :id'",
    ],
    'a day that does not exist is another one': [' || start.toISOString().slice(0, 10) !== date', ''],
  }),
  ...mutantsIn('src/shows/show-creation.ts', ['test/operations/seed.e2e-spec.ts'], {
    'seats of a new show are sold until it ends': [
      '            $6, new.starts_at, new.price',
      "            $6, new.starts_at + interval '1 hour', new.price",
    ],
  }),
];
