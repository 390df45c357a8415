import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppConfig } from '../config/app-config';

/**
 * Tells browsers to load nothing from elsewhere and to run no inline script. The dashboard and Swagger UI live with it;
 * the latter brings inline styles and images as data.
 */
export function useSecurityHeaders(
  app: NestFastifyApplication,
  server: Pick<AppConfig['server'], 'trustProxyHops'>,
): void {
  const hasTlsProxy = server.trustProxyHops > 0;
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: "'self'",
        baseUri: "'self'",
        fontSrc: ["'self'", 'data:'],
        formAction: "'self'",
        frameAncestors: "'none'",
        imgSrc: ["'self'", 'data:'],
        objectSrc: "'none'",
        scriptSrc: "'self'",
        scriptSrcAttr: "'none'",
        styleSrc: ["'self'", "'unsafe-inline'"],
        // No upgrade-insecure-requests: over plain HTTP it would break every page that is not on localhost.
      },
    },
    xFrameOptions: { action: 'deny' },
    // Would lock the whole domain to HTTPS, so only where there is a proxy that speaks it.
    strictTransportSecurity: hasTlsProxy,
  });
}
