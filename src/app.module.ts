import { DynamicModule, Module } from '@nestjs/common';
import { BookingRows } from './bookings/booking-rows';
import { BookingsModule } from './bookings/bookings.module';
import { IdentityModule } from './identity/identity.module';
import { ChangedShows } from './ledger/changed-shows';
import { LedgerModule } from './ledger/ledger.module';
import { ChangeChannel } from './live/change-channel';
import { LiveModule } from './live/live.module';
import { ShowFeeds } from './live/show-feeds';
import type { AppConfig } from './platform/config/app-config';
import { ConfigModule } from './platform/config/config.module';
import { DatabaseModule } from './platform/database/database.module';
import { HealthController } from './platform/health/health.controller';
import { OverloadModule } from './platform/http/overload';
import { RateLimitModule } from './platform/http/rate-limits';
import { JobsModule } from './platform/jobs/jobs.module';
import { MetricsModule } from './platform/metrics/metrics.module';
import { SealsModule } from './platform/seals.module';
import { schema } from './database/schema';
import { HoldsOfGuests } from './seats/guest-holds';
import { SeatCountReader } from './seats/reading/seat-count-reader';
import { SeatsModule } from './seats/seats.module';
import { ShowsModule } from './shows/shows.module';

/** The monolith: identities, shows, their seats, and the bookings. */
@Module({})
export class AppModule {
  static forRoot(config: AppConfig): DynamicModule {
    // Bookings are written in the seats' transaction; the live modules and the ledger hear of what it changed.
    const seats = SeatsModule.forRoot({ writer: BookingRows, listeners: [ChangeChannel, ShowFeeds, ChangedShows] });
    const identity = IdentityModule.forRoot(seats, { holds: HoldsOfGuests });
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(config, schema),
        SealsModule,
        JobsModule,
        RateLimitModule,
        OverloadModule,
        MetricsModule,
        identity,
        ShowsModule.forRoot({ counts: SeatCountReader }),
        seats,
        BookingsModule.forRoot(seats, identity),
        LiveModule.forRoot(seats),
        LedgerModule.forRoot(seats),
      ],
      controllers: [HealthController],
    };
  }
}
