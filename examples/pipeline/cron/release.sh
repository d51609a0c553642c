#!/bin/sh
# Judge every export that the LIMS left in inbox/, and issue the certificates of what people signed since the last run.
# Needs: REGENQC_WORK, a folder with inbox/, batches.csv, pipeline.conf and, for certificates, what `regenqc certify` asks for.
# Leaves with 0 when every export was judged or refused by name, with something else when the pipeline itself needs a person.
set -eu
cd "${REGENQC_WORK:?is not set: name the folder of the pipeline}"
. ./pipeline.conf # SPECIFICATION, PROFILE

# One run at a time: the next one finds what this one did not get to.
exec 9> .lock
flock --nonblock 9 || { echo "another run is at work" >&2; exit 0; }
mkdir -p judged taken refused log

for export in inbox/*; do
  [ -f "$export" ] || continue
  name=$(basename "$export")
  code=0
  if [ ! -e "judged/$name/run.json" ]; then
    regenqc evaluate "$export" --batches batches.csv --spec "$SPECIFICATION" --profile "${PROFILE:-canonical}" \
      --out "judged/$name" --json > "log/$name.json" 2> "log/$name.txt" || code=$?
  fi
  if [ -e "judged/$name/run.json" ]; then
    mv "$export" "taken/$name" # judged, whole; whether a lot is eligible stands in judged/NAME/dispositions.csv
  elif [ "$code" -eq 3 ]; then
    mv "$export" "refused/$name"
    echo "refused, see $REGENQC_WORK/log/$name.txt: $name" >&2 # cron mails what is written here
  else
    echo "regenqc evaluate left with $code, see $REGENQC_WORK/log/$name.txt: $name" >&2
    exit "$code"
  fi
done

# A person decides and signs (`regenqc decide`, or the console). What was certified before is kept as it is.
if [ -d decisions ]; then
  regenqc certify decisions --profile certificate-profile.toml --people people.jsonl --key issuer.key --issuer issuer.pem \
    --password-file password.txt --out certificates > log/certify.txt
fi
