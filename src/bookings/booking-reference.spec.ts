import { newBookingReference, REFERENCE_ALPHABET } from './booking-reference';

describe('a booking reference', () => {
  const references = Array.from({ length: 2_000 }, newBookingReference);

  it('is two groups of four', () => {
    for (const reference of references) expect(reference).toMatch(/^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/);
  });

  it('has no characters that are mistaken for one another, and none twice', () => {
    expect(REFERENCE_ALPHABET).not.toMatch(/[01OILUoilu]/);
    expect(new Set(REFERENCE_ALPHABET).size).toBe(REFERENCE_ALPHABET.length);
    expect(REFERENCE_ALPHABET).toHaveLength(30);
  });

  it('uses every character in every place, and repeats none of thousands', () => {
    for (const place of [0, 1, 2, 3, 5, 6, 7, 8]) {
      expect([...new Set(references.map((reference) => reference[place]))].sort().join('')).toBe(REFERENCE_ALPHABET);
    }
    expect(new Set(references).size).toBe(references.length);
  });
});
