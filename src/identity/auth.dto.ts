import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength, MinLength } from 'class-validator';
import type { Holder } from './holder';

export const HOLDER_KINDS = ['guest', 'user', 'external'] as const satisfies Holder['kind'][];

export class CredentialsDto {
  /** Upper and lower case are the same. @example "ada.lovelace" */
  @Matches(/^[A-Za-z0-9_.-]{3,64}$/, {
    message: 'username must be 3 to 64 letters, digits, dots, hyphens or underscores',
  })
  username: string;

  /** Any characters; a new one must not be one of those that are guessed first. @example "correct horse battery staple" */
  @ApiProperty({ format: 'password', writeOnly: true })
  @IsString()
  @MinLength(8)
  @MaxLength(128)
  password: string;
}

export class HolderDto {
  /** The owner of holds and bookings. @example "guest:0b8f7c1e-6a57-4a0e-9f5e-1b9f2a7f6f10" */
  id: string;

  /**
   * A shopper without an account, a registered user, or a user of an organisation's identity provider.
   * @example "guest"
   */
  @ApiProperty({ enum: HOLDER_KINDS, enumName: 'HolderKind' }) kind: Holder['kind'];

  /** Present on the tokens of administrators. */
  @ApiProperty({ enum: ['admin'], required: false }) role?: Holder['role'];

  /** The shows whose seats the guest may hold; present where a guest needs admission. @example [1] */
  @ApiProperty({ type: [Number], required: false }) shows?: readonly number[];
}

export class AccessTokenDto {
  /** Send it as `Authorization: Bearer <access_token>`. @example "eyJhbGciOiJIUzI1NiIsImtpZCI6IkZ2R3…" */
  access_token: string;

  /** Always `Bearer`. @example "Bearer" */
  @ApiProperty({ enum: ['Bearer'] }) token_type: 'Bearer';

  /** Seconds until the token expires. @example 86400 */
  @ApiProperty({ type: 'integer', minimum: 1 }) expires_in: number;

  /** Whose token it is. */
  holder: HolderDto;
}

export class MeDto {
  /** The holder of the token. */
  holder: HolderDto;
}
