import { Body, Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentHolder } from '../identity/holder';
import type { Holder } from '../identity/holder';
import { PageQueryDto } from '../platform/http/page.dto';
import { LimitReads } from '../platform/http/read-limits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { SeatCommandQueue } from '../seats/seat-command-queue';
import { Call, runSeatCommand, SeatCommandRoute } from '../seats/seat-command-route';
import type { CommandCall } from '../seats/seat-command-route';
import { SeatCommandDto } from '../seats/seat.dto';
import { bookAnswer, bookingDto } from './booking-answers';
import { BookAnswerDto, BookingDto, BookingIdDto, BookingListDto } from './booking.dto';
import { Bookings } from './bookings.service';

@ApiTags('Bookings')
@ApiBearerAuth()
@Controller('api')
export class BookingsController {
  constructor(
    private readonly bookings: Bookings,
    private readonly queue: SeatCommandQueue,
  ) {}

  /** Books seats that the caller holds, all or none, at the price the hold told. Repeating it gives the same booking. */
  @ApiTags('Seats')
  @SeatCommandRoute('book', 'seats/book-batch', BookAnswerDto)
  @ApiOperation({ operationId: 'bookSeats', summary: 'Book held seats' })
  async book(@Body() body: SeatCommandDto, @Call() call: CommandCall): Promise<BookAnswerDto> {
    return bookAnswer(await runSeatCommand(this.queue, 'book', body, call));
  }

  /** The caller's own bookings, newest first. */
  @Get('bookings')
  @LimitReads('light')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'listBookings', summary: 'Own bookings' })
  @ApiOkResponse({ type: BookingListDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'RATE_LIMITED')
  async list(@Query() query: PageQueryDto, @CurrentHolder() holder: Holder): Promise<BookingListDto> {
    const { page, next } = await this.bookings.list(holder.id, query);
    return { bookings: page.map(bookingDto), next };
  }

  /** One of the caller's own bookings. */
  @Get('bookings/:id')
  @LimitReads('light')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getBooking', summary: 'One own booking' })
  @ApiOkResponse({ type: BookingDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'BOOKING_NOT_FOUND', 'RATE_LIMITED')
  async booking(@Param() { id }: BookingIdDto, @CurrentHolder() holder: Holder): Promise<BookingDto> {
    return bookingDto(await this.bookings.find(holder.id, id));
  }
}
