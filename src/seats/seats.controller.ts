import { Body, Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Admission } from '../identity/admission';
import { CurrentHolder } from '../identity/holder';
import type { Holder } from '../identity/holder';
import { ApiConditional, sendRendered } from '../platform/http/conditional';
import { varyBy } from '../platform/http/vary';
import { Public } from '../platform/http/public';
import { LimitReads } from '../platform/http/read-limits';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { Problem } from '../platform/problem/problem';
import { AddressKeyring } from './address-keyring';
import { renderSeatMap, SeatMapReader } from './reading/seat-map';
import { holdAnswer, releaseAnswer } from './seat-answers';
import { SeatCommandQueue } from './seat-command-queue';
import { Call, runSeatCommand, SeatCommandRoute } from './seat-command-route';
import type { CommandCall } from './seat-command-route';
import { HoldAnswerDto, ReleaseAnswerDto, SeatCommandDto, SeatMapDto, SeatMapQueryDto } from './seat.dto';

@ApiTags('Seats')
@Controller('api/seats')
export class SeatsController {
  constructor(
    private readonly queue: SeatCommandQueue,
    private readonly seatMaps: SeatMapReader,
    private readonly addresses: AddressKeyring,
    private readonly admission: Admission,
  ) {}

  /** The seats of a show as they are now, with counts of the same instant. A lapsed hold is AVAILABLE. */
  @Get()
  @Public()
  @LimitReads('heavy')
  @ApiOperation({ operationId: 'getSeatMap', summary: 'Seat map of a show' })
  @ApiConditional(SeatMapDto, 'anything but server_time')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'SHOW_NOT_FOUND', 'RATE_LIMITED')
  async seatMap(
    @Query() query: SeatMapQueryDto,
    @CurrentHolder() viewer: Holder | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const map = await this.seatMaps.read(query.show_id);
    if (!map) throw new Problem('SHOW_NOT_FOUND');
    varyBy(reply, 'Authorization');
    sendRendered(reply, ifNoneMatch, 'private, no-cache', renderSeatMap(map, viewer?.id ?? null));
  }

  /** Holds all the seats until a deadline, or none. Holding again what one already holds changes nothing. */
  @SeatCommandRoute('hold', 'hold-batch', HoldAnswerDto)
  @ApiOperation({ operationId: 'holdSeats', summary: 'Hold seats' })
  async hold(@Body() body: SeatCommandDto, @Call() call: CommandCall): Promise<HoldAnswerDto> {
    this.admission.check(call.holder, body.show_id);
    const address = call.address && this.addresses.keysOf(body.show_id, call.address);
    return holdAnswer(await runSeatCommand(this.queue, 'hold', body, call, address && { address }));
  }

  /** Gives up holds, all or none. Seats that are free already are left as they are. */
  @SeatCommandRoute('release', 'release-hold-batch', ReleaseAnswerDto)
  @ApiOperation({ operationId: 'releaseSeats', summary: 'Release held seats' })
  async release(@Body() body: SeatCommandDto, @Call() call: CommandCall): Promise<ReleaseAnswerDto> {
    return releaseAnswer(await runSeatCommand(this.queue, 'release', body, call));
  }
}
