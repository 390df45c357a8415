import { DynamicModule, Module, Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdmissionModule } from './admission.module';
import { AccessTokenService } from './access-token.service';
import { Accounts } from './accounts';
import { AuthController } from './auth.controller';
import { AuthGuard } from './auth.guard';
import { GuestHolds, GuestTakeovers } from './guest-takeovers';
import { PasswordHasher } from './password-hasher';
import { RevocationLog } from './revocation-log';
import { Revocations } from './revocations';
import { Sessions } from './sessions';
import { SignIn } from './sign-in';
import { User } from './user.entity';
import { UsersService } from './users.service';

/** Holders. `app.module.ts` plugs in how the holds of a guest become a user's. */
@Module({})
export class IdentityModule {
  static forRoot(seats: DynamicModule, plugs: { holds: Type<GuestHolds> }): DynamicModule {
    return {
      module: IdentityModule,
      imports: [TypeOrmModule.forFeature([User]), AdmissionModule, seats],
      controllers: [AuthController],
      providers: [
        AccessTokenService,
        Accounts,
        { provide: GuestHolds, useExisting: plugs.holds },
        GuestTakeovers,
        PasswordHasher,
        RevocationLog,
        Revocations,
        Sessions,
        SignIn,
        UsersService,
        { provide: APP_GUARD, useClass: AuthGuard },
      ],
      exports: [AccessTokenService, GuestTakeovers, UsersService],
    };
  }
}
