import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, HttpCode, Module, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AppModule } from '../../src/app.module';
import { createApp } from '../../src/app.setup';
import { CurrentHolder } from '../../src/identity/holder';
import type { Holder } from '../../src/identity/holder';
import { parseEnvironment } from '../../src/platform/config/app-config';
import { PipelinedTransaction } from '../../src/platform/database/pipelined-transaction';
import { Public } from '../../src/platform/http/public';
import { LimitCommands } from '../../src/platform/http/rate-limits';
import { holdAnswer } from '../../src/seats/seat-answers';
import { SeatMapReader, renderSeatMap } from '../../src/seats/reading/seat-map';
import { HoldAnswerDto, SeatCommandDto, SeatMapQueryDto } from '../../src/seats/seat.dto';
import { stopOnSignal } from '../../src/serve';

/**
 * The server of production with routes beside its own that do everything but the work with the database: the measures
 * compare the others with them.
 */

let roundTrips = 0;

/** A transaction waits for PostgreSQL once for each stage. */
function countRoundTrips(): void {
  const { stage } = PipelinedTransaction.prototype;
  PipelinedTransaction.prototype.stage = function (this: PipelinedTransaction, reads) {
    roundTrips++;
    return stage.call(this, reads);
  } as typeof stage;
}

@Controller('bench')
class BenchController {
  private rendered: ReturnType<typeof renderSeatMap> | undefined;

  constructor(private readonly seatMaps: SeatMapReader) {}

  /** A hold but for its transaction: the same token check, validation and answer. */
  @Post('hold')
  @HttpCode(200)
  @LimitCommands()
  hold(@Body() body: SeatCommandDto, @CurrentHolder() _holder: Holder): HoldAnswerDto {
    const serverTimeMs = Date.now();
    const seats = body.seats.map(({ row, number }) => ({
      row,
      number,
      version: 1,
      holdExpiresAtMs: serverTimeMs + 600_000,
    }));
    return holdAnswer({
      kind: 'held',
      showId: body.show_id,
      seats,
      totalPrice: '200.00',
      currency: 'USD',
      serverTimeMs,
    });
  }

  /** A seat map that was read and rendered once. */
  @Get('seats')
  @Public()
  async seats(
    @Query() query: SeatMapQueryDto,
    @CurrentHolder() _viewer: Holder | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.rendered ??= renderSeatMap((await this.seatMaps.read(query.show_id))!, null);
    const { json, etag } = this.rendered;
    reply.header('etag', etag).header('cache-control', 'private, no-cache').header('vary', 'Authorization');
    reply.header('content-type', 'application/json; charset=utf-8').send(json);
  }

  /** How often a transaction has waited for the database. */
  @Get('round-trips')
  @Public()
  roundTrips(): { round_trips: number } {
    return { round_trips: roundTrips };
  }
}

@Module({ controllers: [BenchController], providers: [SeatMapReader] })
class BenchModule {}

async function main(): Promise<void> {
  const config = parseEnvironment(process.env);
  countRoundTrips();
  const root = AppModule.forRoot(config);
  const app = await createApp(config, { ...root, imports: [...root.imports!, BenchModule] });
  await app.listen(config.server.port, config.server.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  stopOnSignal({ url: '', stop: () => app.close() }, config.server.shutdownGraceMs);
  console.error(`Rowlock serves on http://localhost:${port}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
