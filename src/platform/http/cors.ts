import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppConfig } from '../config/app-config';

const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** Lets pages of the origins in CORS_ORIGINS call the API; `*` lets all. No cookies are involved, so no credentials either. */
export function useCors(app: NestFastifyApplication, { CORS_ORIGINS }: Pick<AppConfig, 'CORS_ORIGINS'>): void {
  if (CORS_ORIGINS.length === 0) return;
  app.enableCors({
    origin: CORS_ORIGINS.includes('*') ? '*' : CORS_ORIGINS,
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match', 'X-Request-Id'],
    exposedHeaders: ['ETag', 'Idempotency-Replayed', 'Retry-After', 'X-Request-Id'],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  });
}
