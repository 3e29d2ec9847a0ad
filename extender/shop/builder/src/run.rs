//! The shop at work in Wasmtime.

use anyhow::{Context, Result, anyhow, ensure};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::compose::compose;
use crate::shop;

const OUTPUT_LIMIT: usize = 64 * 1024;

/// Runs the components that call nobody as they are and the others composed with their providers, and prints what they
/// print. Fails when one of them does, or when an answer is not the expected one.
pub(crate) fn run() -> Result<()> {
    let engine = Engine::default();
    for name in shop::COMPONENTS {
        let component = std::fs::read(shop::component(name))?;
        let (component, answer) = match shop::COMPOSITIONS.iter().find(|it| it.consumer == name) {
            Some(composition) => (compose(composition)?, composition.answer),
            None => (component, "ok\n"),
        };
        let output = call_run(&engine, &component).with_context(|| format!("cannot run {name}"))?;
        println!("--- {name}\n{output}");
        ensure!(output.contains(answer), "{name} should have printed {answer:?}");
    }
    Ok(())
}

/// What a component prints when its `wasi:cli/run` is called.
fn call_run(engine: &Engine, component: &[u8]) -> Result<String> {
    let stdout = MemoryOutputPipe::new(OUTPUT_LIMIT);
    let wasi = WasiCtxBuilder::new().stdout(stdout.clone()).build();
    let mut store = Store::new(engine, Host { wasi, table: ResourceTable::new() });
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let component = Component::new(engine, component)?;
    let command = Command::instantiate(&mut store, &component, &linker)?;
    let result = command.wasi_cli_run().call_run(&mut store)?;
    let output = String::from_utf8(stdout.contents().to_vec())?;
    result.map_err(|()| anyhow!("it failed after printing {output:?}"))?;
    Ok(output)
}

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
