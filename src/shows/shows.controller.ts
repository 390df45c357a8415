import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../platform/http/public';
import { ApiProblems } from '../platform/problem/api-problems.decorator';
import { ShowDto, ShowIdDto, ShowListDto, ShowListQueryDto } from './show.dto';
import { Shows } from './shows.service';

@ApiTags('Shows')
@Controller('api/shows')
@Public()
export class ShowsController {
  constructor(private readonly shows: Shows) {}

  /** Shows by start, page by page, with their seats counted. */
  @Get()
  @ApiOperation({ operationId: 'listShows', summary: 'Shows' })
  @ApiOkResponse({ type: ShowListDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'TOKEN_EXPIRED')
  async list(@Query() query: ShowListQueryDto): Promise<ShowListDto> {
    const { page, next } = await this.shows.list(query);
    return { shows: page, next };
  }

  /** One show, with its seats counted. */
  @Get(':id')
  @ApiOperation({ operationId: 'getShow', summary: 'One show' })
  @ApiOkResponse({ type: ShowDto })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'TOKEN_EXPIRED', 'SHOW_NOT_FOUND')
  show(@Param() { id }: ShowIdDto): Promise<ShowDto> {
    return this.shows.find(id);
  }
}
