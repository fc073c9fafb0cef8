# shellcheck shell=bash
# Servers that fail over: a MongoDB replica set of three, and a Redis with a replica
# and three Sentinels. For scripts/services, which has said `RUN`, `start` and `prepare`.

# The names of the processes, which are those of their folders in $RUN too.
MONGO_MEMBERS=(mongo-1 mongo-2 mongo-3)
REDIS_NODES=(redis-1 redis-2)
SENTINELS=(sentinel-1 sentinel-2 sentinel-3)

# What the Sentinels call the primary.
SENTINEL_NAME=seathold

# name_of MEMBER: how members and clients reach it: as it is, or through the proxy.
name_of() { echo "127.0.0.1:$(cat "$RUN/$1/outside" 2>/dev/null || port_of "$RUN/$1")"; }

# names MEMBER...: the names of all, with commas in between.
names() {
  local member
  for member in "$@"; do name_of "$member"; done | paste -sd,
}

up_mongo_set() {
  local member members=()
  for member in "${MONGO_MEMBERS[@]}"; do
    prepare "$member" mongod
    choose_port "$member"
  done
  # A member is known to all others by its name: so the proxy comes first.
  [[ -z ${FAULT_PROXY:-} ]] || start_proxy "$FAULT_PROXY"
  for member in "${MONGO_MEMBERS[@]}"; do
    start "$member"
    members+=("$(port_of "$RUN/$member")=$(name_of "$member")")
  done
  until_ready "$RUN/mongo-1" 60 python3 "$ROOT/scripts/lib/mongo_initiate.py" "${members[@]}"
}

# start_proxy PROGRAM: before each member, so that faults can be ordered at its port.
start_proxy() {
  local folder=$RUN/proxy member routes=()
  ! is_running "$folder" || return 0
  mkdir -p "$folder"
  echo "$1" >"$folder/program"
  choose_port proxy
  for member in "${MONGO_MEMBERS[@]}"; do
    [[ -s $RUN/$member/outside ]] || free_ports 1 >"$RUN/$member/outside"
    routes+=("$member=$(cat "$RUN/$member/outside")=127.0.0.1:$(port_of "$RUN/$member")")
  done
  spawn "$folder" "$1" "$(port_of "$folder")" "${routes[@]}"
  until_ready "$folder" 10 port_is_open "$(port_of "$folder")"
}

port_is_open() { (exec {connection}<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A member that hangs is left after two seconds, not after ten: by the others' votes
# (scripts/lib/mongo_initiate.py), and by those who replicate from it.
start_mongo_member() {
  spawn_mongod "$@" --wiredTigerCacheSizeGB 0.25 --oplogSize 256 \
    --setParameter oplogNetworkTimeoutBufferSeconds=1
  until_ready "$1" 60 python3 "$ROOT/scripts/lib/mongo_initiate.py" --answers "$2"
}

up_redis_sentinel() {
  local name
  for name in "${REDIS_NODES[@]}" "${SENTINELS[@]}"; do
    prepare "$name" redis-server
    choose_port "$name"
  done
  for name in "${REDIS_NODES[@]}" "${SENTINELS[@]}"; do start "$name"; done
  for name in "${SENTINELS[@]}"; do until_ready "$RUN/$name" 30 sentinel_knows_all "$name"; done
}

start_redis_node() {
  local follow=()
  [[ ${1##*/} == redis-1 ]] || follow=(--replicaof 127.0.0.1 "$(port_of "$RUN/redis-1")")
  # A replica gets all there is at once: there are no others to wait for.
  spawn_redis "$@" --repl-diskless-sync-delay 0 "${follow[@]}"
  until_ready "$1" 20 redis_answers "$2"
}

start_sentinel() {
  local folder=$1 port=$2 program=$3
  # It keeps what it finds out in its configuration.
  [[ -e $folder/sentinel.conf ]] || cat >"$folder/sentinel.conf" <<CONF
port $port
bind 127.0.0.1
dir $folder/data
sentinel monitor $SENTINEL_NAME 127.0.0.1 $(port_of "$RUN/redis-1") 2
sentinel down-after-milliseconds $SENTINEL_NAME 1000
sentinel failover-timeout $SENTINEL_NAME 6000
CONF
  spawn "$folder" "$program" "$folder/sentinel.conf" --sentinel
  until_ready "$folder" 20 redis_answers "$port"
}

# sentinel_knows_all SENTINEL: the replica, and the two other Sentinels.
sentinel_knows_all() {
  local said
  said=$(python3 "$ROOT/scripts/lib/redis_ask.py" "$(port_of "$RUN/$1")" \
    SENTINEL MASTER "$SENTINEL_NAME" | paste -sd' ')
  [[ $said == *"num-slaves 1"* && $said == *"num-other-sentinels 2"* && $said == *"flags master "* ]] ||
    { echo "$said"; return 1; }
}
