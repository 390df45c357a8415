import { DynamicModule, Module } from '@nestjs/common';
import { BookingsController } from './bookings.controller';
import { BookingKeys } from './booking-keys';
import { Bookings } from './bookings.service';

/** The bookings. `BookingRows` writes them in the seats' transaction; `app.module.ts` plugs it in there. */
@Module({})
export class BookingsModule {
  static forRoot(seats: DynamicModule, identity: DynamicModule): DynamicModule {
    return {
      module: BookingsModule,
      imports: [seats, identity],
      controllers: [BookingsController],
      providers: [BookingKeys, Bookings],
    };
  }
}
