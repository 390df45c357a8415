import { Body, Controller, Get, Header, Headers, Param, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentHolder } from '../identity/holder';
import type { Holder } from '../identity/holder';
import { Public } from '../platform/http/public';
import { LimitReads } from '../platform/http/read-limits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { SeatCommandQueue } from '../seats/seat-command-queue';
import { Call, runSeatCommand, SeatCommandRoute } from '../seats/seat-command-route';
import type { CommandCall } from '../seats/seat-command-route';
import { SeatCommandDto } from '../seats/seat.dto';
import { bookAnswer, bookingDto } from './booking-answers';
import { TokenOrBookingKey } from './booking-access';
import { BookingKeys } from './booking-keys';
import {
  BookAnswerDto,
  BookingDto,
  BookingIdDto,
  BookingListDto,
  BookingQueryDto,
  BookingsQueryDto,
} from './booking.dto';
import { Bookings } from './bookings.service';

@ApiTags('Bookings')
@ApiBearerAuth()
@Controller('api')
export class BookingsController {
  constructor(
    private readonly bookings: Bookings,
    private readonly keys: BookingKeys,
    private readonly queue: SeatCommandQueue,
  ) {}

  /** Books seats that the caller holds, all or none, at the price the hold told. Repeating it gives the same booking. */
  @ApiTags('Seats')
  @SeatCommandRoute('book', 'seats/book-batch', BookAnswerDto)
  @ApiOperation({ operationId: 'bookSeats', summary: 'Book held seats' })
  async book(@Body() body: SeatCommandDto, @Call() call: CommandCall): Promise<BookAnswerDto> {
    return bookAnswer(await runSeatCommand(this.queue, 'book', body, call), this.keys);
  }

  /** The caller's own bookings, newest first; a user's with those of the guests that the user was before. */
  @Get('bookings')
  @LimitReads('light')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'listBookings', summary: 'Own bookings' })
  @ApiOkResponse({ type: BookingListDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'RATE_LIMITED')
  async list(@Query() query: BookingsQueryDto, @CurrentHolder() holder: Holder): Promise<BookingListDto> {
    const { page, next } = await this.bookings.list(holder, query);
    return { bookings: page.map((booking) => bookingDto(booking, this.keys)), next };
  }

  /** One of the caller's own bookings, or, with its key and no token at all, anybody's. */
  @Get('bookings/:id')
  @Public()
  @UseGuards(TokenOrBookingKey)
  @LimitReads('light')
  @Header('cache-control', 'no-store')
  @Header('referrer-policy', 'no-referrer')
  @ApiOperation({ operationId: 'getBooking', summary: 'One booking' })
  @ApiHeader({
    name: 'Booking-Key',
    required: false,
    description: 'The `key` of the booking.',
    schema: { type: 'string' },
  })
  @ApiOkResponse({ type: BookingDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'BOOKING_NOT_FOUND', 'RATE_LIMITED')
  async booking(
    @Param() { id }: BookingIdDto,
    @Query() query: BookingQueryDto,
    @Headers('booking-key') header: string | undefined,
    @CurrentHolder() holder: Holder | undefined,
  ): Promise<BookingDto> {
    const key = header ?? query.key;
    const booking = key === undefined ? await this.bookings.find(holder!, id) : await this.bookings.findByKey(id, key);
    return bookingDto(booking, this.keys);
  }
}
