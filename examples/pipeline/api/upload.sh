#!/bin/sh
# Upload an export to the console and fetch the dispositions: upload.sh EXPORT BATCHES SPECIFICATION OUT
# Needs: REGENQC_URL, and REGENQC_KEY_FILE with the key of a service account. Run again after whatever went wrong: an export is
# judged once, because its idempotency key follows from what is sent.
# Leaves with 0 when every lot is eligible, with 1 when some lot is not, with 3 when the export was refused, with 75 to try again.
set -eu
export=$1 batches=$2 specification=$3 out=$4
api=${REGENQC_URL:?is not set}/api/v1
head=$(mktemp)
trap 'rm -f "$head"' EXIT
# The key stands in no argument, where every user of the machine could read it.
printf 'Authorization: Bearer %s\n' "$(cat "${REGENQC_KEY_FILE:?is not set}")" > "$head"
once=$({ cat "$export" "$batches"; printf %s "$specification"; } | sha256sum | cut -c1-64)
mkdir -p "$out"

call() { curl --silent --show-error --max-time 120 --header "@$head" "$@"; }

status=$(call --output "$out/answer.json" --write-out '%{http_code}' --header "Idempotency-Key: $once" \
  --form "results=@$export" --form "batches=@$batches" --form "specification=$specification" "$api/evaluations") || exit 75
evaluation=$(sed -n 's/.*"evaluation_id":"\([^"]*\)".*/\1/p' "$out/answer.json")
while [ "$status" = 202 ]; do
  status=$(call --output "$out/answer.json" --write-out '%{http_code}' "$api/evaluations/$evaluation?wait=30") || exit 75
  case $(sed -n 's/.*"state":"\([a-z]*\)".*/\1/p' "$out/answer.json") in
    queued | running) status=202 ;;
    refused | failed) status=422 ;;
  esac
done
case $status in
  200) ;;
  422) cat "$out/answer.json" >&2; exit 3 ;;
  429 | 5??) cat "$out/answer.json" >&2; exit 75 ;;
  *) cat "$out/answer.json" >&2; exit 2 ;;
esac
for name in dispositions.csv findings.csv; do
  call --fail --output "$out/$name" "$api/evaluations/$evaluation/files/$name" || exit 75
done
# The exit code of the evaluation: 0 every lot is eligible, 1 some lot is not.
exit "$(sed -n 's/.*"exit_code":\([0-9]*\).*/\1/p' "$out/answer.json")"
