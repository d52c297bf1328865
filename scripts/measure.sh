#!/usr/bin/env bash
# Measures building on this machine and prints the table of the README.
#   measure.sh CORPUS_DIR [PROGRAM]
# Every figure is the median of five rounds; a round goes through all rows in turn, so that a slow minute of the machine hits
# every row alike. Just before each timed run all files of the corpus are read once, so that no run waits for the disk:
# the corpus must fit in memory. Needs GNU time (scripts/packages.sh bench).
# From the environment:
#   ROUNDS   how many rounds (5)
#   BUILDS   the builds to measure, each MEMORY:THREADS:OPTIONS with commas between the options
#   OUT      where the indexes are written (a new temporary directory)
set -euo pipefail

usage() {
  echo "usage: measure.sh CORPUS_DIR [PROGRAM]" >&2
  exit 2
}
[[ $# == 1 || $# == 2 ]] && [[ -d $1 ]] || usage
corpus=$(cd "$1" && pwd)
program=$(realpath -m "${2:-$(dirname "$0")/../build/release/src/cli/spimi}")
[[ -x $program ]] || { echo "measure: no program at $program; scripts/quickstart.sh builds it" >&2; exit 1; }
[[ -x /usr/bin/time ]] || { echo "measure: needs GNU time: scripts/packages.sh bench" >&2; exit 1; }

rounds=${ROUNDS:-5}
read -ra builds <<<"${BUILDS:-256M:1: 64M:0: 256M:0: 1G:0: 256M:0:--no-positions}"
scratch=$(mktemp -d ${OUT:+-p "$OUT"})
trap 'rm -rf "$scratch"' EXIT

names=("wc -w, C locale" "wc -w, UTF-8 locale")
commands=(
  "find . -type f -print0 | LC_ALL=C wc -w --files0-from=-"
  "find . -type f -print0 | LC_ALL=C.UTF-8 wc -w --files0-from=-"
)
for build in "${builds[@]}"; do
  IFS=: read -r memory threads options <<<"$build"
  options=${options//,/ }
  names+=("spimi build -m $memory -j $threads${options:+ $options}")
  commands+=("'$program' build -q --force -m $memory -j $threads $options . '$scratch/index'")
done

read_corpus() { find . -type f -print0 | xargs -0 cat >/dev/null; }

cd "$corpus"
for ((round = 1; round <= rounds; ++round)); do
  for row in "${!commands[@]}"; do
    echo "round $round of $rounds: ${names[row]}" >&2
    read_corpus
    # Elapsed seconds and peak resident KiB of the largest process.
    /usr/bin/time -q -o "$scratch/time" -f '%e %M' bash -c "${commands[row]}" >/dev/null
    tail -n 1 "$scratch/time" >>"$scratch/row.$row"
    if [[ -d $scratch/index ]]; then
      find "$scratch/index" -type f -printf '%s\n' | awk '{s += $1} END {print s}' >"$scratch/size.$row"
      rm -rf "$scratch/index"
    fi
  done
done

# median FIELD FILE
median() { cut -d ' ' -f "$1" "$2" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

bytes=$(find . -type f -printf '%s\n' | awk '{s += $1} END {print s}')
files=$(find . -type f | wc -l)
cpu=$(awk -F ': ' '/^model name/ {print $2; exit}' /proc/cpuinfo)
echo "Machine: $(nproc) × ${cpu:-$(uname -m)}, $(awk '/MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo)." \
  "Corpus: $files files, $((bytes / 1000000)) MB. Median of $rounds, files in the page cache."
echo
echo "| command | seconds | MB/s | peak memory | index, % of corpus |"
echo "| --- | ---: | ---: | ---: | ---: |"
for row in "${!commands[@]}"; do
  seconds=$(median 1 "$scratch/row.$row")
  peak=$(median 2 "$scratch/row.$row")
  size=-
  [[ ! -f $scratch/size.$row ]] || size=$(awk -v b="$bytes" '{printf "%.1f", 100 * $1 / b}' "$scratch/size.$row")
  awk -v name="${names[row]}" -v s="$seconds" -v b="$bytes" -v kib="$peak" -v size="$size" 'BEGIN {
    printf "| `%s` | %.2f | %.0f | %.0f MiB | %s |\n", name, s, (s > 0 ? b / s / 1e6 : 0), kib / 1024, size
  }'
done
