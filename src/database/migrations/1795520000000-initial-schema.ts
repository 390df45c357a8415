import { MigrationInterface, QueryRunner } from 'typeorm';

export class InitialSchema1795520000000 implements MigrationInterface {
  name = 'InitialSchema1795520000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "movie" ("id" integer GENERATED ALWAYS AS IDENTITY NOT NULL, "title" text NOT NULL, "duration_minutes" integer NOT NULL, CONSTRAINT "movie_title_key" UNIQUE ("title"), CONSTRAINT "movie_pkey" PRIMARY KEY ("id"))`,
    );
    await queryRunner.query(
      `CREATE TABLE "screen" ("id" integer GENERATED ALWAYS AS IDENTITY NOT NULL, "name" text NOT NULL, "layout" jsonb NOT NULL, CONSTRAINT "screen_name_key" UNIQUE ("name"), CONSTRAINT "screen_pkey" PRIMARY KEY ("id"))`,
    );
    await queryRunner.query(
      `CREATE TABLE "show" ("id" integer GENERATED ALWAYS AS IDENTITY NOT NULL, "movie_id" integer NOT NULL, "screen_id" integer NOT NULL, "starts_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "ends_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "sales_open_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "sales_close_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "price" numeric(12,2) NOT NULL, "currency" character(3) NOT NULL, CONSTRAINT "show_times" CHECK ("ends_at" > "starts_at" AND "sales_close_at" > "sales_open_at"), CONSTRAINT "show_pkey" PRIMARY KEY ("id"))`,
    );
    await queryRunner.query(`CREATE INDEX "show_starts_at" ON "show"  ("starts_at", "id") `);
    await queryRunner.query(
      `CREATE TABLE "booking" ("show_id" integer NOT NULL, "id" uuid NOT NULL, "reference" text NOT NULL, "holder_id" text COLLATE "C" NOT NULL, "total_paid" numeric(14,2) NOT NULL, "currency" character(3) NOT NULL, "booked_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "booking_pkey" PRIMARY KEY ("show_id", "id"))`,
    );
    await queryRunner.query(`CREATE UNIQUE INDEX "booking_reference" ON "booking"  ("show_id", "reference") `);
    await queryRunner.query(`CREATE INDEX "booking_holder" ON "booking"  ("holder_id", "booked_at", "id") `);
    await queryRunner.query(
      `CREATE TABLE "booking_seat" ("show_id" integer NOT NULL, "row" text COLLATE "C" NOT NULL, "number" integer NOT NULL, "booking_id" uuid NOT NULL, "price" numeric(12,2) NOT NULL, CONSTRAINT "booking_seat_pkey" PRIMARY KEY ("show_id", "row", "number"))`,
    );
    await queryRunner.query(`CREATE INDEX "booking_seat_booking" ON "booking_seat"  ("show_id", "booking_id") `);
    await queryRunner.query(
      `CREATE TABLE "user" ("id" uuid NOT NULL, "username" text NOT NULL, "password_hash" text NOT NULL, "role" text NOT NULL DEFAULT 'user', "created_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "user_username_key" UNIQUE ("username"), CONSTRAINT "user_pkey" PRIMARY KEY ("id"))`,
    );
    await queryRunner.query(
      `CREATE TABLE "idempotency_record" ("holder_id" text COLLATE "C" NOT NULL, "key" text COLLATE "C" NOT NULL, "fingerprint" bytea NOT NULL, "outcome" json NOT NULL, "created_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "idempotency_record_pkey" PRIMARY KEY ("holder_id", "key"))`,
    );
    await queryRunner.query(`CREATE INDEX "idempotency_record_created_at" ON "idempotency_record"  ("created_at") `);
    await queryRunner.query(
      `CREATE TABLE "seat_transition" ("show_id" integer NOT NULL, "row" text COLLATE "C" NOT NULL, "number" integer NOT NULL, "version" integer NOT NULL, "command" text NOT NULL, "from_status" text NOT NULL, "to_status" text NOT NULL, "holder_id" text COLLATE "C" NOT NULL, "hold_expires_at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "booking_id" uuid, "at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "seat_transition_legal" CHECK (("command", "from_status", "to_status") IN (('hold', 'AVAILABLE', 'HELD'), ('book', 'HELD', 'BOOKED'), ('release', 'HELD', 'AVAILABLE'), ('expire', 'HELD', 'AVAILABLE'))), CONSTRAINT "seat_transition_pkey" PRIMARY KEY ("show_id", "row", "number", "version"))`,
    );
    await queryRunner.query(`CREATE TABLE "seat" ("show_id" integer NOT NULL, "row" text COLLATE "C" NOT NULL, "number" integer NOT NULL, "status" text NOT NULL DEFAULT 'AVAILABLE', "version" integer NOT NULL DEFAULT '0', "price" numeric(12,2) NOT NULL, "holder_id" text COLLATE "C", "held_at" TIMESTAMP(3) WITH TIME ZONE, "hold_expires_at" TIMESTAMP(3) WITH TIME ZONE, "hold_slot" smallint, "booking_id" uuid, CONSTRAINT "seat_version" CHECK ("version" >= 0), CONSTRAINT "seat_columns_fit_status" CHECK (CASE "status"
    WHEN 'AVAILABLE' THEN num_nonnulls("holder_id", "held_at", "hold_expires_at", "hold_slot", "booking_id") = 0
    WHEN 'HELD' THEN num_nulls("holder_id", "held_at", "hold_expires_at", "hold_slot") = 0 AND "booking_id" IS NULL
    WHEN 'BOOKED' THEN num_nulls("holder_id", "booking_id") = 0 AND num_nonnulls("held_at", "hold_expires_at", "hold_slot") = 0
  END), CONSTRAINT "seat_status" CHECK ("status" IN ('AVAILABLE', 'HELD', 'BOOKED')), CONSTRAINT "seat_pkey" PRIMARY KEY ("show_id", "row", "number"))`);
    await queryRunner.query(
      `CREATE UNIQUE INDEX "seat_hold_slot" ON "seat"  ("show_id", "holder_id", "hold_slot") WHERE "status" = 'HELD'`,
    );
    await queryRunner.query(`CREATE INDEX "seat_hold_deadline" ON "seat"  ("hold_expires_at") WHERE "status" = 'HELD'`);
    await queryRunner.query(
      `ALTER TABLE "show" ADD CONSTRAINT "show_movie_fkey" FOREIGN KEY ("movie_id") REFERENCES "movie"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "show" ADD CONSTRAINT "show_screen_fkey" FOREIGN KEY ("screen_id") REFERENCES "screen"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "booking" ADD CONSTRAINT "booking_show_fkey" FOREIGN KEY ("show_id") REFERENCES "show"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "booking_seat" ADD CONSTRAINT "booking_seat_booking_fkey" FOREIGN KEY ("show_id", "booking_id") REFERENCES "booking"("show_id","id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "seat" ADD CONSTRAINT "seat_show_fkey" FOREIGN KEY ("show_id") REFERENCES "show"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
  }

  /** Dropping every table is a matter for the database's owner, not for a program. */
  public down(): Promise<void> {
    return Promise.reject(new Error('This migration has no way back: drop the database instead.'));
  }
}
