//! Whether what is committed is what `build` makes.

use anyhow::{Context, Result, ensure};

use crate::describe::Producers;
use crate::layout::Layout;
use crate::{compile, describe, shop};

/// Reports every difference. Components may differ in their bytes, since clang's versions do, but not in their worlds
/// and producers; the image layout must be, byte for byte, the one of the committed components.
pub(crate) fn check() -> Result<()> {
    let mut differences = Vec::new();
    for name in shop::COMPONENTS {
        let differs = component_differences(name).with_context(|| format!("cannot check {name}"))?;
        println!("{name}: {}", if differs.is_empty() { "same world, same producers" } else { "differs" });
        differences.extend(differs);
    }
    let layout = Layout::of_components()?.differences()?;
    println!("images: {}", if layout.is_empty() { "same bytes" } else { "differ" });
    differences.extend(layout);
    for difference in &differences {
        println!("- {difference}");
    }
    ensure!(differences.is_empty(), "{} differences; the `build` command removes them", differences.len());
    Ok(())
}

fn component_differences(name: &str) -> Result<Vec<String>> {
    let committed = std::fs::read(shop::component(name))?;
    let built = compile::compile(name)?;
    let mut differences = Vec::new();
    let (old, new) = (describe::world(&committed)?, describe::world(&built)?);
    if old != new {
        differences.push(format!("{name} has another world:\n{}\nbut should have:\n{}", old.wit, new.wit));
    }
    let (old, new) = (comparable_producers(&committed)?, comparable_producers(&built)?);
    if old != new {
        differences.push(format!("{name} has the producers {old:?}, but should have {new:?}"));
    }
    Ok(differences)
}

/// The producers without the version of the C compiler, which is the machine's.
fn comparable_producers(component: &[u8]) -> Result<Producers> {
    let mut producers = describe::producers(component)?;
    for (value, version) in producers.values_mut().flatten() {
        if value.contains("clang") {
            version.clear();
        }
    }
    Ok(producers)
}
