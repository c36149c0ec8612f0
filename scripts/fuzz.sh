#!/usr/bin/env bash
# Fuzzes what reads strangers' input: models, files of sound, lexicons, manifests, commands and streams; and the resampler, the
# search and the endpoints of streams, on any sound and log-probabilities; for so many seconds each (default 600).
# New inputs are kept in results/fuzz/, so that the next run goes on; what crashes lies beside them.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SECONDS_EACH=${1:-600}
[[ $SECONDS_EACH =~ ^[1-9][0-9]{0,8}$ ]] || {
  printf 'fuzz: %q seconds: give a whole number, FUZZ_SECONDS=600\n' "$SECONDS_EACH" >&2
  exit 1
}
readonly BUILD=arm/build-fuzz FOUND=results/fuzz
readonly TARGETS=(model sound resampler lexicon manifest stream search endpoints words commands)
readonly LIMITS=(-max_len=16384 -timeout=20 -rss_limit_mb=2048)

cmake -S arm -B "$BUILD" -DSCHATTEN_FUZZ=ON -DCMAKE_C_COMPILER=clang-19 \
  -DCMAKE_CXX_COMPILER=clang++-19 >/dev/null
cmake --build "$BUILD" -j 2 --target "${TARGETS[@]/#/fuzz_}" >/dev/null
for target in "${TARGETS[@]}"; do
  mkdir -p "$FOUND/$target"
  echo "fuzz_$target: $SECONDS_EACH s"
  "$BUILD/fuzz/fuzz_$target" "${LIMITS[@]}" -max_total_time="$SECONDS_EACH" \
    -artifact_prefix="$FOUND/$target-" "$FOUND/$target" "arm/fuzz/corpus/$target" \
    >"$FOUND/$target.log" 2>&1 || {
    tail -n 40 "$FOUND/$target.log"
    echo "fuzz_$target failed: keep $FOUND/$target-* in arm/fuzz/corpus/$target once it is mended"
    exit 1
  }
  tail -n 1 "$FOUND/$target.log"
done
