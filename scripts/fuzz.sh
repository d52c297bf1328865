#!/usr/bin/env bash
# Searches with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer for inputs that break what tests/fuzz/README.md promises.
#   fuzz.sh [-m MINUTES | -s SECONDS] [TARGET...]     processor time for each target, by default 10 minutes; all targets
# Prints for each target: inputs run, seconds of processor time, edges covered, findings. What is interesting stays in
# build/fuzz/corpus/TARGET, which the next search begins with; findings are in build/fuzz/findings.
source "$(dirname "$0")/common.sh"

limit=600
case ${1:-} in
  -m)
    limit=$((${2:?fuzz.sh: how many minutes?} * 60))
    shift 2
    ;;
  -s)
    limit=${2:?fuzz.sh: how many seconds?}
    shift 2
    ;;
esac
targets=("$@")
((${#targets[@]})) || for seeds in tests/fuzz/seeds/*/; do targets+=("$(basename "$seeds")"); done

scripts/packages.sh coverage
dir=${SPIMI_FUZZ_DIR:-build/fuzz}
run_quietly cmake -S . -B "$dir" -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=None \
  -DCMAKE_CXX_FLAGS="-O1 -g1" -DSPIMI_SANITIZE=address,undefined -DSPIMI_FUZZ=ON -DSPIMI_TESTS=ON
run_quietly cmake --build "$dir" -j "$(nproc)" --target fuzz_targets

# The targets count each input's memory and processor time (tests/fuzz/entry.cpp); these are for what never comes back. The
# sanitizer keeps some hundred MiB of its own.
limits=(-max_len=4096 -malloc_limit_mb=64 -rss_limit_mb=640 -timeout=600)
# A search goes on in slices, so that what was found remains whatever becomes of the next.
slice_seconds=60
max_findings=10

# sum FILE NAME: of the numbers behind NAME, or behind "NAME:".
sum() { awk -v name="$2" '$1 == name || $1 == name ":" {sum += $2} END {printf "%.0f\n", sum}' "$1"; }

mkdir -p "$dir/findings"
status=0
TIMEFORMAT='user %U
system %S'
printf '%-14s %14s %12s %10s %9s\n' target inputs 'CPU seconds' edges findings
for target in "${targets[@]}"; do
  corpus=$dir/corpus/$target log=$dir/$target.log
  mkdir -p "$corpus"
  : >"$log"
  findings=0
  while seconds=$(($(sum "$log" user) + $(sum "$log" system))) && ((seconds < limit && findings < max_findings)); do
    left=$((limit - seconds))
    { time "$dir/tests/fuzz/fuzz_$target" "${limits[@]}" -max_total_time=$((left < slice_seconds ? left : slice_seconds)) \
      -print_final_stats=1 -artifact_prefix="$dir/findings/$target-" "$corpus" "tests/fuzz/seeds/$target"; } \
      >>"$log" 2>&1 || {
      (($? < 126)) || { echo "fuzz: $dir/tests/fuzz/fuzz_$target cannot be run" >&2; exit 1; }
      findings=$((findings + 1))
    }
  done
  edges=$(grep -oE 'cov: [0-9]+' "$log" | awk '$2 > most {most = $2} END {print most + 0}')
  printf '%-14s %14s %12s %10s %9s\n' "$target" "$(sum "$log" stat::number_of_executed_units)" "$seconds" "$edges" "$findings"
  ((findings == 0)) || status=1
done
exit $status
