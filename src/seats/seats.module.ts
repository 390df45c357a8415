import { Global, Module } from '@nestjs/common';
import { SeatCounts } from '../shows/seat-counts';
import { IdempotencyCleaner } from './idempotency/idempotency-cleaner';
import { SeatCommandQueue } from './seat-command-queue';
import { SeatCommands } from './seat-commands.service';
import { SeatCountReader } from './reading/seat-count-reader';
import { SeatMapReader } from './reading/seat-map';
import { SeatMetrics } from './seat-metrics';
import { SeatStateMachine } from './seat-state-machine';
import { SeatSweeper } from './seat-sweeper';
import { SeatsController } from './seats.controller';

/** The heart. Global, as it plugs its counts into the shows, which know nothing of it. */
@Global()
@Module({
  controllers: [SeatsController],
  providers: [
    SeatStateMachine,
    SeatCommandQueue,
    SeatCommands,
    SeatMetrics,
    SeatMapReader,
    SeatSweeper,
    IdempotencyCleaner,
    { provide: SeatCounts, useClass: SeatCountReader },
  ],
  exports: [SeatCounts, SeatMapReader],
})
export class SeatsModule {}
