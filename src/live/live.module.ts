import { DynamicModule, Module } from '@nestjs/common';
import { Activity } from './activity.service';
import { LiveController } from './live.controller';
import { StreamPlaces } from './stream-places';
import { UnreadBytes } from './unread-bytes';

/** Seats as they change. `ShowFeeds` and `ChangeChannel` listen to the seats, so they are plugged in there. */
@Module({})
export class LiveModule {
  static forRoot(seats: DynamicModule): DynamicModule {
    return {
      module: LiveModule,
      imports: [seats],
      controllers: [LiveController],
      providers: [Activity, StreamPlaces, UnreadBytes],
    };
  }
}
