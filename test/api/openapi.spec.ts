import { readFileSync } from 'node:fs';
import { PROBLEMS } from '../../src/problem-catalogue';

interface Schema {
  type?: string;
  enum?: string[];
  description?: string;
  example?: unknown;
  pattern?: string;
  format?: string;
  minimum?: number;
  items?: Schema;
  allOf?: Schema[];
  $ref?: string;
  properties?: Record<string, Schema>;
}
interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  security?: object[];
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: object };
};
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
);

/** Promises of the committed document to its readers. `npm run openapi -- --check` finds out whether it is current. */
describe('OpenAPI document', () => {
  test('is OpenAPI 3.1', () => expect(document.openapi).toBe('3.1.0'));

  test('operation ids are unique camelCase names', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)*$/.test(id))).toEqual([]);
  });

  test.each(operations)('$name is described', ({ operation }) => {
    expect(operation.summary).toBeTruthy();
    expect(operation.description).toBeTruthy();
  });

  test.each(operations)('$name names every problem code, by the status the catalogue gives it', ({ operation }) => {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue;
      const codes = problemCodes(content!['application/problem+json']!.schema);
      expect(codes.length).toBeGreaterThan(0);
      expect(codes.map((code) => PROBLEMS[code as keyof typeof PROBLEMS].status)).toEqual(
        codes.map(() => Number(status)),
      );
    }
  });

  test('every field is described, with an example, numbers with a bound and strings with a pattern where there is one', () => {
    const lacking = Object.entries(document.components.schemas).flatMap(([name, { properties = {} }]) =>
      Object.entries(properties).flatMap(([field, schema]) => {
        const refers = schema.items ?? schema.allOf ?? schema.$ref;
        return [
          ...(schema.description ? [] : [`${name}.${field}: description`]),
          ...(refers || schema.example !== undefined || schema.enum ? [] : [`${name}.${field}: example`]),
          ...(schema.type === 'integer' && schema.minimum === undefined ? [`${name}.${field}: minimum`] : []),
          ...(schema.type === 'number' ? [`${name}.${field}: integer`] : []),
          ...(/^(row|currency|price|total_.*|.*_at|server_time)$/.test(field) && !schema.pattern && !schema.format
            ? [`${name}.${field}: pattern`]
            : []),
        ];
      }),
    );
    expect(lacking).toEqual([]);
  });

  test('the operations that change seats ask for a token', () => {
    const open = operations
      .filter(({ operation }) => !operation.security)
      .map(({ operation }) => operation.operationId);
    expect(open.sort()).toEqual(['createGuest', 'getLiveness', 'getReadiness', 'refresh']);
  });
});

/** The enum of `code` in a problem response, however it is composed. */
function problemCodes(schema: Schema): string[] {
  const own = schema.properties?.code?.enum;
  return own ?? (schema.allOf ?? []).flatMap(problemCodes);
}
