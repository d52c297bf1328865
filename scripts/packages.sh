#!/usr/bin/env bash
# Installs the Debian packages that are missing. packages.sh build|test|coverage|bench
#   build  what the program needs      test   and its tests and checks
#   coverage  what coverage.sh needs   bench  what scripts/bench needs
# With everything there it touches neither the network nor root.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config libicu-dev libcli11-dev libfmt-dev libxxhash-dev libhwy-dev
  libedit-dev nlohmann-json3-dev libsimdjson-dev)
test=("${build[@]}" libgtest-dev libgmock-dev libbenchmark-dev unicode-data
  clang-format-14 clang-tidy-14 git ca-certificates)
coverage=("${test[@]}" clang-14 libclang-rt-14-dev llvm-14)
bench=("${build[@]}" libgtest-dev libgmock-dev libbenchmark-dev unicode-data python3 time
  libxapian-dev libsqlite3-dev nodejs maven python3-venv)

case ${1:-} in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${test[@]}") ;;
  coverage) wanted=("${coverage[@]}") ;;
  bench) wanted=("${bench[@]}") ;;
  *)
    echo "usage: packages.sh build|test|coverage|bench" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "packages: no apt on this machine; on Debian 12 these would be needed: ${wanted[*]}"
  exit 0  # what is really missing, CMake names
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "packages: all ${#wanted[@]} are installed"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
  else
    echo "packages: these are missing, and installing them needs root. Run as root:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 "$@" \
    </dev/null >>"$log" 2>&1
}
install() { apt install --no-install-recommends "${missing[@]}"; }

echo "packages: installing ${missing[*]}"
# The lists of a fresh machine are empty or old; those of a used one may do.
if ! install; then
  : >"$log"
  if ! apt update || ! install; then
    cat "$log" >&2
    echo "packages: apt-get failed, see above. The packages needed are: ${missing[*]}" >&2
    exit 1
  fi
fi
