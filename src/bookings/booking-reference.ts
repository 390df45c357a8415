import { randomInt } from 'node:crypto';

/** Crockford's alphabet without the digits that are read as letters (0, 1): nothing here is mistaken for anything else. */
export const REFERENCE_ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 8;

/** A random reference such as `K7QM-3XVD`: 30^8 (6.5e11) of them, and unique within a show in the database. */
export function newBookingReference(): string {
  let reference = '';
  for (let i = 0; i < LENGTH; i++) reference += REFERENCE_ALPHABET[randomInt(REFERENCE_ALPHABET.length)];
  return `${reference.slice(0, LENGTH / 2)}-${reference.slice(LENGTH / 2)}`;
}
