/** Conditions of CHECK constraints that several tables share: what the API can't say, the tables refuse. */

/** An amount of money. PostgreSQL takes NaN for greater than every number, so it has to be refused by name. */
export const MONEY_SQL = (column: string) => `"${column}" >= 0 AND "${column}" <> 'NaN'`;

/** ISO 4217, in capitals. */
export const CURRENCY_SQL = `"currency" ~ '^[A-Z]{3}$'`;

/** Instants that are some time: `infinity` is none that a client could be told. */
export const FINITE_SQL = (...columns: string[]) => columns.map((column) => `isfinite("${column}")`).join(' AND ');

/** Instants of the years 1 to 9999, as RFC 3339 knows no others. */
export const YEARS_SQL = (...columns: string[]) =>
  columns
    .map((column) => `"${column}" >= '0001-01-01 00:00:00+00' AND "${column}" < '10000-01-01 00:00:00+00'`)
    .join(' AND ');

/**
 * The label of a row. PostgreSQL's regular expressions know letters and digits of ASCII alone where the collation is "C", so
 * this refuses what people mistype (blanks, punctuation, signs that can't be seen), and the API is stricter still.
 */
export const ROW_SQL = `"row" ~ '^[^\\u0001-/:-@\\[-\`{-\\u00a9\\u2000-\\u206f\\u3000\\ufeff]{1,8}(-[^\\u0001-/:-@\\[-\`{-\\u00a9\\u2000-\\u206f\\u3000\\ufeff]{1,8})?$'`;
