# Brings the stack of the working directory up, uses it as check.sh there says, and takes it down: `sh check.sh TSCOMPOSE`.
set -eu
tscompose=$1
compose() { timeout 90 "$tscompose" --progress quiet "$@"; }
# until_ok CMD...: at most 30 s
until_ok() {
  for _ in $(seq 100); do if "$@" >/dev/null 2>&1; then return 0; fi; sleep 0.3; done
  echo "never succeeded: $*" >&2
  "$@"
}
answers() { curl -fsS "$1" | grep -q -- "$2"; }
serves() { until_ok answers "$1" "$2"; }
# says PATTERN CMD...
says() { pattern=$1; shift; "$@" > output || return 1; grep -q -- "$pattern" output || { cat output; return 1; } >&2; }
trap 'compose down -v -t 5' EXIT
compose up -d
. ./check.sh
compose up -d
says . compose plan
grep -qi 'nothing to do\|up to date' output || { echo 'the planner finds something to do:'; cat output; exit 1; } >&2
