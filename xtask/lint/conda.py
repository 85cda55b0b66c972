"""Renders the conda recipe for five platforms with conda-forge's compilers; it must have the version of Cargo.toml.

Enters: `recipe/recipe.yaml`. Leaves: exit code 1 and the fault. Nothing is built, and no channel is asked.
"""

import re
import sys
from pathlib import Path

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

version = re.search(r'^version = "(.+?)"$', Path("Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE).group(1)
recipe = Stage0Recipe.from_file("recipe/recipe.yaml")
for platform in ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"):
    config = RenderConfig(platform=PlatformConfig(target_platform=platform))
    variants = VariantConfig({"python": ["3.12"], "c_compiler": ["gcc"], "rust_compiler": ["rust"], "c_stdlib": ["sysroot"]})
    rendered = recipe.render(variants, config)
    packages = {(one.recipe.package.name, str(one.recipe.package.version)) for one in rendered}
    if packages != {("annatomy", version), ("annatomy-cli", version)}:
        sys.exit(f"recipe/recipe.yaml on {platform}: {sorted(packages)}, where annatomy and annatomy-cli {version} should be")
print("conda: two packages on five platforms")
