import { DynamicModule, Module, Type } from '@nestjs/common';
import { SeatCounts } from './seat-counts';
import { ShowsController } from './shows.controller';
import { Shows } from './shows.service';

/** What is shown. It knows nothing of how seats are kept: `app.module.ts` plugs in how they are counted. */
@Module({})
export class ShowsModule {
  static forRoot(plugs: { counts: Type<SeatCounts> }): DynamicModule {
    return {
      module: ShowsModule,
      controllers: [ShowsController],
      providers: [Shows, { provide: SeatCounts, useClass: plugs.counts }],
    };
  }
}
