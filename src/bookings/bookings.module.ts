import { DynamicModule, Module } from '@nestjs/common';
import { BookingsController } from './bookings.controller';
import { Bookings } from './bookings.service';

/** What is sold. How it is written is plugged into the seats' transaction: `BookingRows`. */
@Module({})
export class BookingsModule {
  static forRoot(seats: DynamicModule): DynamicModule {
    return { module: BookingsModule, imports: [seats], controllers: [BookingsController], providers: [Bookings] };
  }
}
