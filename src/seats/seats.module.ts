import { DynamicModule, Module, Type } from '@nestjs/common';
import { AdmissionModule } from '../identity/admission.module';
import { AddressKeyring } from './address-keyring';
import { HoldsOfGuests } from './guest-holds';
import { IdempotencyCleaner } from './idempotency/idempotency-cleaner';
import { QueueOverload } from './queue-overload';
import { SeatMapReader } from './reading/seat-map';
import { SeatCommandQueue } from './seat-command-queue';
import { SEAT_LISTENERS, SeatListener } from './seat-listener';
import { SeatMetrics } from './seat-metrics';
import { SeatStateMachine } from './seat-state-machine';
import { SeatSweeper } from './seat-sweeper';
import { SeatsController } from './seats.controller';
import { TransactionWriter } from './transaction-writer';

/** The heart. `app.module.ts` plugs in how bookings are kept and which listeners hear of changes. */
@Module({})
export class SeatsModule {
  static forRoot(plugs: { writer: Type<TransactionWriter>; listeners: Type<SeatListener>[] }): DynamicModule {
    return {
      module: SeatsModule,
      imports: [AdmissionModule],
      controllers: [SeatsController],
      providers: [
        SeatStateMachine,
        SeatCommandQueue,
        QueueOverload,
        SeatMetrics,
        AddressKeyring,
        SeatMapReader,
        SeatSweeper,
        IdempotencyCleaner,
        HoldsOfGuests,
        { provide: TransactionWriter, useClass: plugs.writer },
        ...plugs.listeners,
        { provide: SEAT_LISTENERS, useFactory: (...listeners: SeatListener[]) => listeners, inject: plugs.listeners },
      ],
      exports: [HoldsOfGuests, SeatCommandQueue, SeatMapReader, ...plugs.listeners],
    };
  }
}
