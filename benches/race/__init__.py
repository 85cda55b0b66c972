"""The race: each part of annatomy against the library that a user could pick, in one process, on one machine.

    cargo xtask bench [exact graphs-128 graphs-768 surface study growth]

Every part runs its contestants in turn, round after round, asserts that they answer the same question, and leaves
medians with their spread. ``record`` writes them, with the machine and the versions, under ``benches/record/``.
"""
