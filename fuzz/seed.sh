#!/bin/sh
# Seeds for the targets that take a file behind a byte which picks its ending and member: fuzz/corpus/<target>/.
set -eu
cd "$(dirname "$0")/.."
files=crates/formats/tests/goldens/members
# target, ending, bytes that pick it with each member (ending + number of endings × member, octal)
seed() {
    mkdir -p "fuzz/corpus/$1"
    for file in "$files"/*."$2"; do
        for byte in $3; do
            { printf "\\$byte"; cat "$file"; } > "fuzz/corpus/$1/$byte-$(basename "$file")"
        done
    done
}
seed parquet parquet '000 003 006 011'
seed parquet arrow '001 004 007 012'
seed parquet feather '002 005'
seed hdf5 hdf5 '000 001 002 003 004'
seed hdf5 h5 '000 001 002'
# Targets that take a file as it is: what the tests keep, and small files made to harm.
for target in pictures pickles weights; do mkdir -p "fuzz/corpus/$target"; done
embed=crates/embed/tests/goldens
cp "$embed"/pictures/* "$embed"/formats/* fuzz/seeds/pictures/* fuzz/corpus/pictures/
cp fuzz/seeds/pickles/* fuzz/corpus/pickles/
cp "$embed"/*.pth "$embed"/*.safetensors fuzz/corpus/weights/
