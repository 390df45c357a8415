import { Global, Module } from '@nestjs/common';
import { BookingLedger } from '../seats/booking-ledger';
import { BookingRows } from './booking-rows';
import { BookingsController } from './bookings.controller';
import { Bookings } from './bookings.service';

/** Global, as it plugs the keeping of bookings into the seats' transaction. */
@Global()
@Module({
  controllers: [BookingsController],
  providers: [Bookings, { provide: BookingLedger, useClass: BookingRows }],
  exports: [BookingLedger],
})
export class BookingsModule {}
