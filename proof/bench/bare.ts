import fastify from 'fastify';

/** Fastify alone: parses the same JSON and answers the same, without tokens, validation, Nest, or anything else. */
async function main(): Promise<void> {
  const app = fastify();
  app.post('/bench/hold/', (request) => {
    const { show_id, seats } = request.body as { show_id: number; seats: { row: string; number: number }[] };
    const now = Date.now();
    const holdExpiresAt = new Date(now + 600_000).toISOString();
    return {
      message: `${seats.length} seats held.`,
      show_id,
      expires_at: holdExpiresAt,
      server_time: new Date(now).toISOString(),
      total_price: '200.00',
      currency: 'USD',
      seats: seats.map(({ row, number }) => ({
        row,
        number,
        status: 'HELD',
        version: 1,
        hold_expires_at: holdExpiresAt,
      })),
    };
  });
  process.on('SIGTERM', () => void app.close());
  const address = await app.listen({ port: Number(process.env.PORT), host: process.env.HOST! });
  console.error(`Bare Fastify serves on ${address}`);
}

void main();
