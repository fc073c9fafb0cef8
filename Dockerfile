# The server, as an image: docker build --tag seathold .

# All that is needed to build is in here: Rust and a C compiler.
FROM rust:1.90-slim-bookworm AS build
WORKDIR /source
COPY . .
# What was downloaded and built before is kept for the next time, beside the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target,sharing=locked \
    cargo build --release --locked --package seathold-server \
    && cp target/release/seathold /usr/local/bin/

FROM debian:bookworm-slim
RUN useradd --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin seathold
# The payment gateway's certificate is checked by these; without them the server does not start.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/bin/seathold /usr/local/bin/
USER 10001
WORKDIR /data
# The embedded store, unless MONGO_URI is set.
VOLUME /data
ENV HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
EXPOSE 3000
# It takes no more requests, finishes those it has, and ends after 21 s at the latest.
STOPSIGNAL SIGTERM
# Whether it runs, not whether it is ready: a new one would not bring MongoDB back.
# There is no curl in this image, but bash.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s CMD [ \
    "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /health/live HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.. 200' <&3"]
ENTRYPOINT ["seathold"]
CMD ["serve"]
