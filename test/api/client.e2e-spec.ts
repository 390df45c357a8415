import createClient from 'openapi-fetch';
import type { components, paths } from '../../client/schema';
import { startApp, TestApp } from '../support/app';
import { createShow } from '../support/house';

/** A public generator's client for the OpenAPI document. That this file compiles is a test of its types. */
describe('generated client', () => {
  let target: TestApp;
  let showId: number;
  beforeAll(async () => {
    target = await startApp();
    showId = await createShow(target.dataSource);
  });
  afterAll(() => target.close());

  test('holds, collides, books and reads, typed from end to end', async () => {
    const api = createClient<paths>({ baseUrl: target.url });
    const guest = async () => {
      const { data } = await api.POST('/api/auth/guest/');
      return { headers: { authorization: `Bearer ${data!.access_token}` } };
    };
    const [me, other] = [await guest(), await guest()];
    const body: components['schemas']['SeatCommandDto'] = { show_id: showId, seats: [{ row: 'A', number: 1 }] };

    const held = await api.POST('/api/seats/hold-batch/', {
      body,
      ...me,
      params: { header: { 'Idempotency-Key': 'one' } },
    });
    expect(held.data?.seats[0]?.status).toBe('HELD');

    const refused = await api.POST('/api/seats/hold-batch/', { body, ...other });
    const problem: components['schemas']['ProblemDetails'] | undefined = refused.error;
    expect([problem?.code, problem?.seats?.[0]?.code]).toEqual(['SEAT_UNAVAILABLE', 'SEAT_HELD']);

    const booked = await api.POST('/api/seats/book-batch/', { body, ...me });
    const bookingId = booked.data!.booking.id;
    const read = await api.GET('/api/bookings/{id}/', { params: { path: { id: bookingId } }, ...me });
    expect(read.data).toEqual(booked.data!.booking);

    const map = await api.GET('/api/seats/', { params: { query: { show_id: showId } } });
    expect(map.data?.stats.booked).toBe(1);
  });
});
