#!/bin/sh
# Seeds for the targets that take a file behind a byte which picks its ending and member: fuzz/corpus/<target>/.
set -eu
cd "$(dirname "$0")/.."
# target, ending, bytes that pick it with each member (ending + number of endings × member, octal)
seed() {
    mkdir -p "fuzz/corpus/$1"
    for file in "$files"/*."$2"; do
        for byte in $3; do
            { printf "\\$byte"; cat "$file"; } > "fuzz/corpus/$1/$byte-$(basename "$file")"
        done
    done
}
# The ending of each target's list; .npy and .npz begin both.
files=crates/formats/tests/goldens/formats
seed vectors npy '000'
seed vectors npz '001'
seed answers npy '000'
seed answers npz '001 015 031 045'
seed tables npy '000'
files=crates/formats/tests/goldens/members
seed vectors safetensors '010'
seed answers safetensors '012 026 042 056'
seed parquet parquet '000 003 006 011'
seed parquet arrow '001 004 007 012'
seed parquet feather '002 005'
seed hdf5 hdf5 '000 001 002 003 004'
seed hdf5 h5 '000 001 002'
files=crates/embed/tests/goldens/tables
seed archives parquet '004'
# Targets that take a file as it is: what the tests keep, and small files made to harm.
for target in archives answers config diskann methods parquet partials pickles pictures saved_index tables vectors weights; do
    mkdir -p "fuzz/corpus/$target"
    if [ -d "fuzz/seeds/$target" ]; then cp "fuzz/seeds/$target"/* "fuzz/corpus/$target/"; fi
done
embed=crates/embed/tests/goldens
cp "$embed"/pictures/* "$embed"/formats/* fuzz/corpus/pictures/
cp "$embed"/*.pth "$embed"/*.safetensors fuzz/corpus/weights/
