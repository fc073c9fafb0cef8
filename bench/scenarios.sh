# shellcheck shell=bash
# The scenarios of scripts/bench. Their figures come to $FIGURES, one line for each run.

# Where a run has a time, and not a number of requests, in seconds.
RUN_SECONDS=5
# A point of the chart takes no longer.
POINT_SECONDS=3
# No run takes longer.
RUN_SECONDS_MAX=120
GROW_SECONDS_MAX=300

# Seats of a showtime; as many in all, whatever the size.
GROWTH=(200 2000 20000 60000)
GROWTH_SEATS=60000
CHART=(1 10 50 100 200 500 1000)

scenario() {
  case $1 in
    hot) serve 1; repeat hot sell 200 40 2000 ;;
    spread) serve 1; repeat spread spread 200 100 200 ;;
    stadium) serve 1; repeat stadium sell 500 1 60000 ;;
    storm) serve 1; noop 1000; repeat storm storm 1000 1 1 ;;
    map) serve 1; noop 200; read_map ;;
    embedded) serve 1 embedded; repeat embedded sell 200 40 2000 ;;
    three-hot) serve 3; repeat three-hot sell 200 40 2000 ;;
    three-spread) serve 3; repeat three-spread spread 200 100 200 ;;
    lone) serve 1; repeat lone sell 1 1 2000 ;;
    growth) serve 1; growth ;;
    memory) serve 1; memory ;;
    observed) observed; return ;;
    million) million; return ;;
    chart-hot) serve 1; chart hot sell 40 2000 ;;
    chart-spread) serve 1; chart spread spread 100 200 ;;
  esac
  check "$1"
}

# run_wrk NAME LOAD CONNECTIONS ARGUMENTS...: one run, whose figures come to $FIGURES/NAME.
run_wrk() {
  local name=$1 load=$2 connections=$3 threads=1 seconds=$RUN_SECONDS_MAX meters
  # One thread knows what all of its connections do: so where there is an order to keep,
  # there is only one.
  case $load in read | storm) threads=2 seconds=$RUN_SECONDS ;; esac
  mapfile -t meters < <(meters)
  # shellcheck disable=SC2153 # WRK is what scripts/services says
  LUA_PATH="$ROOT/bench/?.lua;;" \
    python3 "$ROOT/bench/costs.py" "$WORK/figure" "$FIGURES/$name" "${meters[@]}" -- \
    "$WRK" --threads "$threads" --connections "$connections" --duration "${seconds}s" \
    --timeout 20s --script "$ROOT/bench/$load.lua" "${@:4}" >"$WORK/wrk" 2>&1 ||
    { cat "$WORK/wrk" >&2; return 1; }
  printf '%s %s ' "$name" "$(wc -l <"$FIGURES/$name")" >&2
  tail -n 1 "$FIGURES/$name" | tee "$WORK/last" >&2
  grep -q '"wrong":0,"finished":true' "$WORK/last" || { cat "$WORK/wrk" >&2; return 1; }
}

# repeat NAME LOAD CONNECTIONS SHOWTIMES SEATS: as often as needed for a median.
repeat() {
  local run
  export SHOWTIMES=$WORK/showtimes SEATS=$5
  for ((run = 1; run <= RUNS; run++)); do
    python3 "$ROOT/bench/showtimes.py" "$URL" "$4" "$5" >"$SHOWTIMES"
    run_wrk "$1" "$2" "$3" "$URL" || { failed "$1"; return; }
    case $2 in
      sell) all_granted || failed "$1: not all were granted" ;;
      storm) grep -q '"granted":1,' "$WORK/last" || failed "$1: not exactly one was granted" ;;
    esac
  done
}

# all_granted: nobody was refused, and no seat is left. Several instances may say busy.
all_granted() {
  ((${#INSTANCES[@]} == 1)) || { grep -q '"refused":0,' "$WORK/last"; return; }
  grep -q '"refused":0,"busy":0,' "$WORK/last" || return 1
  # What ends by the time leaves some.
  [[ -n ${LIMIT:-} || $(python3 "$ROOT/bench/showtimes.py" "$URL" left <"$SHOWTIMES") == 0 ]]
}

# read_map: in full, and with the ETag of what the client has.
read_map() {
  local map etag run
  map=$URL/api/showtimes/$(python3 "$ROOT/bench/showtimes.py" "$URL" 1 200)/seats
  etag=$(curl -fsS -o "$WORK/map" -w '%header{etag}' "$map")
  [[ $(curl -fsS -o "$WORK/map" -w '%{http_code}' -H "If-None-Match: $etag" "$map") == 304 ]] ||
    { failed "map: its ETag is not known"; return; }
  for ((run = 1; run <= RUNS; run++)); do
    run_wrk map read 200 "$map" || failed map
    run_wrk unchanged read 200 --header "If-None-Match: $etag" "$map" || failed unchanged
  done
}

# noop CONNECTIONS: the ceiling of all that comes over HTTP.
noop() {
  local run
  for ((run = 1; run <= RUNS; run++)); do
    run_wrk "noop-$1" read "$1" "$URL/health/live" || failed "noop-$1"
  done
}

# growth: size after size in each round, so that what is stored already slows down all.
growth() {
  local run seats
  for ((run = 1; run <= RUNS; run++)); do
    for seats in "${GROWTH[@]}"; do
      RUNS=1 repeat "growth-$seats" sell 200 $((GROWTH_SEATS / seats)) "$seats"
    done
  done
}

# memory: with many maps, and many connections.
memory() {
  python3 "$ROOT/bench/showtimes.py" "$URL" 1000 2000 >"$WORK/showtimes"
  python3 "$ROOT/bench/connections.py" "$URL" "$(pid_of "$SERVICES/cluster/instance-1")" 10000 \
    <"$WORK/showtimes" | tee -a "$FIGURES/memory" >&2 || failed memory
}

# observed: with logs, and with metrics that somebody reads, and without, in turns.
observed() {
  local run scraping
  for ((run = 1; run <= RUNS; run++)); do
    serve 1
    scrape "$URL/metrics" &
    scraping=$!
    RUNS=1 repeat observed sell 200 40 2000
    kill "$scraping" && wait "$scraping" || [[ $? == 143 ]] || failed "observed: no metrics"
    check observed
    RUST_LOG=off serve 1
    RUNS=1 repeat unobserved sell 200 40 2000
    check unobserved
  done
}

# scrape URL: once a second, as a collector of metrics does.
scrape() {
  while curl -fsS -m 5 -o "$WORK/scraped" "$1"; do sleep 1; done
}

# million: what the embedded store takes as it grows. Nobody decides, so that there is
# nothing to verify.
million() {
  local holds rate mib
  halt
  fresh
  timeout "$GROW_SECONDS_MAX" "$WORK/ceiling" grow "$WORK/grown" >"$WORK/rates" ||
    { failed million; return; }
  while read -r holds rate mib; do
    say "embedded store after $holds holds: $rate holds/s, $mib MB"
    echo "{\"holds\":$holds,\"rate\":$rate,\"mib\":$mib}" >>"$FIGURES/million"
  done <"$WORK/rates"
  rm -rf "$WORK/grown"
}

# chart TITLE LOAD SHOWTIMES SEATS: one run with each number of connections.
chart() {
  local connections
  for connections in "${CHART[@]}"; do
    RUNS=1 LIMIT=$POINT_SECONDS repeat "chart-$1-$connections" "$2" "$connections" "$3" "$4"
  done
}

# ceiling STORE ADDRESS: of what is durable.
ceiling() {
  local batch rate
  "$WORK/ceiling" "$@" >"$WORK/rates" || { failed "the ceiling of $1"; return; }
  while read -r batch rate; do
    say "$1, batches of $batch: $rate holds/s"
    echo "{\"rate\":$rate}" >>"$FIGURES/$1-$batch"
  done <"$WORK/rates"
}
