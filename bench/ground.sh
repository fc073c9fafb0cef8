# shellcheck shell=bash
# What scripts/bench stands on: fresh services, instances over them, and the checks of
# what they did.

URL=''
INSTANCES=()
FAILED=()

failed() { say "FAILED: $1"; FAILED+=("$1"); }

# fresh [redis] [mongo]: these without data, and the paths of the tools.
fresh() {
  local name value
  "$ROOT/scripts/services" down 2>/dev/null
  "$ROOT/scripts/services" up wrk haproxy "$@" >"$WORK/env" 2>>"$WORK/log" ||
    { cat "$WORK/log"; die "the services are not up"; }
  while IFS='=' read -r name value; do export "$name=$value"; done <"$WORK/env"
}

# serve N [embedded]: N fresh instances; URL is the one, or the load balancer of many.
serve() {
  halt
  if [[ ${2:-} == embedded ]]; then
    fresh
    export REDIS_URL='' MONGO_URI=''
  else
    fresh redis mongo
  fi
  "$ROOT/scripts/cluster" "$1" --detach -- --dev >"$WORK/cluster" 2>>"$WORK/log" ||
    { cat "$WORK/log"; die "no cluster of $1"; }
  mapfile -t INSTANCES < <(sed -n 's/^INSTANCE_[0-9]*=//p' "$WORK/cluster")
  URL=${INSTANCES[0]}
  (($1 == 1)) || URL=$(sed -n 's/^BASE_URL=//p' "$WORK/cluster")
}

halt() { "$ROOT/scripts/cluster" down 2>>"$WORK/log"; }

# meters: what bench/costs.py is to look at.
meters() {
  local folder name
  for folder in "$SERVICES"/run/{redis,mongo} "$SERVICES"/cluster/{balancer,instance-*}; do
    name=${folder##*/}
    ! is_running "$folder" || printf '%s\n' --process "${name%-*}" "$(pid_of "$folder")"
  done
  ! is_running "$SERVICES/run/mongo" ||
    printf '%s\n' --mongo "$(port_of "$SERVICES/run/mongo")"
  printf -- '--instance=%s\n' "${INSTANCES[@]}"
}

# check SCENARIO: what the instances have answered, and left behind in the store.
check() {
  local store=()
  python3 "$ROOT/bench/served.py" "${INSTANCES[@]}" >&2 || failed "$1: wrong answers"
  if [[ -z $MONGO_URI ]]; then
    # The embedded store is let go of first.
    "$ROOT/scripts/cluster" stop 1
    store=(--data-dir "$SERVICES/cluster/instance-1/data")
  fi
  "$SEATHOLD_BIN" verify "${store[@]}" >"$WORK/verify" 2>&1 ||
    { cat "$WORK/verify" >&2; failed "verify after $1"; }
}

# build: both programs, before anything is measured.
build() {
  local target=${CARGO_TARGET_DIR:-$ROOT/target}/release
  cd "$ROOT"
  if [[ -z ${SEATHOLD_BIN:-} ]]; then
    cargo build --release --locked --package seathold-server || die "the build failed"
    export SEATHOLD_BIN=$target/seathold
  fi
  cargo build --release --locked --package seathold-adapters --example ceiling ||
    die "the build of the ceiling failed"
  cp "$target/examples/ceiling" "$WORK/ceiling"
}
