# The worker, the board and all other commands in one image (`runtime`, the last stage), and the simulated Defender in another.

# A Node with long-term support. A tag moves with its security fixes; for the same bytes each time, give a digest:
# docker build --build-arg NODE_IMAGE=node:24-trixie-slim@sha256:…
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS locked
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM locked AS development
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./

FROM development AS build
COPY src src
COPY workers workers
COPY producers producers
RUN node_modules/.bin/tsc -p tsconfig.build.json

FROM locked AS production
# npm keeps TypeScript as an optional peer of a package of the board. Nothing loads it, nor types and source maps: 70 MB.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts \
  && rm -r node_modules/typescript node_modules/.bin/tsc node_modules/.bin/tsserver \
  && find node_modules -type f -regex '.*\.\(d\.[cm]?ts\|map\)' -delete

FROM development AS simulator
COPY test/simulator test/simulator
USER 10001:10001
# Loopback alone: whoever talks to it shares its network namespace, for plain http is refused elsewhere.
ENV HOST=127.0.0.1 PORT=8080
ENTRYPOINT ["node", "--import", "tsx", "test/simulator/main.ts"]

FROM ${NODE_IMAGE} AS runtime
LABEL org.opencontainers.image.title="defender-actions" \
      org.opencontainers.image.description="Runs a SOAR platform's actions against Microsoft 365 Defender, from a queue" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
# The worker's health and metrics, on the container's own loopback; other commands are asked elsewhere.
ENV NODE_ENV=production WORKER_PORT=9464 HEALTH_URL=http://127.0.0.1:9464/livez
COPY --from=production /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Exec form: SIGTERM reaches node itself, which then hands its jobs back.
ENTRYPOINT ["node", "dist/src/cli.js"]
CMD ["worker"]
