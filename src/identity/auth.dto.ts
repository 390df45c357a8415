import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength, MinLength } from 'class-validator';
import type { Holder } from './holder';

/** Ours have 300 to 400 characters. */
const REFRESH_TOKEN_MAX_LENGTH = 2_048;

export const HOLDER_KINDS = ['guest', 'user', 'external'] as const satisfies Holder['kind'][];

/** As in {@link CredentialsDto}. */
function PasswordField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'password', writeOnly: true, minLength: 8, maxLength: 128 }),
    IsString(),
    MinLength(8),
    MaxLength(128),
  ) as PropertyDecorator;
}

export class CredentialsDto {
  /** Upper and lower case are the same. @example "ada.lovelace" */
  @Matches(/^[A-Za-z0-9_.-]{3,64}$/, {
    message: 'username must be 3 to 64 letters, digits, dots, hyphens or underscores',
  })
  username: string;

  /** Any characters; a new one must not be one of those that are guessed first. @example "correct horse battery staple" */
  @PasswordField() password: string;
}

export class PasswordChangeDto {
  /** The password of now. @example "battery horse staple correct" */
  @PasswordField() current_password: string;

  /** Any characters, but none of the passwords that are guessed first. @example "correct horse battery staple" */
  @PasswordField() new_password: string;
}

export class PasswordDto {
  /** The user's password. @example "correct horse battery staple" */
  @PasswordField() password: string;
}

export class RefreshDto {
  /** The `refresh_token` of the answer before. It is used up by this. @example "eyJhbGciOiJIUzI1NiIsImtpZCI6IkZ2R3…" */
  @ApiProperty({ writeOnly: true })
  @IsString()
  @MaxLength(REFRESH_TOKEN_MAX_LENGTH)
  refresh_token: string;
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

  /** Seconds until the access token expires. @example 900 */
  @ApiProperty({ type: 'integer', minimum: 1 }) expires_in: number;

  /**
   * Good for one `POST /api/auth/refresh/`. Absent where the server gives out none.
   * @example "eyJhbGciOiJIUzI1NiIsImtpZCI6IkZ2R3…"
   */
  refresh_token?: string;

  /** Seconds until the refresh token expires. @example 2592000 */
  @ApiProperty({ type: 'integer', minimum: 1, required: false }) refresh_expires_in?: number;

  /** Whose token it is. */
  holder: HolderDto;
}

export class TakenOverDto {
  /** The guest whose token was sent. No token of it is good any more. @example "guest:0b8f7c1e-6a57-4a0e-9f5e-1b9f2a7f6f10" */
  holder_id: string;

  /** How many seats that the guest held this request has made the user's. @example 2 */
  @ApiProperty({ type: 'integer', minimum: 0 }) held_seats: number;
}

export class SignedInDto extends AccessTokenDto {
  /** Present when the request had a guest's token: the guest's holds and bookings are the user's now. */
  @ApiProperty({ required: false }) taken_over?: TakenOverDto;
}

export class MeDto {
  /** The holder of the token. */
  holder: HolderDto;
}
