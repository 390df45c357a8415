import { DynamicModule, Module } from '@nestjs/common';
import { BookingsController } from './bookings.controller';
import { Bookings } from './bookings.service';

/** The bookings. `BookingRows` writes them in the seats' transaction; `app.module.ts` plugs it in there. */
@Module({})
export class BookingsModule {
  static forRoot(seats: DynamicModule): DynamicModule {
    return { module: BookingsModule, imports: [seats], controllers: [BookingsController], providers: [Bookings] };
  }
}
