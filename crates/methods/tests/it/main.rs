//! Integration tests of the methods: readers, predicted answers, bad files.

mod answers;
mod diskann;
mod files;
mod loss;
mod usearch;
