//! The examples at the end of every `--help`. A test parses each of them.

pub const ANNATOMY: &str = "\
Examples:
  annatomy study                        the published study on built-in data, in two minutes
  annatomy audit embeddings.npy         which ef for which k, from graphs over your vectors
  annatomy audit --index faiss.index    the same for a graph that FAISS or hnswlib saved";

pub const STUDY: &str = "\
Examples:
  annatomy study
  annatomy study --data embeddings.npy --runs 3 --out my-study
  annatomy study --subset 2000 --ks 10:100:10 --studies ef,alpha
  annatomy study --studies order               insertion orders and graph seeds: whose is the spread?
  annatomy study --studies methods             HNSW, Vamana, IVF at equal recall: which bends the neighborhood more?
  annatomy study --config config.yaml --resume";

pub const AUDIT: &str = "\
Examples:
  annatomy audit embeddings.npy
  annatomy audit --index faiss.index --k 10,100 --target overlap=0.99,overlap_p5=0.95
  annatomy audit embeddings.npy --neighbors ids.npy --distances distances.npy --repair mended.npy
  annatomy audit --index faiss.index --predict ef=64,k=100,class=stop-early:predicted.npy
  annatomy audit embeddings.npy --queries queries.npy --out audit --json
  annatomy audit embeddings.npy --ids rows.parquet::sku --neighbors answers.jsonl --repair mended.jsonl
  annatomy audit embeddings.npy --queries queries.npy --index faiss.index --ef 64 --until ±0.005
  annatomy audit embeddings.npy --groups rows.csv::language --index faiss.index --ef 64
  annatomy audit --index segment-1.index --index segment-2.index --k 10 --one-graph
  annatomy audit --index faiss.index --require 'overlap@10>=0.95,fill@100>=1' --per-query queries.csv
  annatomy audit embeddings.npy --ef 64 --labels names.txt --atlas points.parquet";

pub const COMPARE: &str = "\
Examples:
  annatomy compare last-week this-week
  annatomy compare before after --out difference --json";

pub const KNN: &str = "\
Examples:
  annatomy knn embeddings.npy --k 100 --out ids.npy --distances distances.npy
  annatomy knn base.fbin --queries queries.fbin --k 10 --metric ip --out ids.ibin
  annatomy knn base.fbin --queries queries.fbin --k 10 --rows 3/16 --partial 3.partial
  annatomy knn base.fbin --queries queries.fbin --k 10 --plan";

pub const MERGE: &str = "\
Examples:
  annatomy merge 0.partial 1.partial 2.partial --out ids.npy --distances distances.npy";

pub const EMBED: &str = "\
Examples:
  annatomy embed photos/ --model resnet50 --weights resnet50-11ad3fa6.pth --out photos.npy
  annatomy embed photos.zip --model vit.onnx --filter bicubic --mean .5,.5,.5 --std .5,.5,.5 --out photos.npy";

pub const REPRODUCE: &str = "\
Examples:
  annatomy reproduce --dry-run
  annatomy reproduce --runs 1 --out first-run
  annatomy reproduce --intervals > intervals.csv";

pub const GENERATE: &str = "\
Examples:
  annatomy generate resnet50-like --n 10000 --out vectors.npy";

pub const COMPLETIONS: &str = "\
Examples:
  annatomy completions bash > ~/.local/share/bash-completion/completions/annatomy
  annatomy completions zsh > ~/.zfunc/_annatomy
  annatomy completions fish > ~/.config/fish/completions/annatomy.fish
  annatomy completions powershell >> $PROFILE";

pub const MAN: &str = "\
Examples:
  annatomy man | man -l -
  annatomy man audit > annatomy-audit.1";

#[cfg(test)]
mod tests {
    use crate::arguments::Arguments;
    use clap::{CommandFactory as _, Parser as _};

    /// The lines of all examples that begin with the command, up to a redirection or a remark.
    fn examples() -> Vec<String> {
        let mut found = Vec::new();
        let mut definition = Arguments::command();
        definition.build();
        let all = std::iter::once(&definition).chain(definition.get_subcommands());
        for command in all {
            let Some(text) = command.get_after_help() else {
                assert_eq!(command.get_name(), "help", "a command without examples");
                continue;
            };
            for line in text.to_string().lines().skip(1) {
                let line = line.trim_start();
                assert!(line.starts_with("annatomy "), "{line:?}");
                let end = [" >", " |", "   "]
                    .iter()
                    .filter_map(|end| line.find(end))
                    .min()
                    .unwrap_or(line.len());
                found.push(line[..end].to_owned());
            }
        }
        found
    }

    #[test]
    fn every_example_is_accepted() {
        let examples = examples();
        assert!(examples.len() > 20, "{}", examples.len());
        for example in examples {
            // No quoted word of an example holds a space.
            let words = example
                .split_whitespace()
                .map(|word| word.trim_matches('\''));
            let parsed = Arguments::try_parse_from(words);
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }
}
