import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { AppConfig } from './platform/config/app-config';

const DESCRIPTION = `
Seats of shows go AVAILABLE → HELD → BOOKED, and no seat is sold twice.

1. Get a token: \`POST /api/auth/guest/\`, then press **Authorize** and paste \`access_token\`.
2. Pick a show (\`GET /api/shows/\`) and look at its seats (\`GET /api/seats/?show_id=…\`).
3. Hold seats, and book them before the hold lapses (\`expires_at\`), or release them.

Every failure is \`application/problem+json\` (RFC 9457) with a stable \`code\`. Every request is safe to repeat. A trailing slash
is optional on every path.`;

/** The OpenAPI document, as served and as committed. */
export function openApiDocument(app: INestApplication, config: AppConfig): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setOpenAPIVersion('3.1.0')
      .setTitle('Rowlock')
      .setDescription(DESCRIPTION.trim())
      .setVersion('1')
      .setLicense('MIT', 'https://opensource.org/license/mit')
      .addBearerAuth({
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'From guest, register or login, or from your identity provider.',
      })
      .addTag('Identity', 'Tokens, and the holders they stand for.')
      .addTag('Shows', 'Movies on screens, with times and prices.')
      .addTag('Seats', 'The seats of a show, and the commands that move them.')
      .addTag('Bookings', "One's own bookings.")
      .addTag('Live', 'Seats as they change, and their history.')
      .addTag('Operation', 'For the operators.')
      .build(),
    { operationIdFactory: (_controller, method) => method },
  );
  // The contract writes paths with a trailing slash.
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, item]) => [path.startsWith('/api/') ? `${path}/` : path, item]),
  );
  // A bound that a deployment may set differently.
  const command = document.components?.schemas?.SeatCommandDto;
  const seats = command && 'properties' in command ? command.properties?.seats : undefined;
  if (seats) Object.assign(seats, { maxItems: config.commands.maxSeats, uniqueItems: true });
  return integersOnly(document);
}

/** Nest calls every number `number`. All numbers of this API are whole, as money is a string. */
function integersOnly<Node>(node: Node): Node {
  if (Array.isArray(node)) return node.map(integersOnly) as Node;
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, integersOnly(value)]));
  return (copy.type === 'number' ? { ...copy, type: 'integer' } : copy) as Node;
}

/** Serves the Swagger UI at /docs and the document at /docs-json. */
export function serveOpenApi(app: INestApplication, config: AppConfig): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app, config), {
    jsonDocumentUrl: 'docs-json',
    customSiteTitle: 'Rowlock API',
    swaggerOptions: { persistAuthorization: true, tryItOutEnabled: true, displayRequestDuration: true },
  });
}
