import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentHolder } from '../identity/holder';
import type { Holder } from '../identity/holder';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { bookingDto } from '../seats/seat-answers';
import { BookingDto } from '../seats/seat.dto';
import { BookingIdDto, BookingListDto, BookingListQueryDto, BOOKINGS_PER_PAGE } from './booking.dto';
import { Bookings } from './bookings.service';

@ApiTags('Bookings')
@ApiBearerAuth()
@Controller('api/bookings')
export class BookingsController {
  constructor(private readonly bookings: Bookings) {}

  /** The caller's own bookings, newest first. */
  @Get()
  @ApiOperation({ operationId: 'listBookings', summary: 'Own bookings' })
  @ApiOkResponse({ type: BookingListDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'INTERNAL', 'BUSY')
  async list(@Query() query: BookingListQueryDto, @CurrentHolder() holder: Holder): Promise<BookingListDto> {
    const { bookings, next } = await this.bookings.list(holder.id, {
      ...query,
      limit: query.limit ?? BOOKINGS_PER_PAGE,
    });
    return { bookings: bookings.map(bookingDto), next };
  }

  /** One of the caller's own bookings. */
  @Get(':id')
  @ApiOperation({ operationId: 'getBooking', summary: 'One own booking' })
  @ApiOkResponse({ type: BookingDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'BOOKING_NOT_FOUND', 'INTERNAL', 'BUSY')
  async booking(@Param() { id }: BookingIdDto, @CurrentHolder() holder: Holder): Promise<BookingDto> {
    return bookingDto(await this.bookings.find(holder.id, id));
  }
}
