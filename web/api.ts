import type { components, paths } from '../client/schema';
import createClient from './vendor/openapi-fetch.js';

type Schemas = components['schemas'];
export type Show = Schemas['ShowDto'];
export type SeatRef = Schemas['SeatRefDto'];
export type Booking = Schemas['BookingDto'];
export type ActivityEntry = Schemas['ActivityEntryDto'];
export type Problem = Schemas['ProblemDetails'];

export const BASE_URL = location.origin;

/** Longer than the server takes for anything. A browser that has no free connection would wait without end. */
export const TIMEOUT_SECONDS = 15;

export const api = createClient<paths>({
  baseUrl: BASE_URL,
  cache: 'no-store',
  fetch: (request) => fetch(request, { signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1_000) }),
});

/** The result of a call. Status 0: no answer came. */
export type Answer<Data> =
  | { readonly isOk: true; readonly status: number; readonly data: Data; readonly tookMs: number }
  | {
      readonly isOk: false;
      readonly status: number;
      readonly code: string;
      readonly problem?: Problem;
      readonly tookMs: number;
    };

export const UNREACHABLE = 'UNREACHABLE';
export const TIMED_OUT = 'TIMED_OUT';

/** Makes a call. Every failure is a value; it never throws. */
export async function call<Data>(
  send: () => Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Answer<Data>> {
  const startMs = performance.now();
  const tookMs = () => performance.now() - startMs;
  try {
    const { data, error, response } = await send();
    if (response.ok) return { isOk: true, status: response.status, data: data as Data, tookMs: tookMs() };
    const problem = typeof error === 'object' && error !== null && 'code' in error ? (error as Problem) : undefined;
    return { isOk: false, status: response.status, code: problem?.code ?? 'NO_PROBLEM', problem, tookMs: tookMs() };
  } catch (error) {
    const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
    return { isOk: false, status: 0, code: isTimeout ? TIMED_OUT : UNREACHABLE, tookMs: tookMs() };
  }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
