import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppConfig } from '../config/app-config';

const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** Lets pages of the origins in server.corsOrigins call the API; `*` lets all. No cookies are involved, so no credentials either. */
export function useCors(app: NestFastifyApplication, server: Pick<AppConfig['server'], 'corsOrigins'>): void {
  if (server.corsOrigins.length === 0) return;
  app.enableCors({
    origin: server.corsOrigins.includes('*') ? '*' : server.corsOrigins,
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: [
      'Authorization',
      'Booking-Key',
      'Content-Type',
      'Idempotency-Key',
      'If-None-Match',
      'X-Request-Id',
    ],
    exposedHeaders: ['ETag', 'Idempotency-Replayed', 'Retry-After', 'X-Request-Id'],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  });
}
