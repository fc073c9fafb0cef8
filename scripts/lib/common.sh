# shellcheck shell=bash
# What scripts/services and scripts/cluster share: words, processes, ports.
# A process has a folder of its own, with its `pid`, `port`, `log` and `data`.

shopt -s inherit_errexit

# The root of the project, and where everything is kept that is not part of it.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SERVICES=$ROOT/.services

# How often to look whether something has come true, in seconds.
POLL=0.05

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# usage: prints the comment at the head of the script.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# need PROGRAM HINT
need() { command -v "$1" >/dev/null || die "$1 is missing: $2"; }

need_linux() {
  [[ -r /proc/self/stat ]] || die "this runs on Linux only; elsewhere use: docker compose up"
  need setsid "install util-linux"
  need flock "install util-linux"
  need python3 "install Python 3 (Debian: apt-get install python3)"
}

# lock: one call at a time changes .services; the next one waits.
lock() {
  mkdir -p "$SERVICES"
  exec 9>"$SERVICES/lock"
  flock --nonblock 9 || { say "waiting for another call to end"; flock 9; }
}
unlock() { exec 9>&-; }

# free_ports COUNT: prints free ports of 127.0.0.1, below those that the kernel
# gives to clients, so that nobody takes one while its owner is being restarted.
free_ports() {
  python3 - "$1" <<'PYTHON'
import random, socket, sys

def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

wanted = int(sys.argv[1])
free = [port for port in random.sample(range(20000, 32000), 50 + 2 * wanted) if is_free(port)]
if len(free) < wanted:
    sys.exit("not enough ports of 127.0.0.1 are free")
print(*free[:wanted], sep="\n")
PYTHON
}

# process_stamp PID: when the process was started, in clock ticks; fails for one
# that is gone or a zombie. With it a process id that was given again is told apart.
process_stamp() {
  local stat fields
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name of the program, in brackets, may hold anything: what counts follows it.
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] && echo "${fields[19]}"
}

# is_running FOLDER
is_running() {
  local pid stamp
  { read -r pid stamp <"$1/pid"; } 2>/dev/null || return 1
  [[ -n $stamp && $(process_stamp "$pid") == "$stamp" ]]
}

pid_of() { cut -d' ' -f1 "$1/pid"; }
port_of() { cat "$1/port"; }

# spawn FOLDER COMMAND...: starts it apart from this terminal.
spawn() {
  local folder=$1
  shift
  setsid "$@" </dev/null >>"$folder/log" 2>&1 9>&- &
  printf '%s %s\n' "$!" "$(process_stamp "$!")" >"$folder/pid"
  # The shell has nothing to say when it ends.
  disown "$!"
}

# signal FOLDER SIGNAL
signal() { ! is_running "$1" || kill -s "$2" "$(pid_of "$1")" 2>/dev/null || true; }

is_gone() { ! is_running "$1"; }

# until_true SECONDS COMMAND...: waits for the command to succeed.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep "$POLL"
  done
}

# until_ready FOLDER SECONDS COMMAND...: waits until the process of the folder
# passes the test. If it ends, or the time does, says why, and fails.
until_ready() {
  local folder=$1 seconds=$2 end=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! is_running "$folder"; then
      tail -n 15 "$folder/log" >&2
      die "${folder##*/} ended while it was started; all it said is in $folder/log"
    elif ((SECONDS >= end)); then
      tail -n 15 "$folder/log" >&2
      "$@" >&2 || true
      die "${folder##*/} is not ready after $seconds s; see $folder/log"
    fi
    sleep "$POLL"
  done
}

# stop_process FOLDER SECONDS: asks it to stop; after that time it has to.
stop_process() {
  signal "$1" TERM
  until_true "$2" is_gone "$1" || {
    say "${1##*/} did not stop within $2 s: killed"
    kill_process "$1"
  }
}

kill_process() {
  signal "$1" KILL
  until_true 10 is_gone "$1" || die "process $(pid_of "$1") cannot be killed"
}
