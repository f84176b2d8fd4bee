# The worker, the board and all other commands in one image (`runtime`), and the simulated Defender in another.

FROM node:24-bookworm-slim AS locked
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM locked AS development
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./

FROM development AS build
COPY src src
COPY workers workers
COPY producers producers
RUN node_modules/.bin/tsc -p tsconfig.build.json

FROM locked AS production
RUN npm ci --omit=dev --ignore-scripts

FROM development AS simulator
COPY test/simulator test/simulator
USER 10001:10001
# Loopback alone: whoever talks to it shares its network namespace, for plain http is refused elsewhere.
ENV HOST=127.0.0.1 PORT=8080
ENTRYPOINT ["node", "--import", "tsx", "test/simulator/main.ts"]

FROM node:24-bookworm-slim AS runtime
WORKDIR /app
# The worker's health and metrics, on the container's own loopback.
ENV NODE_ENV=production WORKER_PORT=9464
COPY --from=production /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WORKER_PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Exec form: SIGTERM reaches node itself, which then hands its jobs back.
ENTRYPOINT ["node", "dist/src/cli.js"]
CMD ["worker"]
