import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../platform/http/public';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { ShowDto, ShowIdDto, ShowListDto, ShowListQueryDto } from './show.dto';
import { SeenShow, Shows } from './shows.service';

@ApiTags('Shows')
@Controller('api/shows')
@Public()
export class ShowsController {
  constructor(private readonly shows: Shows) {}

  /** Shows by start, page by page, with their seats counted. */
  @Get()
  @ApiOperation({ operationId: 'listShows', summary: 'Shows' })
  @ApiOkResponse({ type: ShowListDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'INTERNAL', 'BUSY')
  async list(@Query() query: ShowListQueryDto): Promise<ShowListDto> {
    const { page, next } = await this.shows.list(query);
    return { shows: page.map(showDto), next };
  }

  /** One show, with its seats counted. */
  @Get(':id')
  @ApiOperation({ operationId: 'getShow', summary: 'One show' })
  @ApiOkResponse({ type: ShowDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'SHOW_NOT_FOUND', 'INTERNAL', 'BUSY')
  async show(@Param() { id }: ShowIdDto): Promise<ShowDto> {
    return showDto(await this.shows.find(id));
  }
}

function showDto(show: SeenShow): ShowDto {
  return {
    id: show.id,
    title: show.title,
    screen: show.screen,
    starts_at: show.startsAt.toISOString(),
    ends_at: show.endsAt.toISOString(),
    price: show.price,
    currency: show.currency,
    sales: show.salesOpen ? 'OPEN' : 'CLOSED',
    stats: { ...show.stats },
  };
}
