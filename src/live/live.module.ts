import { Global, Module } from '@nestjs/common';
import { SeatChanges } from '../seats/seat-changes';
import { Activity } from './activity.service';
import { ChangeChannel } from './change-channel';
import { LiveController } from './live.controller';
import { ShowFeeds } from './show-feeds';

/** Global, as it plugs its ear into the seats, which know nothing of who watches them. */
@Global()
@Module({
  controllers: [LiveController],
  providers: [Activity, ChangeChannel, ShowFeeds, { provide: SeatChanges, useExisting: ShowFeeds }],
  exports: [SeatChanges],
})
export class LiveModule {}
