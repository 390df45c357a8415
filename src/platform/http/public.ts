import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';

/** How a route opts out of the one global guard. */
export type Access = 'public' | 'unguarded';
export const ACCESS = 'rowlock:access';

/** The route needs no token. A token that is sent is verified all the same: a valid one names the holder, an invalid one is refused. */
export const Public = () =>
  applyDecorators(SetMetadata(ACCESS, 'public' satisfies Access), ApiSecurity({}), ApiBearerAuth());

/** The guard leaves the route alone, whatever is in `Authorization`. */
export const Unguarded = () => SetMetadata(ACCESS, 'unguarded' satisfies Access);
